//! Checks access tokens against identity's public keys, which it fetches when a token names a key it
//! does not know, at most once in a few seconds while all who need them wait, and against how the token's session stands, which is
//! asked for and remembered: for moments where staff call, a little longer for everybody else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use techtrove_core::{Problem, SharedClock, Timestamp, codes};
use techtrove_http::{Client, ClientError};

use crate::{Claims, IdentityClient, InvalidToken, Jwks, Role, SessionId, Standing, VerifyingKeys};

/// How long an unknown key is believed to be unknown before identity is asked again.
const REFRESH_AFTER: Duration = Duration::from_secs(5);

/// How long an answer about a session of staff is believed: a lost role ends within five seconds.
const STAFF_LASTS: Duration = Duration::from_secs(3);

/// How long an answer about anybody's session is believed: an ended one ends within a minute.
const STANDING_LASTS: Duration = Duration::from_secs(30);

/// Tells who a bearer token belongs to.
#[derive(Debug)]
pub struct Authenticator {
    identity: Option<Identity>,
    clock: SharedClock,
    keys: RwLock<VerifyingKeys>,
    asked: tokio::sync::Mutex<Asked>,
    known: Mutex<KnownSessions>,
}

/// When identity was asked for its keys last, with and without success.
#[derive(Debug, Default)]
struct Asked {
    answered: Option<Timestamp>,
    failed: Option<Timestamp>,
}

/// The two faces of identity that are asked.
#[derive(Debug)]
struct Identity {
    keys: Client,
    sessions: IdentityClient,
}

/// How sessions stood when identity was asked. What is too old to be believed is swept out, so that no
/// more are kept than call within two of its lifetimes.
#[derive(Debug, Default)]
struct KnownSessions {
    answers: HashMap<SessionId, (Option<Standing>, Timestamp)>,
    swept_at: Option<Timestamp>,
}

impl KnownSessions {
    fn lookup(&self, id: SessionId, now: Timestamp, lasts: Duration) -> Option<Option<Standing>> {
        let (standing, asked_at) = self.answers.get(&id)?;
        (now.since(*asked_at) < lasts).then(|| standing.clone())
    }

    fn remember(&mut self, id: SessionId, standing: Option<Standing>, asked_at: Timestamp) {
        if self.swept_at.is_none_or(|swept| asked_at.since(swept) >= STANDING_LASTS) {
            self.answers.retain(|_, (_, asked)| asked_at.since(*asked) < STANDING_LASTS);
            self.swept_at = Some(asked_at);
        }
        self.answers.insert(id, (standing, asked_at));
    }
}

impl Authenticator {
    /// Fetches the public keys through `keys`, and how sessions stand through `sessions`.
    #[must_use]
    pub fn new(keys: Client, sessions: IdentityClient, clock: SharedClock) -> Self {
        let identity = Some(Identity { keys, sessions });
        Self { identity, ..Self::with_keys(&Jwks::default(), clock) }
    }

    /// Knows `keys` and no others, and believes whatever they signed: for tests.
    #[must_use]
    pub fn with_keys(keys: &Jwks, clock: SharedClock) -> Self {
        let keys = RwLock::new(VerifyingKeys::new(keys));
        let (asked, known) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { identity: None, clock, keys, asked, known }
    }

    /// What the token says, when it is valid.
    ///
    /// # Errors
    /// 401 when it is not, 503 when its key or its session cannot be asked for.
    pub async fn authenticate(&self, token: &str) -> Result<Claims, Problem> {
        let claims = match self.verify(token) {
            Err(InvalidToken::UnknownKey) => {
                self.refresh_keys().await?;
                self.verify(token)
            }
            verdict => verdict,
        }
        .map_err(|invalid| Problem::new(codes::UNAUTHENTICATED, invalid.to_string()))?;
        let ended = || Problem::new(codes::UNAUTHENTICATED, "the session has ended: sign in again");
        self.still(claims).await?.ok_or_else(ended)
    }

    /// The claims of a valid token as they stand now, however old it is; none once its session has ended.
    ///
    /// # Errors
    /// 503 when its session cannot be asked for.
    pub async fn still(&self, claims: Claims) -> Result<Option<Claims>, Problem> {
        Ok(match self.standing(&claims).await? {
            Some(standing) if standing.ended => None,
            Some(standing) => Some(claims.within(standing)),
            // Sessions outlive their tokens, so this one never was: the shop's owner, who has the key,
            // signed the token for an errand of their own.
            None => Some(claims),
        })
    }

    /// How the claims' session stands, if it is one of identity's.
    async fn standing(&self, claims: &Claims) -> Result<Option<Standing>, Problem> {
        let Some(identity) = &self.identity else { return Ok(None) };
        let now = self.clock.now();
        let staff = claims.roles.iter().any(|role| *role != Role::Customer);
        let lasts = if staff { STAFF_LASTS } else { STANDING_LASTS };
        if let Some(known) = self.known_sessions().lookup(claims.sid, now, lasts) {
            return Ok(known);
        }
        let standing = identity.sessions.standing(claims.sid).await;
        let standing = standing.map_err(|error| unavailable("the session", error))?;
        self.known_sessions().remember(claims.sid, standing.clone(), now);
        Ok(standing)
    }

    fn known_sessions(&self) -> MutexGuard<'_, KnownSessions> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verify(&self, token: &str) -> Result<Claims, InvalidToken> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.verify(token, self.clock.now())
    }

    /// Fetches the keys, unless that was done a moment ago. Whoever comes while they are fetched waits for
    /// them: a token is not invalid because another one came first.
    async fn refresh_keys(&self) -> Result<(), Problem> {
        const WHAT: &str = "the keys that access tokens are checked with";
        let Some(identity) = &self.identity else { return Ok(()) };
        let came = self.clock.now();
        let mut asked = self.asked.lock().await;
        let now = self.clock.now();
        if asked.answered.is_some_and(|answered| now.since(answered) < REFRESH_AFTER) {
            return Ok(());
        }
        if asked.failed.is_some_and(|failed| failed > came) {
            return Err(cannot_fetch(WHAT));
        }
        let fetched: Result<Jwks, _> = identity.keys.get("/.well-known/jwks.json").call().await;
        let now = self.clock.now();
        match fetched {
            Ok(jwks) => {
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *keys = VerifyingKeys::new(&jwks);
                asked.answered = Some(now);
                Ok(())
            }
            Err(error) => {
                asked.failed = Some(now);
                Err(unavailable(WHAT, error))
            }
        }
    }
}

/// Identity could not be asked for `what`.
fn unavailable(what: &str, error: ClientError) -> Problem {
    cannot_fetch(what).caused_by(error)
}

fn cannot_fetch(what: &str) -> Problem {
    Problem::new(codes::UNAVAILABLE, format!("{what} cannot be fetched"))
        .retry_after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    };

    use axum::{Json, Router, routing::get};
    use techtrove_core::{ManualClock, TypedId as _};

    use super::*;
    use crate::{KnownStanding, SigningKey, UserId};

    #[tokio::test]
    async fn whoever_comes_while_the_keys_are_fetched_waits_for_them() {
        let clock: SharedClock = Arc::new(ManualClock::default());
        let key = SigningKey::from_seed(&[1; 32]).expect("a key");
        let (user, session) = (UserId::from_uuid(uuid::Uuid::nil()), uuid::Uuid::nil());
        let session = SessionId::from_uuid(session);
        let claims = Claims::new(user, session, vec![Role::Customer], clock.now(), 60);
        let token = key.sign(&claims).expect("signed");
        let (fetched, jwks) = (Arc::new(AtomicU32::new(0)), key.jwks());
        let counted = Arc::clone(&fetched);
        let identity = Router::new()
            .route(
                "/.well-known/jwks.json",
                get(async move || {
                    tokio::task::yield_now().await;
                    counted.fetch_add(1, SeqCst);
                    Json(jwks)
                }),
            )
            .route(
                "/internal/identity/sessions/{id}/standing",
                get(async || Json(KnownStanding { standing: None })),
            );
        let client = Client::local("identity", identity);
        let sessions = IdentityClient::new(client.clone());
        let authenticator = Authenticator::new(client, sessions, clock);

        let (one, other) =
            tokio::join!(authenticator.authenticate(&token), authenticator.authenticate(&token));

        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        assert_eq!(fetched.load(SeqCst), 1);
    }
}

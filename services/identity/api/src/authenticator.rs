//! Checks access tokens against identity's public keys, which it fetches when a token names a key it
//! does not know, at most once in a few seconds, and against how the token's session stands, which is
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
    asked_at: Mutex<Option<Timestamp>>,
    known: Mutex<KnownSessions>,
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
        Self { identity: None, clock, keys, asked_at: Mutex::default(), known: Mutex::default() }
    }

    /// What the token says, when it is valid.
    ///
    /// # Errors
    /// 401 when it is not, 503 when its key or its session cannot be asked for.
    pub async fn authenticate(&self, token: &str) -> Result<Claims, Problem> {
        let claims = match self.verify(token) {
            Err(InvalidToken::UnknownKey) if self.may_ask() => {
                self.fetch_keys().await?;
                self.verify(token)
            }
            verdict => verdict,
        }
        .map_err(|invalid| Problem::new(codes::UNAUTHENTICATED, invalid.to_string()))?;
        match self.standing(&claims).await? {
            Some(standing) if standing.ended => {
                Err(Problem::new(codes::UNAUTHENTICATED, "the session has ended: sign in again"))
            }
            Some(standing) => Ok(claims.within(standing)),
            // Sessions outlive their tokens, so this one never was: the shop's owner, who has the key,
            // signed the token for an errand of their own.
            None => Ok(claims),
        }
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

    fn may_ask(&self) -> bool {
        let now = self.clock.now();
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = asked_at.is_none_or(|asked| now.since(asked) >= REFRESH_AFTER);
        if due && self.identity.is_some() {
            *asked_at = Some(now);
        }
        due && self.identity.is_some()
    }

    async fn fetch_keys(&self) -> Result<(), Problem> {
        let Some(identity) = &self.identity else { return Ok(()) };
        let fetched: Result<Jwks, _> = identity.keys.get("/.well-known/jwks.json").call().await;
        match fetched {
            Ok(jwks) => {
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *keys = VerifyingKeys::new(&jwks);
                Ok(())
            }
            Err(error) => {
                *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Err(unavailable("the keys that access tokens are checked with", error))
            }
        }
    }
}

/// Identity could not be asked for `what`.
fn unavailable(what: &str, error: ClientError) -> Problem {
    Problem::new(codes::UNAVAILABLE, format!("{what} cannot be fetched"))
        .retry_after(Duration::from_secs(1))
        .caused_by(error)
}

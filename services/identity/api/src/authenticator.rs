//! Checks access tokens against identity's public keys, which it fetches when a token names a key it
//! does not know, at most once in a few seconds. A token of staff is good only for the roles that they
//! still have, which are asked for and remembered for moments; a customer's is judged without a call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use techtrove_core::{Problem, SharedClock, Timestamp, codes};
use techtrove_http::{Client, ClientError};

use crate::{Claims, IdentityClient, InvalidToken, Jwks, Role, UserId, VerifyingKeys};

/// How long an unknown key is believed to be unknown before identity is asked again.
const REFRESH_AFTER: Duration = Duration::from_secs(5);

/// How long an answer about somebody's roles is believed; a lost role ends within five seconds.
const ROLES_LAST: Duration = Duration::from_secs(3);

/// Tells who a bearer token belongs to.
#[derive(Debug)]
pub struct Authenticator {
    identity: Option<Identity>,
    clock: SharedClock,
    keys: RwLock<VerifyingKeys>,
    asked_at: Mutex<Option<Timestamp>>,
    roles: Mutex<HashMap<UserId, KnownRoles>>,
}

/// The two faces of identity that are asked.
#[derive(Debug)]
struct Identity {
    keys: Client,
    roles: IdentityClient,
}

/// What somebody of the staff was when identity was asked.
#[derive(Debug)]
struct KnownRoles {
    roles: Vec<Role>,
    asked_at: Timestamp,
}

impl Authenticator {
    /// Fetches the public keys through `keys`, and the roles of staff through `roles`.
    #[must_use]
    pub fn new(keys: Client, roles: IdentityClient, clock: SharedClock) -> Self {
        let identity = Some(Identity { keys, roles });
        Self { identity, ..Self::with_keys(&Jwks::default(), clock) }
    }

    /// Knows `keys` and no others, and believes the roles in a token: for identity itself, which looks
    /// into its own tables where it matters, and for tests.
    #[must_use]
    pub fn with_keys(keys: &Jwks, clock: SharedClock) -> Self {
        let keys = RwLock::new(VerifyingKeys::new(keys));
        Self { identity: None, clock, keys, asked_at: Mutex::default(), roles: Mutex::default() }
    }

    /// What the token says, when it is valid.
    ///
    /// # Errors
    /// 401 when it is not, 503 when its key or the roles of staff cannot be fetched.
    pub async fn authenticate(&self, token: &str) -> Result<Claims, Problem> {
        let mut claims = match self.verify(token) {
            Err(InvalidToken::UnknownKey) if self.may_ask() => {
                self.fetch_keys().await?;
                self.verify(token)
            }
            verdict => verdict,
        }
        .map_err(|invalid| Problem::new(codes::UNAUTHENTICATED, invalid.to_string()))?;
        if claims.roles.iter().any(|role| *role != Role::Customer) {
            self.keep_current_roles(&mut claims).await?;
        }
        Ok(claims)
    }

    /// Takes from the claims what their owner is no more.
    async fn keep_current_roles(&self, claims: &mut Claims) -> Result<(), Problem> {
        let Some(identity) = &self.identity else { return Ok(()) };
        let now = self.clock.now();
        let current = match self.known_roles(claims.sub, now) {
            Some(known) => known,
            None => {
                let fetched = identity.roles.roles(claims.sub).await;
                let roles = fetched.map_err(|error| unavailable("the roles of staff", error))?;
                self.remember(claims.sub, KnownRoles { roles: roles.clone(), asked_at: now });
                roles
            }
        };
        claims.roles.retain(|role| current.contains(role));
        Ok(())
    }

    fn known_roles(&self, user: UserId, now: Timestamp) -> Option<Vec<Role>> {
        let known = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&user).filter(|known| now.since(known.asked_at) < ROLES_LAST)?;
        Some(known.roles.clone())
    }

    /// Remembers one answer and forgets the old ones, so that no more are kept than staff call in moments.
    fn remember(&self, user: UserId, answer: KnownRoles) {
        let now = answer.asked_at;
        let mut known = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, known| now.since(known.asked_at) < ROLES_LAST);
        known.insert(user, answer);
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

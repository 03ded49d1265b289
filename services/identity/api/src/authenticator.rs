//! Checks access tokens against identity's public keys, which it fetches when a token names a key it
//! does not know, at most once in a few seconds. It must never call identity for a token it can judge.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use techtrove_core::{Problem, SharedClock, Timestamp, codes};
use techtrove_http::Client;

use crate::{Claims, InvalidToken, Jwks, VerifyingKeys};

/// How long an unknown key is believed to be unknown before identity is asked again.
const REFRESH_AFTER: Duration = Duration::from_secs(5);

/// Tells who a bearer token belongs to.
#[derive(Debug)]
pub struct Authenticator {
    identity: Option<Client>,
    clock: SharedClock,
    keys: RwLock<VerifyingKeys>,
    asked_at: Mutex<Option<Timestamp>>,
}

impl Authenticator {
    /// Fetches the keys from identity through `client`.
    #[must_use]
    pub fn new(client: Client, clock: SharedClock) -> Self {
        let keys = RwLock::new(VerifyingKeys::default());
        Self { identity: Some(client), clock, keys, asked_at: Mutex::new(None) }
    }

    /// Knows `keys` and no others: for identity itself, and for tests.
    #[must_use]
    pub fn with_keys(keys: &Jwks, clock: SharedClock) -> Self {
        let keys = RwLock::new(VerifyingKeys::new(keys));
        Self { identity: None, clock, keys, asked_at: Mutex::new(None) }
    }

    /// What the token says, when it is valid.
    ///
    /// # Errors
    /// 401 when it is not, 503 when its key cannot be fetched.
    pub async fn authenticate(&self, token: &str) -> Result<Claims, Problem> {
        match self.verify(token) {
            Err(InvalidToken::UnknownKey) if self.may_ask() => {
                self.fetch_keys().await?;
                self.verify(token)
            }
            verdict => verdict,
        }
        .map_err(|invalid| Problem::new(codes::UNAUTHENTICATED, invalid.to_string()))
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
        let fetched: Result<Jwks, _> = identity.get("/.well-known/jwks.json").call().await;
        match fetched {
            Ok(jwks) => {
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *keys = VerifyingKeys::new(&jwks);
                Ok(())
            }
            Err(error) => {
                *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let detail = "the keys that access tokens are checked with cannot be fetched";
                Err(Problem::new(codes::UNAVAILABLE, detail)
                    .retry_after(Duration::from_secs(1))
                    .caused_by(error))
            }
        }
    }
}

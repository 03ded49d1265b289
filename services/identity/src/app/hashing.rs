//! Hashing passwords with Argon2id (RFC 9106) away from the threads that answer requests, a few at a
//! time: each takes 19 MiB and tens of milliseconds on purpose. A full queue refuses instead of growing.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::{OnceCell, Semaphore};

use crate::domain::Password;

/// How many passwords are hashed at once, and how many may wait.
const RUNNING: usize = 2;
const WAITING: usize = 256;

/// Hashes and compares passwords.
#[derive(Debug)]
pub struct Hasher {
    queue: Semaphore,
    running: Semaphore,
    /// Compared with when there is no account, so that the answer takes the same time. Made at the first
    /// sign-in of anybody: it takes 19 MiB, which a shop at rest need not have touched.
    nobody: OnceCell<String>,
    salt: [u8; 32],
}

/// A password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many wait already.
    #[error("too many people are signing in; try again in a moment")]
    Busy,
    /// The hash itself failed.
    #[error("hashing a password failed: {0}")]
    Failed(String),
}

impl Hasher {
    /// A hasher; `salt` goes into the hash that absent accounts are compared with.
    #[must_use]
    pub fn new(salt: [u8; 32]) -> Self {
        let (queue, running) = (Semaphore::new(WAITING), Semaphore::new(RUNNING));
        Self { queue, running, nobody: OnceCell::new(), salt }
    }

    /// The password's hash in PHC string form, with a salt from these random bits.
    ///
    /// # Errors
    /// When too many wait, or the hash fails.
    pub async fn hash(&self, password: Password, salt: [u8; 32]) -> Result<String, HashingError> {
        self.run(move || hash_now(password.expose(), &salt)).await?
    }

    /// Whether the text is the password behind `hash`; takes as long when there is none.
    ///
    /// # Errors
    /// When too many wait, or the stored hash cannot be read.
    pub async fn matches(&self, text: String, hash: Option<&str>) -> Result<bool, HashingError> {
        let (known, nobody) = (hash.is_some(), self.nobody().await?);
        let hash = hash.unwrap_or(nobody).to_owned();
        let equal = self.run(move || compare(&text, &hash)).await??;
        Ok(equal && known)
    }

    async fn nobody(&self) -> Result<&str, HashingError> {
        let salt = self.salt;
        let make =
            || async move { self.run(move || hash_now("nobody has this password", &salt)).await? };
        Ok(self.nobody.get_or_try_init(make).await?)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let _place = self.queue.try_acquire().map_err(|_| HashingError::Busy)?;
        let _turn = self.running.acquire().await.map_err(|_| HashingError::Busy)?;
        let task = tokio::task::spawn_blocking(work);
        task.await.map_err(|error| HashingError::Failed(error.to_string()))
    }
}

fn hash_now(text: &str, salt: &[u8; 32]) -> Result<String, HashingError> {
    Argon2::default()
        .hash_password_with_salt(text.as_bytes(), &salt[..16])
        .map(|hash| hash.to_string())
        .map_err(|error| HashingError::Failed(error.to_string()))
}

fn compare(text: &str, hash: &str) -> Result<bool, HashingError> {
    let parsed =
        PasswordHash::new(hash).map_err(|error| HashingError::Failed(error.to_string()))?;
    Ok(Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok())
}

//! Chance that can be repeated.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use techtrove_core::{IdGen as _, SeededIds, SharedClock, SharedIds, SystemClock, SystemIds};

/// The variable that repeats a run.
const VARIABLE: &str = "TECHTROVE_TEST_SEED";

/// A seed, new for each run; when the test that holds it fails, it says how to repeat the run.
#[derive(Debug)]
pub struct Seed(u64);

impl Seed {
    /// The seed that the environment asks for, or a new one.
    ///
    /// # Panics
    /// When the environment's is no number, or the operating system has no entropy.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two seeds are never the same default")]
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's own switch, not a setting")]
        match std::env::var(VARIABLE) {
            Ok(text) => Self(text.parse().expect("TECHTROVE_TEST_SEED is a number")),
            Err(_) => {
                let ids = SystemIds::new(Arc::new(SystemClock)).expect("the system has entropy");
                let (_, random) = ids.uuid().as_u64_pair();
                Self(random >> 16)
            }
        }
    }

    /// This very seed.
    #[must_use]
    pub fn fixed(seed: u64) -> Self {
        Self(seed)
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0
    }

    /// A generator of its own for each `stream`.
    #[must_use]
    pub fn random(&self, stream: u64) -> ChaCha20Rng {
        let mut random = ChaCha20Rng::seed_from_u64(self.0);
        random.set_stream(stream);
        random
    }

    /// Ids of this seed.
    #[must_use]
    pub fn ids(&self, clock: SharedClock) -> SharedIds {
        Arc::new(SeededIds::new(clock, self.0))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat this run with {VARIABLE}={}", self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let seed = Seed::fixed(7);

        assert_eq!(seed.random(1).next_u64(), Seed::fixed(7).random(1).next_u64());
        assert_ne!(seed.random(1).next_u64(), seed.random(2).next_u64());
    }
}

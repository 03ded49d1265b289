//! The only source of new ids, secrets and chance, so that a simulation can repeat a run by its
//! seed. Code that needs one takes [`SharedIds`]; it must never ask the operating system itself.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

use crate::{SharedClock, TypedId};

/// Makes ids and secrets.
pub trait IdGen: Send + Sync + std::fmt::Debug {
    /// A new UUIDv7 (RFC 9562): later ids sort behind earlier ones.
    fn uuid(&self) -> Uuid;

    /// 256 bits that nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// A generator as it is handed from room to room.
pub type SharedIds = Arc<dyn IdGen>;

impl dyn IdGen {
    /// A new id of kind `T`.
    pub fn next<T: TypedId>(&self) -> T {
        T::from_uuid(self.uuid())
    }
}

/// Ids from a clock and a cryptographic generator seeded by the operating system.
#[derive(Debug)]
pub struct SystemIds(SeededIds);

impl SystemIds {
    /// A generator which takes the time from `clock`.
    ///
    /// # Errors
    /// When the operating system gives no entropy.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for chance")]
    pub fn new(clock: SharedClock) -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self(SeededIds::from_seed(clock, seed)))
    }
}

impl IdGen for SystemIds {
    fn uuid(&self) -> Uuid {
        self.0.uuid()
    }

    fn secret(&self) -> [u8; 32] {
        self.0.secret()
    }
}

/// Ids that the seed and the clock determine, for tests and simulation.
#[derive(Debug)]
pub struct SeededIds {
    clock: SharedClock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: ChaCha20Rng,
    last_millis: u64,
    counter: u16,
}

impl SeededIds {
    /// A generator which repeats itself for the same `seed`.
    #[must_use]
    pub fn new(clock: SharedClock, seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self::from_seed(clock, bytes)
    }

    fn from_seed(clock: SharedClock, seed: [u8; 32]) -> Self {
        let random = ChaCha20Rng::from_seed(seed);
        Self { clock, state: Mutex::new(State { random, last_millis: 0, counter: 0 }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdGen for SeededIds {
    /// Within one millisecond a 12-bit counter keeps the order (RFC 9562, 6.2, method 1); when it
    /// is used up the id's time runs a millisecond ahead.
    fn uuid(&self) -> Uuid {
        let now = u64::try_from(self.clock.now().as_micros() / 1_000).unwrap_or(0);
        let mut state = self.state();
        if now > state.last_millis {
            (state.last_millis, state.counter) = (now, 0);
        } else if state.counter == 0x0fff {
            (state.last_millis, state.counter) = (state.last_millis + 1, 0);
        } else {
            state.counter += 1;
        }
        let mut tail = [0; 10];
        state.random.fill_bytes(&mut tail);
        tail[..2].copy_from_slice(&state.counter.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(state.last_millis, &tail).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.state().random.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ManualClock;

    #[test]
    fn ids_rise_even_when_the_clock_stands() {
        let ids = SeededIds::new(Arc::new(ManualClock::default()), 7);

        let made: Vec<Uuid> = (0..10_000).map(|_| ids.uuid()).collect();

        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let make = || SeededIds::new(Arc::new(ManualClock::default()), 42);

        assert_eq!(make().uuid(), make().uuid());
        assert_eq!(make().secret(), make().secret());
    }
}

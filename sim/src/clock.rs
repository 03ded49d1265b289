//! Virtual time as a host's clock shows it: some seconds beside everybody else's.

use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::Duration,
};

use techtrove_core::{Clock, Timestamp};
use tokio::time::Instant;

/// When every run begins: 2026-01-01T00:00:00Z, in microseconds.
const BEGIN: i64 = 1_767_225_600_000_000;

/// A host's clock.
#[derive(Debug)]
pub struct HostClock {
    started: Instant,
    /// How far it is ahead, in microseconds.
    skew: AtomicI64,
}

impl HostClock {
    /// A clock that is right.
    #[must_use]
    pub fn new(started: Instant) -> Self {
        Self { started, skew: AtomicI64::new(0) }
    }

    /// Sets how many microseconds it is ahead of the true time.
    pub fn set_skew(&self, micros: i64) {
        self.skew.store(micros, Relaxed);
    }
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        let passed: Duration = self.started.elapsed();
        let passed = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(BEGIN.saturating_add(passed).saturating_add(self.skew.load(Relaxed)))
    }
}

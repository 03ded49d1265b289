//! When a delivery that failed is tried again, and when it is given up: plain rules without a clock.

use std::time::Duration;

/// How often and for how long a delivery is tried.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// After how many failures an event is parked.
    pub attempts: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// For how long after an event happened [`crate::HandlerError::Unavailable`] is no failure of
    /// the event. It must end long before [`crate::PruneOptions::keep`], see [`crate::prune`].
    pub outage: Duration,
}

impl Default for RetryPolicy {
    /// Eight attempts within about half a minute; an outage of up to a day.
    fn default() -> Self {
        Self {
            attempts: 8,
            first: Duration::from_millis(250),
            longest: Duration::from_secs(16),
            outage: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl RetryPolicy {
    /// Without pauses and patience: what [`crate::drain`] goes by.
    #[must_use]
    pub fn at_once(attempts: u32) -> Self {
        let zero = Duration::ZERO;
        Self { attempts, first: zero, longest: zero, outage: zero }
    }

    /// The pause behind attempt number `tries` (from 1), between half and the whole of the doubled
    /// step, as `random` decides: callers that failed together must not come back together.
    #[must_use]
    pub fn pause(&self, tries: u32, random: u64) -> Duration {
        let doublings = tries.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1_u32 << doublings).min(self.longest);
        let half = whole / 2;
        let share = u32::try_from(random >> 48).expect("16 bits fit");
        half + half.saturating_mul(share) / u32::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn eight_attempts_take_about_half_a_minute() {
        let policy = RetryPolicy::default();

        let total: Duration = (1..policy.attempts).map(|tries| policy.pause(tries, u64::MAX)).sum();

        assert!((Duration::from_secs(25)..Duration::from_secs(35)).contains(&total), "{total:?}");
    }

    proptest! {
        #[test]
        fn a_pause_keeps_its_bounds(tries: u32, random: u64) {
            let policy = RetryPolicy::default();

            let pause = policy.pause(tries, random);

            prop_assert!(pause >= policy.first / 2 && pause <= policy.longest);
        }
    }
}

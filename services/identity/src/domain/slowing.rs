//! How repeated attempts are slowed: some are free, and after those each one has to wait twice as long as
//! the one before.

use std::time::Duration;

use techtrove_core::Timestamp;

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long after the last attempt they are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);

/// Attempts so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    count: u32,
    last: Timestamp,
}

impl Attempts {
    /// The first one, at `now`.
    #[must_use]
    pub fn first(now: Timestamp) -> Self {
        Self { count: 1, last: now }
    }

    /// How long to wait for the next one at `now`, of which so many are free.
    #[must_use]
    pub fn wait(self, free: u32, now: Timestamp) -> Option<Duration> {
        let beyond = self.count.checked_sub(free).filter(|_| !self.is_forgotten(now))?;
        let pause = Duration::from_secs(2_u64.saturating_pow(beyond)).min(LONGEST);
        pause.checked_sub(now.since(self.last)).filter(|left| !left.is_zero())
    }

    /// With one more, at `now`.
    #[must_use]
    pub fn again(self, now: Timestamp) -> Self {
        if self.is_forgotten(now) {
            return Self::first(now);
        }
        Self { count: self.count.saturating_add(1), last: now }
    }

    /// Whether they no longer matter at `now`.
    #[must_use]
    pub fn is_forgotten(self, now: Timestamp) -> bool {
        now.since(self.last) >= FORGOTTEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_free_and_the_others_wait_ever_longer_up_to_a_limit() {
        let now = Timestamp::from_micros(0);
        let mut attempts = Attempts::first(now);
        let mut waits = vec![attempts.wait(3, now)];
        for _ in 0..20 {
            attempts = attempts.again(now);
            waits.push(attempts.wait(3, now));
        }

        let seconds = |count| Some(Duration::from_secs(count));
        assert_eq!(waits[..5], [None, None, seconds(1), seconds(2), seconds(4)]);
        assert_eq!(waits.last(), Some(&Some(LONGEST)));
    }

    #[test]
    fn a_wait_passes_and_an_hour_later_all_is_forgotten() {
        let now = Timestamp::from_micros(0);
        let attempts = Attempts::first(now).again(now);
        let later = |seconds| now.plus(Duration::from_secs(seconds));

        assert_eq!(attempts.wait(1, later(1)), Some(Duration::from_secs(1)));
        assert_eq!(attempts.wait(1, later(2)), None);
        assert_eq!(attempts.again(later(3_599)).count, 3);
        assert_eq!(attempts.again(later(3_600)), Attempts::first(later(3_600)));
    }
}

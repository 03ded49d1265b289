//! When a mail that could not be sent is tried again: soon at first, then ever more rarely, for about
//! two days. A mail server's outage delays mails and nothing else.

use std::time::Duration;

use techtrove_core::Timestamp;

/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// How often a mail is tried.
const MAX_ATTEMPTS: u32 = 56;

/// When to try again after `attempts` tries have failed; never, when it is time to give up.
#[must_use]
pub fn next_attempt(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    Some(now.plus(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_end_after_two_days() {
        let now = Timestamp::from_micros(0);
        let wait = |attempts| next_attempt(attempts, now).map(|at| at.since(now).as_secs());

        assert_eq!(
            [wait(1), wait(2), wait(3), wait(10)],
            [Some(10), Some(20), Some(40), Some(3_600)]
        );
        let all: u64 = (1..).map_while(wait).sum();
        assert!((47 * 3_600..49 * 3_600).contains(&all), "{} hours", all / 3_600);
    }
}

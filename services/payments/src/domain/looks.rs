//! When a refund that was made is looked at again. Its bank may send the money back for a month, and the
//! webhook that tells of it may never come; so it is asked about a few times by itself, each pause twice
//! the one before, and then no more.

use std::time::Duration;

use techtrove_core::Timestamp;

/// How often a refund is looked at: with a day as the first pause, after 1, 3, 7, 15 and 31 days.
const LOOKS: u32 = 5;

/// When a refund that was asked for at `asked` is looked at next, after a look that brought an answer, or
/// before the first; `None` once it was often enough. Looks that were missed meanwhile are not made up for.
#[must_use]
pub fn next_look(asked: Timestamp, now: Timestamp, first: Duration) -> Option<Timestamp> {
    let look = |number: u32| asked.plus(first.saturating_mul(2_u32.pow(number) - 1));
    (1..=LOOKS).map(look).find(|due| *due > now)
}

/// When it is looked at next, after a look that brought none: soon, until all looks are long over.
#[must_use]
pub fn look_after_silence(asked: Timestamp, now: Timestamp, first: Duration) -> Option<Timestamp> {
    let last = asked.plus(first.saturating_mul(2_u32.pow(LOOKS + 1)));
    (now < last).then(|| now.plus(first / 24))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3_600);

    fn days(count: u32) -> Timestamp {
        Timestamp::from_micros(0).plus(DAY * count)
    }

    /// Every look from the first on, when each is made `late` and brings an answer or not.
    fn looks(late: Duration, mut is_answered: impl FnMut() -> bool) -> Vec<Timestamp> {
        let (asked, mut made) = (days(0), Vec::new());
        let mut next = next_look(asked, asked, DAY);
        while let Some(due) = next {
            let now = due.plus(late);
            made.push(now);
            let follows = if is_answered() { next_look } else { look_after_silence };
            next = follows(asked, now, DAY);
        }
        made
    }

    #[test]
    fn the_last_look_is_more_than_a_month_later() {
        assert_eq!(looks(Duration::ZERO, || true), [1, 3, 7, 15, 31].map(days));
    }

    #[test]
    fn who_never_answers_is_asked_for_two_months() {
        let made = looks(Duration::ZERO, || false);

        assert!(made.last().expect("some") < &days(65), "{:?}", made.last());
        assert!(made.len() < 64 * 24, "{}", made.len());
    }

    proptest! {
        #[test]
        fn looks_come_to_an_end_and_each_is_later_than_the_one_before(
            late in 0..10_000_000_u64, answers in prop::collection::vec(any::<bool>(), 1..20),
        ) {
            let mut answers = answers.into_iter();
            let made = looks(Duration::from_secs(late), || answers.next().unwrap_or(true));

            prop_assert!(made.is_sorted_by(|one, next| one < next));
            prop_assert!(made.len() < 20 + 6);
        }
    }
}

//! How a reservation moves: `held → committed → shipped | released`, `held → released | expired`. Every
//! call may come twice, late or in another order; an attempt that has ended never sets anything aside
//! again. How parcels leave, one after the other, is in `parcel.rs`.

use techtrove_core::{Timestamp, planted};
use techtrove_inventory_api::ReservationState;

use super::Lines;

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: ReservationState,
    /// When a hold ends by itself; never, when absent. Absent in every other state.
    pub expires_at: Option<Timestamp>,
}

impl Standing {
    /// Set aside, until `expires_at` if there is one.
    #[must_use]
    pub fn held(expires_at: Option<Timestamp>) -> Self {
        Self { state: ReservationState::Held, expires_at }
    }

    /// In a state which has no expiry.
    #[must_use]
    pub fn lasting(state: ReservationState) -> Self {
        Self { state, expires_at: None }
    }

    /// Whether a hold's time is over, whether or not somebody has ended it yet.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.state == ReservationState::Held && self.expires_at.is_some_and(|end| end <= now)
    }
}

/// What is asked of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Sell what is held.
    Commit,
    /// Give back what is held or sold.
    Release,
    /// Give back what is held, if its time is over.
    Expire,
}

/// What happens to the stock of a reservation's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Held becomes committed.
    Commit,
    /// Held becomes available.
    FreeHeld,
    /// Committed becomes available.
    FreeCommitted,
    /// Committed leaves the building.
    Ship,
    /// What left comes back.
    TakeBack,
}

/// What a call does to a reservation, and whether it did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where the reservation stands afterwards; `None` when that does not change.
    pub to: Option<Standing>,
    /// What happens to its lines' stock.
    pub effect: Effect,
    /// Whether the call is refused because the reservation has ended. The change is stored all the same.
    pub refused: bool,
}

impl Transition {
    const NOTHING: Self = Self { to: None, effect: Effect::None, refused: false };
    const REFUSED: Self = Self { refused: true, ..Self::NOTHING };

    fn to(standing: Standing, effect: Effect) -> Self {
        Self { to: Some(standing), effect, refused: false }
    }

    fn refused(self) -> Self {
        Self { refused: true, ..self }
    }
}

/// What `verb` does to a reservation; `None` is an attempt that was never made. Selling
/// such an attempt, or giving it back, leaves it released, so that its hold, should it still be on the
/// way, sets nothing aside that nobody would give back.
#[must_use]
pub fn transition(standing: Option<Standing>, verb: Verb, now: Timestamp) -> Transition {
    use ReservationState::{Committed, Expired, Held, Released, Shipped};
    let Some(current) = standing else { return never_made(verb) };
    let over = current.is_over(now);
    match (current.state, verb) {
        (Held, Verb::Expire) if !over => Transition::NOTHING,
        (Held, Verb::Release) => Transition::to(Standing::lasting(Released), Effect::FreeHeld),
        (Held, _) if over => {
            let ended = Transition::to(Standing::lasting(Expired), Effect::FreeHeld);
            if verb == Verb::Expire { ended } else { ended.refused() }
        }
        (Held, Verb::Commit) => Transition::to(Standing::lasting(Committed), Effect::Commit),
        (Committed, Verb::Release) => {
            Transition::to(Standing::lasting(Released), Effect::FreeCommitted)
        }
        (Released | Expired, Verb::Commit) if planted("ended-hold-committed") => {
            Transition::to(Standing::lasting(Committed), Effect::Commit)
        }
        (Released | Expired, Verb::Commit) => Transition::REFUSED,
        (Released, Verb::Release) if planted("restock-twice") => {
            Transition::to(Standing::lasting(Released), Effect::FreeCommitted)
        }
        (Held | Committed | Shipped | Released | Expired, _) => Transition::NOTHING,
    }
}

fn never_made(verb: Verb) -> Transition {
    let remembered = Transition::to(Standing::lasting(ReservationState::Released), Effect::None);
    match verb {
        Verb::Expire => Transition::NOTHING,
        Verb::Release if planted("release-not-remembered") => Transition::NOTHING,
        Verb::Release => remembered,
        Verb::Commit => remembered.refused(),
    }
}

/// What a request to hold leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldDecision {
    /// It is a new attempt: set its lines aside.
    Make,
    /// It was made before: the answer is where it stands.
    Repeat(Standing),
    /// It was made before with other lines.
    Mismatch,
    /// It has ended, or its time was over before it came.
    Ended,
    /// It was made before and its time is over, which nobody has noticed yet: end it, then refuse.
    Over,
}

/// What a request to hold `wanted` until `expires_at` leads to, given what is known of the attempt.
#[must_use]
pub fn decide_hold(
    known: Option<(Standing, &Lines)>,
    wanted: &Lines,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> HoldDecision {
    match known {
        None if Standing::held(expires_at).is_over(now) => HoldDecision::Ended,
        None => HoldDecision::Make,
        Some((standing, _)) if standing.is_over(now) => HoldDecision::Over,
        Some((standing, lines)) => match standing.state {
            ReservationState::Released | ReservationState::Expired => HoldDecision::Ended,
            _ if lines != wanted => HoldDecision::Mismatch,
            ReservationState::Held | ReservationState::Committed | ReservationState::Shipped => {
                HoldDecision::Repeat(standing)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERBS: [Verb; 3] = [Verb::Commit, Verb::Release, Verb::Expire];

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    /// Where a reservation stands after `verb`.
    fn after(standing: Option<Standing>, verb: Verb, now: Timestamp) -> Option<Standing> {
        transition(standing, verb, now).to.or(standing)
    }

    fn any_standing() -> impl Strategy<Value = Option<Standing>> {
        use ReservationState::{Committed, Expired, Released, Shipped};
        prop_oneof![
            Just(None),
            (0..20_i64).prop_map(|end| Some(Standing::held(Some(at(end))))),
            Just(Some(Standing::held(None))),
            Just(Some(Standing::lasting(Committed))),
            Just(Some(Standing::lasting(Shipped))),
            Just(Some(Standing::lasting(Released))),
            Just(Some(Standing::lasting(Expired))),
        ]
    }

    #[test]
    fn a_hold_is_over_at_its_expiry_and_not_before() {
        let held = Some(Standing::held(Some(at(10))));

        assert!(!transition(held, Verb::Commit, at(9)).refused);
        let late = transition(held, Verb::Commit, at(10));
        assert!(late.refused);
        assert_eq!(late.to, Some(Standing::lasting(ReservationState::Expired)));
        assert_eq!(late.effect, Effect::FreeHeld);
    }

    #[test]
    fn a_lasting_hold_is_never_over() {
        let lasting = Some(Standing::held(None));

        assert_eq!(transition(lasting, Verb::Expire, at(i64::MAX)), Transition::NOTHING);
        assert!(!transition(lasting, Verb::Commit, at(i64::MAX)).refused);
    }

    #[test]
    fn what_was_never_made_stays_ended() {
        for verb in [Verb::Commit, Verb::Release] {
            let standing = after(None, verb, at(1));

            assert_eq!(standing, Some(Standing::lasting(ReservationState::Released)), "{verb:?}");
        }
        assert_eq!(after(None, Verb::Expire, at(1)), None);
    }

    proptest! {
        #[test]
        fn a_repeated_call_changes_nothing_and_answers_the_same(
            standing in any_standing(), verb in prop::sample::select(&VERBS), now in 0..20_i64,
        ) {
            let first = transition(standing, verb, at(now));
            let second = transition(first.to.or(standing), verb, at(now));

            prop_assert_eq!(second.to, None);
            prop_assert_eq!(second.effect, Effect::None);
            prop_assert_eq!(second.refused, first.refused);
        }

        #[test]
        fn what_has_ended_stays_ended(
            verbs in prop::collection::vec(prop::sample::select(&VERBS), 1..10), now in 0..20_i64,
        ) {
            for state in [
                ReservationState::Shipped, ReservationState::Released, ReservationState::Expired,
            ] {
                let ended = Standing::lasting(state);
                for &verb in &verbs {
                    prop_assert_eq!(after(Some(ended), verb, at(now)), Some(ended));
                }
            }
        }

        /// The effects along any path take back what they gave: a reservation ends with nothing set aside.
        #[test]
        fn effects_add_up_to_where_it_stands(
            verbs in prop::collection::vec((prop::sample::select(&VERBS), 0..20_i64), 0..12),
        ) {
            let (mut held, mut committed) = (1, 0);
            let mut standing = Some(Standing::held(Some(at(10))));
            for (verb, now) in verbs {
                let step = transition(standing, verb, at(now));
                match step.effect {
                    Effect::None | Effect::TakeBack => {}
                    Effect::Commit => (held, committed) = (held - 1, committed + 1),
                    Effect::FreeHeld => held -= 1,
                    Effect::FreeCommitted | Effect::Ship => committed -= 1,
                }
                standing = step.to.or(standing);
            }
            let expected = match standing.map(|standing| standing.state) {
                Some(ReservationState::Held) => (1, 0),
                Some(ReservationState::Committed) => (0, 1),
                _ => (0, 0),
            };
            prop_assert_eq!((held, committed), expected);
        }
    }
}

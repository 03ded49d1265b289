//! Parcels: committed pieces that leave the building, all of a reservation's at once or in parts. A
//! parcel leaves once, however often it is sent; a reservation is shipped when nothing of it is left.

use techtrove_core::planted;
use techtrove_inventory_api::{ReservationId, ReservationState};

use super::{Lines, Standing};

/// What is sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Of which reservation.
    pub reservation: ReservationId,
    /// Of which of its attempts.
    pub attempt: u32,
    /// What is in it.
    pub lines: Lines,
}

/// What a request to send a parcel leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShipDecision {
    /// It leaves; the reservation stands like this afterwards.
    Send(Standing),
    /// It has left before: the answer is where the reservation stands.
    Repeat(Standing),
    /// Something in it is not committed, or another parcel has left under its name.
    Mismatch,
    /// The reservation has ended.
    Ended,
}

/// What a request to send `parcel` leads to, given where its reservation stands, what is `left` of it,
/// and which parcel has left under its name.
#[must_use]
pub fn decide_ship(
    standing: Option<Standing>,
    left: &Lines,
    sent: Option<&Parcel>,
    parcel: &Parcel,
) -> ShipDecision {
    use ReservationState::{Committed, Expired, Held, Released, Shipped};
    let Some(standing) = standing else { return ShipDecision::Mismatch };
    match (sent, standing.state) {
        (Some(sent), _) if sent == parcel => ShipDecision::Repeat(standing),
        (Some(_), _) | (None, Held | Shipped) => ShipDecision::Mismatch,
        (None, Released | Expired) => ShipDecision::Ended,
        (None, Committed) => match left.without(&parcel.lines) {
            Some(rest) if rest.is_empty() && !planted("shipped-left-committed") => {
                ShipDecision::Send(Standing::lasting(Shipped))
            }
            Some(_) => ShipDecision::Send(standing),
            None => ShipDecision::Mismatch,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use techtrove_core::{Sku, Timestamp, TypedId};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Effect, Stock, Verb, transition};

    fn sku(number: usize) -> Sku {
        ["A", "B"][number].parse().expect("a SKU")
    }

    fn lines(pieces: &[(usize, i64)]) -> Lines {
        let mut by_sku = BTreeMap::new();
        for &(number, count) in pieces {
            *by_sku.entry(sku(number)).or_insert(0) += count;
        }
        Lines::stored(by_sku)
    }

    fn parcel(pieces: &[(usize, i64)]) -> Parcel {
        let reservation = ReservationId::from_uuid(Uuid::from_u128(1));
        Parcel { reservation, attempt: 1, lines: lines(pieces) }
    }

    #[test]
    fn only_what_is_committed_leaves() {
        use ReservationState::{Committed, Expired, Held, Released, Shipped};
        let (left, wanted) = (lines(&[(0, 2)]), parcel(&[(0, 2)]));
        let decide = |state| decide_ship(Some(Standing::lasting(state)), &left, None, &wanted);

        assert_eq!(decide(Committed), ShipDecision::Send(Standing::lasting(Shipped)));
        assert_eq!(decide(Held), ShipDecision::Mismatch);
        assert_eq!(decide(Shipped), ShipDecision::Mismatch);
        assert_eq!(decide(Released), ShipDecision::Ended);
        assert_eq!(decide(Expired), ShipDecision::Ended);
        assert_eq!(decide_ship(None, &left, None, &wanted), ShipDecision::Mismatch);
    }

    #[test]
    fn a_parcel_repeated_answers_alike_and_another_under_its_name_is_refused() {
        let (released, left) = (Standing::lasting(ReservationState::Released), Lines::default());
        let sent = parcel(&[(0, 1)]);
        let others = [
            parcel(&[(0, 2)]),
            Parcel { attempt: 2, ..sent.clone() },
            Parcel { reservation: ReservationId::from_uuid(Uuid::nil()), ..sent.clone() },
        ];

        let again = decide_ship(Some(released), &left, Some(&sent), &sent);

        assert_eq!(again, ShipDecision::Repeat(released));
        for other in others {
            let refused = decide_ship(Some(released), &left, Some(&sent), &other);
            assert_eq!(refused, ShipDecision::Mismatch, "{other:?}");
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Do(Verb),
        Send { name: usize, pieces: Vec<(usize, i64)> },
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let verbs = vec![Verb::Commit, Verb::Release, Verb::Expire];
        let pieces = prop::collection::vec((0..2_usize, 1..4_i64), 1..3);
        prop_oneof![
            2 => prop::sample::select(verbs).prop_map(Step::Do),
            5 => (0..4_usize, pieces).prop_map(|(name, pieces)| Step::Send { name, pieces }),
        ]
    }

    /// A reservation with its stock, moved by the rules alone.
    struct Desk {
        stock: BTreeMap<Sku, Stock>,
        movements: BTreeMap<Sku, i64>,
        standing: Option<Standing>,
        left: Lines,
        sent: BTreeMap<usize, Parcel>,
    }

    impl Desk {
        /// Five pieces of each SKU, three of them held.
        fn new() -> Self {
            let held = Stock::new(5, 3, 0, 0).expect("possible");
            Self {
                stock: (0..2).map(|number| (sku(number), held)).collect(),
                movements: (0..2).map(|number| (sku(number), 5)).collect(),
                standing: Some(Standing::held(None)),
                left: lines(&[(0, 3), (1, 3)]),
                sent: BTreeMap::new(),
            }
        }

        fn move_stock(&mut self, moved: &Lines, effect: Effect) {
            for (sku, pieces) in moved.iter() {
                let stock = self.stock.get_mut(sku).expect("one of two");
                let after = stock.moved(effect, pieces).expect("the books never differ");
                *self.movements.get_mut(sku).expect("one of two") +=
                    after.on_hand() - stock.on_hand();
                *stock = after;
            }
        }

        fn take(&mut self, step: &Step) {
            match step {
                Step::Do(verb) => {
                    let step = transition(self.standing, *verb, Timestamp::from_micros(1));
                    let left = self.left.clone();
                    self.move_stock(&left, step.effect);
                    self.standing = step.to.or(self.standing);
                }
                Step::Send { name, pieces } => {
                    let wanted = parcel(pieces);
                    let sent = self.sent.get(name);
                    let decision = decide_ship(self.standing, &self.left, sent, &wanted);
                    if let ShipDecision::Send(to) = decision {
                        self.move_stock(&wanted.lines, Effect::Ship);
                        self.left = self.left.without(&wanted.lines).expect("decided so");
                        self.standing = Some(to);
                        self.sent.insert(*name, wanted);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_order_of_calls_keeps_the_books(steps in prop::collection::vec(any_step(), 0..30)) {
            let mut desk = Desk::new();
            for step in &steps {
                desk.take(step);

                let state = desk.standing.map(|standing| standing.state);
                for (sku, stock) in &desk.stock {
                    let left = desk.left.pieces(sku);
                    let open = match state {
                        Some(ReservationState::Held) => (left, 0),
                        Some(ReservationState::Committed) => (0, left),
                        _ => (0, 0),
                    };
                    prop_assert_eq!((stock.held(), stock.committed()), open);
                    prop_assert_eq!(stock.on_hand(), desk.movements[sku]);
                    let sent: i64 = desk.sent.values().map(|parcel| parcel.lines.pieces(sku)).sum();
                    prop_assert_eq!(stock.on_hand(), 5 - sent);
                }
                prop_assert_eq!(state == Some(ReservationState::Shipped), desk.left.is_empty());
            }
        }

        #[test]
        fn a_parcel_sent_again_changes_nothing(steps in prop::collection::vec(any_step(), 0..30)) {
            let mut desk = Desk::new();
            for step in &steps {
                desk.take(step);
                let (stock, standing) = (desk.stock.clone(), desk.standing);

                desk.take(step);

                prop_assert_eq!(&desk.stock, &stock);
                prop_assert_eq!(desk.standing, standing);
            }
        }
    }
}

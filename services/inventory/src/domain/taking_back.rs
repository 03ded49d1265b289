//! Pieces that a buyer sends back: into the stock again, or written off. No more come back than left,
//! and a return comes once, however often it is told. Licence keys never do: who has seen one has it.

use techtrove_inventory_api::ReservationId;

use super::{Lines, StockItem};

/// What came back together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Of which reservation.
    pub reservation: ReservationId,
    /// Of which of its attempts.
    pub attempt: u32,
    /// What.
    pub lines: Lines,
    /// Whether it can be sold again.
    pub restock: bool,
}

/// What a request to take something back leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeBackDecision {
    /// It comes back.
    Take,
    /// It came back before.
    Repeat,
    /// Something in it never left, or another return came back under its name.
    Mismatch,
}

/// What a request to take `wanted` back leads to, given what is still `out` of its reservation, and what
/// came back under its name.
#[must_use]
pub fn decide_take_back(
    out: &Lines,
    known: Option<&Returned>,
    wanted: &Returned,
) -> TakeBackDecision {
    match known {
        Some(known) if known == wanted => TakeBackDecision::Repeat,
        None if out.without(&wanted.lines).is_some() => TakeBackDecision::Take,
        _ => TakeBackDecision::Mismatch,
    }
}

impl Returned {
    /// Whether all of these items can come back.
    #[must_use]
    pub fn may_be_kept(items: &[StockItem]) -> bool {
        items.iter().all(|item| !item.keyed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use techtrove_core::{Sku, TypedId as _};
    use uuid::Uuid;

    use super::*;

    fn lines(pieces: &[(usize, i64)]) -> Lines {
        let mut by_sku: BTreeMap<Sku, i64> = BTreeMap::new();
        for (number, count) in pieces {
            let sku = ["A", "B"][*number].parse().expect("a SKU");
            *by_sku.entry(sku).or_default() += count;
        }
        Lines::stored(by_sku)
    }

    fn returned(pieces: &[(usize, i64)], restock: bool) -> Returned {
        let reservation = ReservationId::from_uuid(Uuid::from_u128(1));
        Returned { reservation, attempt: 1, lines: lines(pieces), restock }
    }

    #[test]
    fn another_return_under_the_same_name_is_refused() {
        let (out, wanted) = (lines(&[(0, 2)]), returned(&[(0, 1)], true));
        let decide = |known: &Returned| decide_take_back(&out, Some(known), &wanted);

        assert_eq!(decide_take_back(&out, None, &wanted), TakeBackDecision::Take);
        assert_eq!(decide(&wanted), TakeBackDecision::Repeat);
        assert_eq!(decide(&returned(&[(0, 1)], false)), TakeBackDecision::Mismatch);
        assert_eq!(decide(&returned(&[(0, 2)], true)), TakeBackDecision::Mismatch);
    }

    proptest! {
        #[test]
        fn no_more_comes_back_than_left(
            left in prop::collection::vec((0..2_usize, 1..5_i64), 1..3),
            returns in prop::collection::vec((0..4_usize, 0..2_usize, 1..4_i64), 0..20),
        ) {
            let left = lines(&left);
            let mut out = left.clone();
            let mut known: BTreeMap<usize, Returned> = BTreeMap::new();
            for (name, sku, pieces) in returns {
                let wanted = returned(&[(sku, pieces)], true);
                if decide_take_back(&out, known.get(&name), &wanted) == TakeBackDecision::Take {
                    out = out.without(&wanted.lines).expect("decided so");
                    known.insert(name, wanted);
                }
            }

            for (sku, pieces) in left.iter() {
                let back: i64 = known.values().map(|one| one.lines.pieces(sku)).sum();
                prop_assert_eq!(out.pieces(sku) + back, pieces);
                prop_assert!(back <= pieces);
            }
        }
    }
}

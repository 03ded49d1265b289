//! The numbers of one SKU. A [`Stock`] that breaks `held + committed <= on_hand` cannot be made, so
//! nothing is ever sold twice by a slip of arithmetic; the table says the same in its `CHECK`.

use techtrove_core::planted;
use techtrove_inventory_api::Availability;

use super::Effect;

/// The most pieces of one SKU in the building.
pub const MAX_COUNT: i64 = 1_000_000_000;

/// The largest low-stock threshold.
pub const MAX_THRESHOLD: i64 = 1_000_000;

/// The low-stock threshold of a SKU for which nobody chose one.
pub const DEFAULT_THRESHOLD: i64 = 5;

/// How many pieces there are, and to whom they are promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    on_hand: i64,
    held: i64,
    committed: i64,
    low_stock_threshold: i64,
}

/// The numbers contradict each other: more is promised than there is, or a count is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("impossible stock: {held} held and {committed} committed of {on_hand} on hand")]
pub struct ImpossibleStock {
    /// Pieces in the building.
    pub on_hand: i64,
    /// Pieces set aside.
    pub held: i64,
    /// Pieces sold and not yet shipped.
    pub committed: i64,
}

/// Fewer pieces are available than wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {available} pieces are available")]
pub struct NotEnough {
    /// How many could be had.
    pub available: i64,
}

/// Stock cannot fall below what is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reserved} pieces are held or sold: stock cannot be set below that")]
pub struct StockReserved {
    /// Held and committed pieces together.
    pub reserved: i64,
}

impl Stock {
    /// A SKU that is known and was never stocked.
    pub const EMPTY: Self =
        Self { on_hand: 0, held: 0, committed: 0, low_stock_threshold: DEFAULT_THRESHOLD };

    /// Stock with these numbers.
    ///
    /// # Errors
    /// When they contradict each other or are out of range.
    pub fn new(
        on_hand: i64,
        held: i64,
        committed: i64,
        low_stock_threshold: i64,
    ) -> Result<Self, ImpossibleStock> {
        let counts = [on_hand, held, committed].iter().all(|count| (0..=MAX_COUNT).contains(count));
        let threshold = (0..=MAX_THRESHOLD).contains(&low_stock_threshold);
        if counts && threshold && held + committed <= on_hand {
            Ok(Self { on_hand, held, committed, low_stock_threshold })
        } else {
            Err(ImpossibleStock { on_hand, held, committed })
        }
    }

    /// Pieces in the building.
    #[must_use]
    pub fn on_hand(&self) -> i64 {
        self.on_hand
    }

    /// Pieces set aside for somebody who may yet pay.
    #[must_use]
    pub fn held(&self) -> i64 {
        self.held
    }

    /// Pieces sold and not yet shipped.
    #[must_use]
    pub fn committed(&self) -> i64 {
        self.committed
    }

    /// Up to how many available pieces stock counts as low.
    #[must_use]
    pub fn low_stock_threshold(&self) -> i64 {
        self.low_stock_threshold
    }

    /// Pieces that can still be sold.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand - self.held - self.committed
    }

    /// What the public may know.
    #[must_use]
    pub fn availability(&self) -> Availability {
        match self.available() {
            ..=0 => Availability::OutOfStock,
            available if available <= self.low_stock_threshold => Availability::LowStock,
            _ => Availability::InStock,
        }
    }

    /// With so many pieces set aside.
    ///
    /// # Errors
    /// When fewer are available.
    pub fn hold(self, pieces: i64) -> Result<Self, NotEnough> {
        let available = self.available();
        let last = pieces == available && planted("last-piece-never-sold");
        if (1..=available).contains(&pieces) && !last {
            Ok(Self { held: self.held + pieces, ..self })
        } else {
            Err(NotEnough { available })
        }
    }

    /// With so many pieces of a reservation moved as `effect` says.
    ///
    /// # Errors
    /// When the reservation promises pieces that the stock does not: the books differ.
    pub fn moved(self, effect: Effect, pieces: i64) -> Result<Self, ImpossibleStock> {
        let (on_hand, held, committed) = match effect {
            Effect::None => (0, 0, 0),
            Effect::Commit => (0, -pieces, pieces),
            Effect::FreeHeld => (0, -pieces, 0),
            Effect::FreeCommitted => (0, 0, -pieces),
            Effect::Ship => (-pieces, 0, -pieces),
            Effect::TakeBack => (pieces, 0, 0),
        };
        Self::new(
            self.on_hand.saturating_add(on_hand),
            self.held.saturating_add(held),
            self.committed.saturating_add(committed),
            self.low_stock_threshold,
        )
    }

    /// With another count and threshold; both must be in range.
    ///
    /// # Errors
    /// When more is promised than `on_hand`.
    pub fn set(self, on_hand: i64, low_stock_threshold: i64) -> Result<Self, StockReserved> {
        let reserved = StockReserved { reserved: self.held + self.committed };
        Self::new(on_hand, self.held, self.committed, low_stock_threshold).map_err(|_| reserved)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_stock() -> impl Strategy<Value = Stock> {
        (0..1_000_i64, 0..1_000_i64, 0..1_000_i64, 0..20_i64).prop_map(
            |(free, held, committed, low)| {
                Stock::new(free + held + committed, held, committed, low)
                    .expect("the sum holds them")
            },
        )
    }

    #[test]
    fn refuses_numbers_that_contradict_each_other() {
        for (on_hand, held, committed) in [
            (-1, 0, 0),
            (0, -1, 0),
            (0, 0, -1),
            (1, 1, 1),
            (0, 1, 0),
            (i64::MAX, 0, 0),
            (5, i64::MAX, i64::MAX),
        ] {
            assert!(
                Stock::new(on_hand, held, committed, 5).is_err(),
                "{on_hand} {held} {committed}"
            );
        }
        assert!(Stock::new(1, 0, 0, -1).is_err());
        assert!(Stock::new(2, 1, 1, 5).is_ok());
    }

    #[test]
    fn availability_has_three_classes() {
        let class = |on_hand, low| Stock::new(on_hand, 0, 0, low).map(|stock| stock.availability());

        assert_eq!(class(0, 5), Ok(Availability::OutOfStock));
        assert_eq!(class(1, 5), Ok(Availability::LowStock));
        assert_eq!(class(5, 5), Ok(Availability::LowStock));
        assert_eq!(class(6, 5), Ok(Availability::InStock));
        assert_eq!(class(1, 0), Ok(Availability::InStock));
    }

    proptest! {
        #[test]
        fn a_hold_takes_from_what_is_available_and_nothing_else(stock in any_stock(), pieces in -5..2_000_i64) {
            match stock.hold(pieces) {
                Ok(after) => {
                    prop_assert!(pieces > 0);
                    prop_assert_eq!(after.available(), stock.available() - pieces);
                    prop_assert_eq!(after.held(), stock.held() + pieces);
                    prop_assert!(after.available() >= 0);
                }
                Err(refused) => {
                    prop_assert!(pieces < 1 || pieces > stock.available());
                    prop_assert_eq!(refused.available, stock.available());
                }
            }
        }

        #[test]
        fn what_is_held_comes_back_whole(stock in any_stock(), pieces in 1..1_000_i64) {
            let Ok(held) = stock.hold(pieces) else { return Ok(()) };

            prop_assert_eq!(held.moved(Effect::FreeHeld, pieces), Ok(stock));
            let committed = held.moved(Effect::Commit, pieces).expect("they are held");
            prop_assert_eq!(committed.available(), held.available());
            prop_assert_eq!(committed.moved(Effect::FreeCommitted, pieces), Ok(stock));
            let shipped = committed.moved(Effect::Ship, pieces).expect("they are committed");
            prop_assert_eq!(shipped.on_hand(), stock.on_hand() - pieces);
            prop_assert_eq!(shipped.available(), held.available());
            prop_assert_eq!(shipped.committed(), stock.committed());
            prop_assert_eq!(shipped.moved(Effect::TakeBack, pieces), Ok(stock));
        }

        #[test]
        fn no_move_makes_an_impossible_stock(stock in any_stock(), pieces in 0..i64::MAX) {
            for effect in [
                Effect::None,
                Effect::Commit,
                Effect::FreeHeld,
                Effect::FreeCommitted,
                Effect::Ship,
                Effect::TakeBack,
            ] {
                if let Ok(after) = stock.moved(effect, pieces) {
                    prop_assert!(after.held() >= 0 && after.committed() >= 0);
                    prop_assert!(after.held() + after.committed() <= after.on_hand());
                }
            }
        }

        #[test]
        fn stock_is_never_set_below_what_is_promised(stock in any_stock(), on_hand in 0..4_000_i64) {
            let promised = stock.held() + stock.committed();
            match stock.set(on_hand, 7) {
                Ok(after) => {
                    prop_assert!(on_hand >= promised);
                    prop_assert_eq!((after.on_hand(), after.low_stock_threshold()), (on_hand, 7));
                    prop_assert_eq!((after.held(), after.committed()), (stock.held(), stock.committed()));
                }
                Err(refused) => {
                    prop_assert!(on_hand < promised);
                    prop_assert_eq!(refused.reserved, promised);
                }
            }
        }
    }
}

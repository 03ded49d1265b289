//! The stock of a SKU as it is stored, and how it is counted anew. A keyed SKU's pieces are its licence
//! keys, so that nobody counts them by hand: `on_hand` is always the number of keys that no buyer has
//! seen. What lies on the shelf is of one kind: when the catalogue turns a SKU digital or back, what is left
//! of the old kind is not for sale, and the new one begins on the empty shelf.

use techtrove_core::Sku;
use techtrove_inventory_api::Availability;
use uuid::Uuid;

use super::{MAX_COUNT, Stock, StockReserved, stock::NotEnough};

/// The stock of a SKU as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockItem {
    /// Names the stock in events.
    pub id: Uuid,
    /// Which SKU.
    pub sku: Sku,
    /// Its numbers.
    pub stock: Stock,
    /// Whether its pieces are licence keys.
    pub keyed: bool,
    /// Whether the catalogue sells it as licence keys; differs from `keyed` until the old kind is gone.
    pub digital: bool,
    /// What the public was told last.
    pub published: Availability,
    /// Raised by edits only, never by a sale; 0 until the first edit.
    pub version: u64,
}

/// The stock cannot be changed like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountRefused {
    /// More is promised than would be left.
    #[error(transparent)]
    Reserved(#[from] StockReserved),
    /// Its pieces are licence keys, which are not counted by hand.
    #[error("the stock of a digital SKU is the number of its licence keys: add keys instead")]
    Keys,
    /// Its pieces are goods.
    #[error("this SKU's stock is not made of licence keys")]
    NoKeys,
    /// There would be more than can be counted.
    #[error("there would be more than {MAX_COUNT} pieces")]
    TooMany,
}

impl StockItem {
    /// A SKU that nobody has stocked yet.
    #[must_use]
    pub fn unstocked(id: Uuid, sku: Sku, digital: bool) -> Self {
        let (stock, published) = (Stock::EMPTY, Availability::OutOfStock);
        Self { id, sku, stock, keyed: digital, digital, published, version: 0 }
    }

    /// Whether what is there is what the catalogue sells: nobody is sold a box in place of a key.
    fn is_as_sold(&self) -> bool {
        self.keyed == self.digital
    }

    /// How many pieces can be sold.
    #[must_use]
    pub fn available(&self) -> i64 {
        if self.is_as_sold() { self.stock.available() } else { 0 }
    }

    /// How well it can be had.
    #[must_use]
    pub fn availability(&self) -> Availability {
        if self.is_as_sold() { self.stock.availability() } else { Availability::OutOfStock }
    }

    /// The same SKU with so many pieces more set aside.
    ///
    /// # Errors
    /// When there are not as many that can be sold.
    pub fn hold(&self, pieces: i64) -> Result<Self, NotEnough> {
        if self.is_as_sold() {
            Ok(self.with(self.stock.hold(pieces)?))
        } else {
            Err(NotEnough { available: 0 })
        }
    }

    /// The same SKU with other numbers, and with what the public is to be told of them.
    #[must_use]
    pub fn with(&self, stock: Stock) -> Self {
        Self { stock, ..self.clone() }.settled()
    }

    /// The same SKU as the catalogue sells it.
    #[must_use]
    pub fn sold_as(&self, digital: bool) -> Self {
        Self { digital, ..self.clone() }.settled()
    }

    /// An empty shelf takes whatever the catalogue sells. Nothing is held or sold of it then, so that no
    /// reservation is for the other kind. The public is to be told of what it can have.
    fn settled(self) -> Self {
        let keyed = if self.stock.on_hand() == 0 { self.digital } else { self.keyed };
        let settled = Self { keyed, ..self };
        Self { published: settled.availability(), ..settled }
    }

    /// The same SKU edited: the version rises when a number changes.
    fn edited(&self, stock: Stock) -> Self {
        let raised = u64::from(stock != self.stock);
        Self { version: self.version.saturating_add(raised), ..self.with(stock) }
    }

    /// The SKU after a count, and with another threshold; both must be in range. What is left of the old
    /// kind of a SKU that has become digital may only be counted down.
    ///
    /// # Errors
    /// When more is promised than `on_hand`, or its pieces are licence keys and `on_hand` is not their
    /// number.
    pub fn counted(&self, on_hand: i64, low_stock_threshold: i64) -> Result<Self, CountRefused> {
        let more = on_hand - self.stock.on_hand();
        if (self.keyed && more != 0) || (self.digital && more > 0) {
            return Err(CountRefused::Keys);
        }
        Ok(self.edited(self.stock.set(on_hand, low_stock_threshold)?))
    }

    /// The SKU with so many pieces more (or fewer, when negative).
    ///
    /// # Errors
    /// As [`Self::counted`], or when there would be too many.
    pub fn adjusted(&self, delta: i64) -> Result<Self, CountRefused> {
        let on_hand = self.stock.on_hand().saturating_add(delta);
        if on_hand > MAX_COUNT {
            return Err(CountRefused::TooMany);
        }
        self.counted(on_hand, self.stock.low_stock_threshold())
    }

    /// The SKU with so many licence keys more.
    ///
    /// # Errors
    /// When its pieces are no keys, or there would be too many.
    pub fn with_keys(&self, added: i64) -> Result<Self, CountRefused> {
        let on_hand = self.stock.on_hand().saturating_add(added);
        if !self.keyed {
            return Err(CountRefused::NoKeys);
        }
        if on_hand > MAX_COUNT {
            return Err(CountRefused::TooMany);
        }
        Ok(self.edited(self.stock.set(on_hand, self.stock.low_stock_threshold())?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Effect;

    fn unstocked(digital: bool) -> StockItem {
        StockItem::unstocked(Uuid::nil(), "A".parse().expect("a SKU"), digital)
    }

    #[test]
    fn keys_are_not_counted_by_hand() {
        let keyed = unstocked(true).with_keys(3).expect("keyed");

        assert_eq!((keyed.stock.on_hand(), keyed.version), (3, 1));
        assert_eq!(keyed.counted(4, 5), Err(CountRefused::Keys));
        assert_eq!(keyed.counted(0, 5), Err(CountRefused::Keys));
        assert_eq!(keyed.adjusted(-1), Err(CountRefused::Keys));
        let threshold = keyed.counted(3, 9).expect("the number is what it is");
        assert_eq!((threshold.stock.low_stock_threshold(), threshold.version), (9, 2));
        assert_eq!(unstocked(false).with_keys(1), Err(CountRefused::NoKeys));
        assert_eq!(keyed.with_keys(MAX_COUNT), Err(CountRefused::TooMany));
    }

    #[test]
    fn the_old_kind_is_not_for_sale_and_gone_before_the_new_one_begins() {
        let boxes = unstocked(false).adjusted(2).expect("counted").sold_as(true);

        assert_eq!((boxes.keyed, boxes.digital), (false, true));
        assert_eq!((boxes.available(), boxes.published), (0, Availability::OutOfStock));
        assert_eq!(boxes.hold(1), Err(NotEnough { available: 0 }));
        assert_eq!(boxes.sold_as(false).hold(1).expect("boxes again").available(), 1);
        assert_eq!(boxes.with_keys(1), Err(CountRefused::NoKeys));
        assert_eq!(boxes.adjusted(1), Err(CountRefused::Keys));
        let empty = boxes.counted(0, 5).expect("counted down");
        assert!(empty.keyed);
        let keys = empty.with_keys(1).expect("keyed").sold_as(false);
        assert!(keys.keyed && keys.hold(1).is_err());
        assert_eq!(keys.sold_as(true).keyed, keys.keyed);
    }

    #[test]
    fn there_are_never_more_than_can_be_counted() {
        let full = unstocked(false).adjusted(MAX_COUNT).expect("the most");

        assert_eq!(full.adjusted(1), Err(CountRefused::TooMany));
        assert_eq!(full.adjusted(i64::MAX), Err(CountRefused::TooMany));
        assert!(matches!(full.adjusted(i64::MIN), Err(CountRefused::Reserved(_))));
    }

    proptest! {
        /// What is promised is always of the kind that it was when it was promised.
        #[test]
        fn the_kind_changes_on_an_empty_shelf_alone(steps in prop::collection::vec((0..5_u8, 1..4_i64, any::<bool>()), 1..40)) {
            let mut item = unstocked(false);
            for (step, pieces, digital) in steps {
                let before = item.clone();
                let next = match step {
                    0 => Some(item.sold_as(digital)),
                    1 => item.adjusted(if digital { pieces } else { -pieces }).ok(),
                    2 => item.with_keys(pieces).ok(),
                    3 => item.hold(pieces).ok(),
                    _ => {
                        let sold = item.stock.moved(Effect::Commit, pieces);
                        let gone = sold.and_then(|stock| stock.moved(Effect::Ship, pieces));
                        gone.ok().map(|stock| item.with(stock))
                    }
                };
                item = next.unwrap_or(item);

                prop_assert!(item.keyed == before.keyed || item.stock.on_hand() == 0);
                prop_assert!(item.stock.on_hand() > 0 || item.keyed == item.digital);
                prop_assert_eq!(item.published, item.availability());
            }
        }
    }
}

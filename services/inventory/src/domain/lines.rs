//! The lines of a reservation, one for each SKU and in SKU order: the order in which every
//! transaction locks stock, so that two which want the same goods can't wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::{Sku, planted};
use techtrove_inventory_api::{Line, OutOfStockLine};

use super::StockItem;

/// What a reservation sets aside: pieces by SKU. Empty only for an attempt that was never made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<Sku, i64>);

/// The lines cannot be reserved, whatever is in stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reservation has 1 to {max} lines", max = Lines::MAX)]
pub struct InvalidLines;

/// Of these SKUs not enough is available; nothing was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfStock(pub Vec<OutOfStockLine>);

impl Lines {
    /// The most lines of one reservation.
    pub const MAX: usize = 200;

    /// The lines with those of one SKU counted together.
    ///
    /// # Errors
    /// When there are none or too many.
    pub fn merged(lines: &[Line]) -> Result<Self, InvalidLines> {
        if lines.is_empty() || lines.len() > Self::MAX {
            return Err(InvalidLines);
        }
        let mut pieces = BTreeMap::new();
        for line in lines {
            let known = pieces.entry(line.sku.clone()).or_insert(0);
            *known =
                line.quantity.as_i64() + if planted("same-sku-held-once") { 0 } else { *known };
        }
        Ok(Self(pieces))
    }

    /// The lines as they were stored.
    #[must_use]
    pub fn stored(pieces: BTreeMap<Sku, i64>) -> Self {
        Self(pieces)
    }

    /// How many pieces of `sku`.
    #[must_use]
    pub fn pieces(&self, sku: &Sku) -> i64 {
        self.0.get(sku).copied().unwrap_or(0)
    }

    /// Whether there are no pieces at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left after `taken`; nothing when that is more than there is.
    #[must_use]
    pub fn without(&self, taken: &Self) -> Option<Self> {
        let mut left = self.0.clone();
        for (sku, &pieces) in &taken.0 {
            let rest = left.get(sku)? - pieces;
            match rest {
                ..=-1 => return None,
                0 => left.remove(sku),
                1.. => left.insert(sku.clone(), rest),
            };
        }
        Some(Self(left))
    }

    /// The SKUs, in order.
    pub fn skus(&self) -> impl ExactSizeIterator<Item = &Sku> {
        self.0.keys()
    }

    /// The SKUs with their pieces, in SKU order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Sku, i64)> {
        self.0.iter().map(|(sku, &pieces)| (sku, pieces))
    }

    /// The stock after all lines are set aside, in SKU order; those of `digital` as licence keys, the
    /// others as goods. A SKU missing in `items`, or of the other kind there, has nothing available.
    ///
    /// # Errors
    /// Names every line of which there is not enough; then nothing is to be changed.
    pub fn hold_from(
        &self,
        items: &[StockItem],
        digital: &BTreeSet<Sku>,
    ) -> Result<Vec<StockItem>, OutOfStock> {
        let as_promised = |item: &&StockItem| item.keyed == digital.contains(&item.sku);
        let by_sku: BTreeMap<&Sku, &StockItem> =
            items.iter().filter(as_promised).map(|item| (&item.sku, item)).collect();
        let (mut held, mut short) = (Vec::with_capacity(self.0.len()), Vec::new());
        for (sku, &pieces) in &self.0 {
            match by_sku.get(sku).map(|item| item.hold(pieces)) {
                Some(Ok(item)) => held.push(item),
                Some(Err(short_of)) => short.push(short_line(sku, pieces, short_of.available)),
                None => short.push(short_line(sku, pieces, 0)),
            }
        }
        if short.is_empty() { Ok(held) } else { Err(OutOfStock(short)) }
    }
}

fn short_line(sku: &Sku, pieces: i64, available: i64) -> OutOfStockLine {
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    OutOfStockLine { sku: sku.clone(), requested: count(pieces), available: count(available) }
}

#[cfg(test)]
mod tests {
    use techtrove_core::Quantity;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Stock;

    fn sku(text: &str) -> Sku {
        text.parse().expect("a SKU")
    }

    fn line(text: &str, quantity: u32) -> Line {
        Line { sku: sku(text), quantity: Quantity::new(quantity).expect("a quantity") }
    }

    fn item(text: &str, on_hand: i64) -> StockItem {
        let stock = Stock::new(on_hand, 0, 0, 5).expect("possible");
        StockItem { stock, ..StockItem::unstocked(Uuid::nil(), sku(text), false) }
    }

    #[test]
    fn lines_of_one_sku_count_together_in_sku_order() {
        let lines = Lines::merged(&[line("B", 1), line("A", 2), line("B", 3)]).expect("valid");

        assert_eq!(lines.iter().collect::<Vec<_>>(), [(&sku("A"), 2), (&sku("B"), 4)]);
    }

    #[test]
    fn no_more_is_taken_than_there_is() {
        let all = Lines::merged(&[line("A", 2), line("B", 4)]).expect("valid");
        let taken = |lines: &[Line]| all.without(&Lines::merged(lines).expect("valid"));

        let left = taken(&[line("A", 2), line("B", 1)]).expect("they are there");

        assert_eq!(left.iter().collect::<Vec<_>>(), [(&sku("B"), 3)]);
        assert_eq!(all.without(&all), Some(Lines::default()));
        for more in [line("A", 3), line("C", 1)] {
            assert_eq!(taken(&[line("B", 1), more]), None);
        }
    }

    #[test]
    fn none_and_too_many_lines_are_refused() {
        assert_eq!(Lines::merged(&[]), Err(InvalidLines));
        assert_eq!(Lines::merged(&vec![line("A", 1); Lines::MAX + 1]), Err(InvalidLines));
        assert!(Lines::merged(&vec![line("A", Quantity::MAX); Lines::MAX]).is_ok());
    }

    #[test]
    fn all_are_held_or_every_short_line_is_named() {
        let lines = Lines::merged(&[line("A", 2), line("B", 3), line("C", 1)]).expect("valid");

        let hold = |items: &[StockItem]| lines.hold_from(items, &BTreeSet::new());

        let held = hold(&[item("A", 2), item("B", 9), item("C", 1)]).expect("enough");
        let short = hold(&[item("A", 2), item("B", 2)]).expect_err("not enough");

        assert_eq!(held.iter().map(|item| item.stock.held()).collect::<Vec<_>>(), [2, 3, 1]);
        let short: Vec<_> = short
            .0
            .iter()
            .map(|line| (line.sku.as_str(), line.requested, line.available))
            .collect();
        assert_eq!(short, [("B", 3, 2), ("C", 1, 0)]);
    }

    #[test]
    fn what_is_there_is_held_as_it_was_promised_alone() {
        let lines = Lines::merged(&[line("A", 1), line("B", 1)]).expect("valid");
        let keys = StockItem::unstocked(Uuid::nil(), sku("B"), true).with_keys(1).expect("keyed");
        let hold = |digital: &[&str]| {
            let digital = digital.iter().map(|text| sku(text)).collect();
            lines.hold_from(&[item("A", 1), keys.clone()], &digital).map_err(|short| {
                short.0.iter().map(|line| line.sku.to_string()).collect::<Vec<_>>()
            })
        };

        assert!(hold(&["B"]).is_ok());
        assert_eq!(hold(&[]), Err(vec!["B".to_owned()]));
        assert_eq!(hold(&["A", "B"]), Err(vec!["A".to_owned()]));
    }
}

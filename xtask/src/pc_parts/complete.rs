//! Prices and stock for what the source has none of, so that the whole catalogue can be sold in a
//! demonstration or a benchmark. They follow from a seed and the SKU alone, and are marked as
//! generated in the import; nothing known is ever changed.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::group::Family;

/// US cents of a typical part where not one price is known at all.
const FALLBACK_MEDIAN: i64 = 4_999;

/// A generated price lies between a half and one and a half times the median of its category.
const PRICE_PERMILLE: std::ops::RangeInclusive<u64> = 500..=1_500;

/// Pieces on hand.
const STOCK: std::ops::RangeInclusive<u64> = 5..=250;

/// What is needed to complete parts.
#[derive(Debug)]
pub struct Completion {
    seed: u64,
    medians: BTreeMap<String, i64>,
    overall: i64,
}

impl Completion {
    /// Completes by `seed`, around the known prices of `families`.
    pub fn new(seed: u64, families: &[Family<'_>]) -> Self {
        let mut known: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for variant in families.iter().flat_map(|family| &family.0) {
            if let Some(price) = variant.price {
                known.entry(variant.row.category.clone()).or_default().push(price);
            }
        }
        let overall = median(known.values().flatten().copied().collect());
        let medians = known
            .into_iter()
            .filter_map(|(category, prices)| Some((category, median(prices)?)))
            .collect();
        Self { seed, medians, overall: overall.unwrap_or(FALLBACK_MEDIAN) }
    }

    /// Prices what has no price and gives everything stock.
    pub fn complete(&self, families: &mut [Family<'_>]) {
        for variant in families.iter_mut().flat_map(|family| &mut family.0) {
            let row = variant.row;
            if variant.price.is_none() {
                variant.price = Some(self.price(&row.category, &row.sku));
                variant.price_generated = true;
            }
            let pieces = within(self.chance("stock", &row.sku), STOCK);
            variant.stock = Some(u32::try_from(pieces).expect("within STOCK"));
        }
    }

    fn price(&self, category: &str, sku: &str) -> i64 {
        let median = self.medians.get(category).copied().unwrap_or(self.overall);
        let permille = within(self.chance("price", sku), PRICE_PERMILLE);
        let permille = i64::try_from(permille).expect("within PRICE_PERMILLE");
        let dollars = median.saturating_mul(permille) / 100_000;
        dollars * 100 + 99
    }

    fn chance(&self, purpose: &str, sku: &str) -> u64 {
        let hash = Sha256::new()
            .chain_update(self.seed.to_be_bytes())
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(sku)
            .finalize();
        hash.iter().take(8).fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
    }
}

fn within(chance: u64, range: std::ops::RangeInclusive<u64>) -> u64 {
    range.start() + chance % (range.end() - range.start() + 1)
}

/// The lower middle one.
fn median(mut prices: Vec<i64>) -> Option<i64> {
    prices.sort_unstable();
    prices.get(prices.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_price_that_exists() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![5]), Some(5));
        assert_eq!(median(vec![9, 1, 5, 7]), Some(5));
    }

    #[test]
    fn prices_stay_around_the_median_and_follow_the_seed() {
        let completion = Completion {
            seed: 1,
            medians: BTreeMap::from([("case".to_owned(), 10_000)]),
            overall: 500,
        };
        let other = Completion { seed: 2, medians: BTreeMap::new(), overall: 10_000 };

        for sku in ["A", "B", "C", "D"] {
            let price = completion.price("case", sku);
            assert!((5_000..=15_099).contains(&price), "{price}");
            assert_eq!(price % 100, 99);
            assert_eq!(price, completion.price("case", sku));
            assert_ne!(price, other.price("case", sku));
        }
    }
}

//! Lists of products: which are wanted and in which order. A cursor belongs to one such wish, so that
//! it cannot go on with another list; it names the last product seen and what that was sorted by.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::ProductId;
use utoipa::ToSchema;

use super::{Invalid, ShownProduct, Status, change::MAX_PRICE, text};

/// The longest text that is looked for, in characters.
const MAX_TEXT: usize = 100;

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductSort)]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// What fits `q` best. All that have its text fit equally: the newest first.
    Relevance,
    /// The cheapest first.
    Price,
    /// The dearest first.
    #[serde(rename = "-price")]
    PriceDescending,
    /// The best rated first.
    Rating,
    /// What was sold most first.
    Bestselling,
}

impl Sort {
    /// Which of two places in a list comes first, by what is sorted by and the products' ids.
    #[must_use]
    pub fn compare(self, one: (i64, ProductId), other: (i64, ProductId)) -> Ordering {
        match self {
            Self::Price => one.cmp(&other),
            Self::Newest
            | Self::Relevance
            | Self::PriceDescending
            | Self::Rating
            | Self::Bestselling => other.cmp(&one),
        }
    }
}

/// Which products are wanted, as somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ListWish {
    /// Only of this status.
    pub status: Status,
    /// Only of the category with this slug or id, and those below it.
    pub category: Option<String>,
    /// Only of this brand, whatever its case.
    pub brand: Option<String>,
    /// Only from this price on, in minor units.
    pub price_min: Option<i64>,
    /// Only up to this price, in minor units.
    pub price_max: Option<i64>,
    /// Only those in stock, or only those that are not.
    pub in_stock: Option<bool>,
    /// Only with at least this average rating.
    pub rating_min: Option<f64>,
    /// Only those whose name or brand has this text, whatever its case.
    pub q: Option<String>,
    /// In which order.
    pub sort: Sort,
}

/// What a product's numbers must lie between, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Its lowest price in minor units; `i64::MAX` for one without a price.
    pub price: (i64, i64),
    /// Its availability: 0 out of stock, 1 low stock, 2 in stock.
    pub availability: (i64, i64),
    /// Its average rating in hundredths.
    pub rating: (i64, i64),
}

impl Default for Bounds {
    fn default() -> Self {
        Self { price: (0, i64::MAX), availability: (0, 2), rating: (0, 500) }
    }
}

/// The product that a page goes on behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListCursor {
    /// The list that it belongs to.
    list: u64,
    /// What the product was sorted by, before its id.
    pub key: i64,
    /// The product.
    pub id: ProductId,
}

impl ListWish {
    /// What the numbers must lie between.
    ///
    /// # Errors
    /// All values that cannot be asked for.
    pub fn checked(&self) -> Result<Bounds, Invalid> {
        let mut invalid = Invalid::default();
        for (pointer, written) in
            [("/category", &self.category), ("/brand", &self.brand), ("/q", &self.q)]
        {
            if let Some(written) = written {
                invalid.take(pointer, text::line(written, MAX_TEXT));
            }
        }
        for (pointer, price) in [("/price_min", self.price_min), ("/price_max", self.price_max)] {
            if price.is_some_and(|price| !(0..=MAX_PRICE).contains(&price)) {
                invalid.add(
                    pointer,
                    format_args!("a price is a number of minor units, 0 to {MAX_PRICE}"),
                );
            }
        }
        if self.price_min.zip(self.price_max).is_some_and(|(low, high)| low > high) {
            invalid.add("/price_max", "the highest price is not below the lowest");
        }
        if self.rating_min.is_some_and(|rating| !(0.0..=5.0).contains(&rating)) {
            invalid.add("/rating_min", "a rating is a number from 0 to 5");
        }
        invalid.finish().map(|()| self.bounds())
    }

    fn bounds(&self) -> Bounds {
        let all = Bounds::default();
        let price = match (self.price_min, self.price_max) {
            (None, None) => all.price,
            // A product without a price is in no range of prices.
            (low, high) => (low.unwrap_or(0), high.unwrap_or(MAX_PRICE)),
        };
        let availability = match self.in_stock {
            None => all.availability,
            Some(false) => (0, 0),
            Some(true) => (1, 2),
        };
        let rating = (self.rating_min.map_or(0, hundredths), all.rating.1);
        Bounds { price, availability, rating }
    }

    /// The cursor of this list behind `product`.
    #[must_use]
    pub fn cursor(&self, product: &ShownProduct) -> ListCursor {
        let key = match self.sort {
            Sort::Newest | Sort::Relevance => 0,
            Sort::Price | Sort::PriceDescending => product.price_min,
            Sort::Rating => product.rating.average.into(),
            Sort::Bestselling => product.sold,
        };
        ListCursor { list: self.fingerprint(), key, id: product.id }
    }

    /// Whether `cursor` was made for this list.
    #[must_use]
    pub fn owns(&self, cursor: &ListCursor) -> bool {
        cursor.list == self.fingerprint()
    }

    /// What tells this list from others: FNV-1a, which is the same in every process and release.
    fn fingerprint(&self) -> u64 {
        let written = serde_json::to_vec(self).unwrap_or_default();
        written.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// A rating of 0 to 5 in hundredths, so that nothing below it passes.
#[expect(clippy::cast_possible_truncation, reason = "0 to 500")]
fn hundredths(rating: f64) -> i64 {
    // What a decimal number loses in binary must not raise it by a hundredth.
    (rating * 100.0 - 1e-6).ceil() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techtrove_core::{Cursor, TypedId};
    use techtrove_inventory_api::Availability;
    use uuid::Uuid;

    use super::*;
    use crate::domain::Rating;

    fn shown(number: u128, price_min: i64, average: u32) -> ShownProduct {
        ShownProduct {
            id: ProductId::from_uuid(Uuid::from_u128(number)),
            document: "{}".to_owned(),
            version: 1,
            status: Status::Active,
            availability: Availability::InStock,
            rating: Rating { average, count: 1 },
            price_min,
            sold: 1,
        }
    }

    fn wish() -> impl Strategy<Value = ListWish> {
        let sorts = [
            Sort::Newest,
            Sort::Relevance,
            Sort::Price,
            Sort::PriceDescending,
            Sort::Rating,
            Sort::Bestselling,
        ];
        let text = || proptest::option::of("\\PC{1,100}");
        let price = || proptest::option::of(0..=MAX_PRICE);
        let numbers = (price(), price(), any::<Option<bool>>(), proptest::option::of(0.0..=5.0));
        (text(), text(), numbers, proptest::sample::select(sorts.to_vec())).prop_map(
            |(brand, q, (price_min, price_max, in_stock, rating_min), sort)| ListWish {
                brand,
                q,
                price_min,
                price_max,
                in_stock,
                rating_min,
                sort,
                ..ListWish::default()
            },
        )
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(wish in wish(), price in any::<i64>(), average in 0..=500_u32) {
            let cursor = wish.cursor(&shown(9, price, average));

            let read: ListCursor = Cursor::decode(&Cursor::encode(&cursor)).expect("a cursor");

            prop_assert_eq!(read, cursor);
            prop_assert!(wish.owns(&read));
        }

        #[test]
        fn a_cursor_belongs_to_its_list_alone(one in wish(), other in wish()) {
            let cursor = one.cursor(&shown(9, 1, 1));

            prop_assert_eq!(other.owns(&cursor), one == other);
        }

        #[test]
        fn a_rating_that_is_shown_passes_itself_as_a_bound(average in 0..=500_u32) {
            let rating = Rating { average, count: 1 };
            let wish = ListWish { rating_min: Some(rating.shown()), ..ListWish::default() };

            prop_assert_eq!(wish.checked().expect("bounds").rating.0, i64::from(average));
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_whole() {
        let wish = ListWish {
            category: Some("x".repeat(101)),
            q: Some(" ".to_owned()),
            price_min: Some(-1),
            price_max: Some(i64::MAX),
            rating_min: Some(f64::NAN),
            ..ListWish::default()
        };

        let refused = wish.checked().expect_err("refused").errors;

        let pointers: Vec<&str> = refused.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/category", "/q", "/price_min", "/price_max", "/rating_min"]);
    }

    #[test]
    fn bounds_that_no_price_is_between_are_refused() {
        let wish = |low, high| ListWish {
            price_min: Some(low),
            price_max: Some(high),
            ..ListWish::default()
        };

        let refused = wish(6, 5).checked().expect_err("refused").errors;

        let pointers: Vec<&str> = refused.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/price_max"]);
        assert_eq!(wish(5, 5).checked().expect("bounds").price, (5, 5));
    }

    #[test]
    fn a_bound_on_prices_leaves_out_what_has_none() {
        let dear = ListWish { price_min: Some(5), ..ListWish::default() };

        assert_eq!(dear.checked().expect("bounds").price, (5, MAX_PRICE));
        assert_eq!(ListWish::default().checked().expect("bounds"), Bounds::default());
    }
}

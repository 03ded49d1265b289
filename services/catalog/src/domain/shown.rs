//! A product in an answer: its stored document with what changes without an edit put behind it, as
//! text, so that a read neither parses nor writes the document.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::ProductId;
use techtrove_community_api::average_in_hundredths;
use techtrove_core::Page;
use techtrove_inventory_api::Availability;
use utoipa::ToSchema;

use super::{ProductDocument, Status};

/// A product as it is shown, ready to be handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownProduct {
    /// Its id.
    pub id: ProductId,
    /// A [`ProductDocument`] as JSON.
    pub document: String,
    /// Its version.
    pub version: u64,
    /// Whether it is on sale.
    pub status: Status,
    /// The best of its variants.
    pub availability: Availability,
    /// What its buyers say.
    pub rating: Rating,
    /// The lowest price of its variants in minor units; the highest number without any.
    pub price_min: i64,
    /// How many pieces of it were sold.
    pub sold: i64,
}

/// What buyers say of a product, as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    /// The average of the ratings in hundredths, 0 without any.
    pub average: u32,
    /// How many there are.
    pub count: u64,
}

impl Rating {
    /// Of `count` ratings of 1 to 5 that make `sum`.
    #[must_use]
    pub fn of(sum: i64, count: i64) -> Self {
        Self {
            average: average_in_hundredths(sum, count),
            count: u64::try_from(count).unwrap_or(0),
        }
    }

    /// The average as it is shown.
    #[must_use]
    pub fn shown(self) -> f64 {
        f64::from(self.average) / 100.0
    }
}

/// A product, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductBody {
    /// What its editors wrote.
    #[serde(flatten)]
    pub document: ProductDocument,
    /// What its buyers say.
    pub rating: RatingBody,
    /// The best of its variants.
    pub availability: Availability,
}

/// What buyers say of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Rating)]
pub struct RatingBody {
    /// The average of the ratings, 0 without any.
    pub average: f64,
    /// How many there are.
    pub count: u64,
}

impl ShownProduct {
    /// The JSON of a [`ProductBody`].
    #[must_use]
    pub fn into_json(self) -> String {
        let availability = match self.availability {
            Availability::OutOfStock => "out_of_stock",
            Availability::LowStock => "low_stock",
            Availability::InStock => "in_stock",
        };
        let mut json = self.document;
        // The brace that closes the document.
        json.pop();
        let (average, count) = (self.rating.shown(), self.rating.count);
        // Writing into a text never fails.
        let _ = write!(
            json,
            r#","rating":{{"average":{average},"count":{count}}},"availability":"{availability}"}}"#
        );
        json
    }
}

/// The JSON of a page of products, put together as text for the same reason.
#[must_use]
pub fn page_json(page: Page<ShownProduct>) -> String {
    let documents: usize = page.items.iter().map(|product| product.document.len()).sum();
    let mut json = String::with_capacity(documents + 100 * page.items.len() + 300);
    json.push_str(r#"{"items":["#);
    for (index, product) in page.items.into_iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        json.push_str(&product.into_json());
    }
    json.push_str(r#"],"next_cursor":"#);
    match page.next_cursor {
        // A cursor is of letters that stand for themselves.
        Some(cursor) => {
            let _ = write!(json, r#""{cursor}""#);
        }
        None => json.push_str("null"),
    }
    json.push('}');
    json
}

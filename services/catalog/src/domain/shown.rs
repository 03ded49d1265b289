//! A product in an answer: its stored document with what changes without an edit put behind it, as
//! text, so that a read neither parses nor writes the document.

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::ProductId;
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
}

/// A product, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductBody {
    /// What its editors wrote.
    #[serde(flatten)]
    pub document: ProductDocument,
    /// Addresses of pictures of it.
    pub images: Vec<String>,
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
        json.push_str(r#","images":[],"rating":{"average":0,"count":0},"availability":""#);
        json.push_str(availability);
        json.push_str("\"}");
        json
    }
}

//! Lists of a product's reviews. A cursor belongs to one product and order, so that it cannot go on with
//! another list.

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::ProductId;
use utoipa::ToSchema;

use super::{RatingBody, Review, ReviewId};

/// The order of a list of reviews.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewSort {
    /// The newest first.
    #[default]
    Newest,
    /// Those first which helped most customers more than they did not help; then the newest.
    Helpful,
    /// The best ratings first, the newest of them before others.
    Rating,
}

/// Which reviews are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewList {
    /// Of which product.
    pub product: ProductId,
    /// In which order.
    pub sort: ReviewSort,
}

/// The review that a page goes on behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewCursor {
    list: ReviewList,
    /// What the review was sorted by, before its id.
    pub key: i64,
    /// The review.
    pub id: ReviewId,
}

/// A page of a product's reviews, and how all of them rate it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewPage {
    /// The reviews of this page.
    pub items: Vec<Review>,
    /// Where to go on; nothing on the last page.
    pub next_cursor: Option<String>,
    /// How all reviews of the product rate it.
    pub rating: RatingBody,
}

impl ReviewList {
    /// The cursor of this list behind `review`.
    #[must_use]
    pub fn cursor(self, review: &Review) -> ReviewCursor {
        let key = match self.sort {
            ReviewSort::Newest => 0,
            ReviewSort::Helpful => review.votes.helpfulness(),
            ReviewSort::Rating => review.rating.get(),
        };
        ReviewCursor { list: self, key, id: review.id }
    }

    /// Whether the cursor was made for this list.
    #[must_use]
    pub fn owns(self, cursor: &ReviewCursor) -> bool {
        cursor.list == self
    }
}

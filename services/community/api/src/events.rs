//! What community's events carry.

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::ProductId;

/// The data of [`crate::RATING_CHANGED`]: the whole rating, so that whoever missed an event has missed
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingChanged {
    /// Which product.
    pub product_id: ProductId,
    /// The ratings' sum, each from 1 to 5.
    pub sum: u64,
    /// How many ratings there are.
    pub count: u64,
    /// Rises by one with every change of the product's rating: a lower one is older.
    pub revision: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1 as it is to be published.
    const RATING_CHANGED_V1: &str = r#"{
        "product_id": "prod_01kafy3m2se6rbq3tmn4y4bwqd",
        "sum": 9,
        "count": 2,
        "revision": 3
    }"#;

    #[test]
    fn a_recorded_event_of_version_1_is_read() {
        let changed: RatingChanged = serde_json::from_str(RATING_CHANGED_V1).expect("is read");

        assert_eq!(changed.product_id.to_string(), "prod_01kafy3m2se6rbq3tmn4y4bwqd");
        assert_eq!((changed.sum, changed.count, changed.revision), (9, 2, 3));
    }

    #[test]
    fn a_field_of_a_later_version_is_ignored() {
        let later = RATING_CHANGED_V1.replacen('{', r#"{"later": true,"#, 1);

        assert!(serde_json::from_str::<RatingChanged>(&later).is_ok());
    }
}

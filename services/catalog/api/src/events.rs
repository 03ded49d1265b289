//! What catalog's events carry: ids only.

use serde::{Deserialize, Serialize};
use techtrove_core::Sku;

use crate::{CategoryId, Fulfilment, ProductId};

/// The data of [`crate::PRODUCT_CREATED`] and [`crate::PRODUCT_UPDATED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanged {
    /// Which product.
    pub product_id: ProductId,
    /// Its version from now on.
    pub version: u64,
    /// The SKUs of its variants from now on.
    pub skus: Vec<Sku>,
    /// How they reach the customer; a parcel in events from before there were others.
    #[serde(default)]
    pub fulfilment: Fulfilment,
    /// Whether the public sees it, and can buy it while there is stock; so it was taken to be in events
    /// from before they said.
    #[serde(default = "taken_to_be_on_sale")]
    pub on_sale: bool,
    /// The category it stands in; none in events from before they said.
    #[serde(default)]
    pub category_id: Option<CategoryId>,
}

fn taken_to_be_on_sale() -> bool {
    true
}

/// The data of [`crate::CATEGORY_PLACED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryPlaced {
    /// Which category.
    pub category_id: CategoryId,
    /// What it stands in from now on; nothing at the top.
    pub parent_id: Option<CategoryId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded when version 1 was first published; never changed since.
    const PRODUCT_CHANGED_V1: &str = r#"{
        "product_id": "prod_01kafy3m2se6rbq3tmn4y4bwqd",
        "version": 3,
        "skus": ["GPU-RTX4090-24G", "GPU-RTX4090-24G-W"]
    }"#;

    #[test]
    fn a_recorded_event_of_version_1_is_read() {
        let changed: ProductChanged = serde_json::from_str(PRODUCT_CHANGED_V1).expect("is read");

        assert_eq!(changed.product_id.to_string(), "prod_01kafy3m2se6rbq3tmn4y4bwqd");
        assert_eq!((changed.version, changed.skus.len()), (3, 2));
        assert_eq!(changed.fulfilment, Fulfilment::Physical);
    }

    /// Recorded when `fulfilment` was added.
    #[test]
    fn a_recorded_event_of_a_digital_product_is_read() {
        let recorded = r#"{
            "product_id": "prod_01kafy3m2se6rbq3tmn4y4bwqd",
            "version": 4,
            "skus": ["OS-PRO-1Y"],
            "fulfilment": "digital"
        }"#;

        let changed: ProductChanged = serde_json::from_str(recorded).expect("is read");

        assert_eq!((changed.version, changed.fulfilment), (4, Fulfilment::Digital));
        assert_eq!((changed.on_sale, changed.category_id), (true, None));
    }

    /// Recorded when `on_sale` and `category_id` were added.
    #[test]
    fn a_recorded_event_of_a_draft_is_read() {
        let recorded = r#"{
            "product_id": "prod_01kafy3m2se6rbq3tmn4y4bwqd",
            "version": 5,
            "skus": ["OS-PRO-1Y"],
            "fulfilment": "digital",
            "on_sale": false,
            "category_id": "cat_01kafy3m2se6rbq3tmn4y4bwqe"
        }"#;

        let changed: ProductChanged = serde_json::from_str(recorded).expect("is read");

        assert!(!changed.on_sale);
        let category = changed.category_id.map(|id| id.to_string());
        assert_eq!(category.as_deref(), Some("cat_01kafy3m2se6rbq3tmn4y4bwqe"));
    }

    /// Recorded when version 1 was first published; never changed since.
    #[test]
    fn a_recorded_event_of_a_category_is_read() {
        let recorded = r#"{
            "category_id": "cat_01kafy3m2se6rbq3tmn4y4bwqe",
            "parent_id": "cat_01kafy3m2se6rbq3tmn4y4bwqf"
        }"#;

        let placed: CategoryPlaced = serde_json::from_str(recorded).expect("is read");

        assert_eq!(placed.category_id.to_string(), "cat_01kafy3m2se6rbq3tmn4y4bwqe");
        let parent = placed.parent_id.map(|id| id.to_string());
        assert_eq!(parent.as_deref(), Some("cat_01kafy3m2se6rbq3tmn4y4bwqf"));
    }

    #[test]
    fn a_field_of_a_later_version_is_ignored() {
        let later = PRODUCT_CHANGED_V1.replacen('{', r#"{"later": true,"#, 1);

        assert!(serde_json::from_str::<ProductChanged>(&later).is_ok());
    }
}

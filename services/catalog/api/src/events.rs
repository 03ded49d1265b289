//! What catalog's events carry: ids only.

use serde::{Deserialize, Serialize};
use techtrove_core::Sku;

use crate::ProductId;

/// The data of [`crate::PRODUCT_CREATED`] and [`crate::PRODUCT_UPDATED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanged {
    /// Which product.
    pub product_id: ProductId,
    /// Its version from now on.
    pub version: u64,
    /// The SKUs of its variants from now on.
    pub skus: Vec<Sku>,
}

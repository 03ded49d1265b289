//! What orders must know of a SKU before selling it.

use serde::{Deserialize, Serialize};
use techtrove_core::{Money, Sku};

use crate::{ProductId, VariantId};

/// How a product reaches the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// A parcel.
    #[default]
    Physical,
    /// A licence key; needs neither address nor shipping method.
    Digital,
}

impl Fulfilment {
    /// The word for it, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Physical => "physical",
            Self::Digital => "digital",
        }
    }
}

/// Asks which of these SKUs can be sold now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveSkusRequest {
    /// At most 200.
    pub skus: Vec<Sku>,
}

/// The SKUs that can be sold now; those asked for and missing here cannot (unknown, draft, archived).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveSkusResponse {
    /// In no particular order, each once.
    pub items: Vec<SellableSku>,
}

/// A SKU of an active product, as it is sold at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellableSku {
    /// The SKU.
    pub sku: Sku,
    /// Its product.
    pub product_id: ProductId,
    /// Its variant.
    pub variant_id: VariantId,
    /// The product's name, with the variant's options where it has any.
    pub name: String,
    /// The price of one piece.
    pub price: Money,
    /// How it reaches the customer.
    pub fulfilment: Fulfilment,
}

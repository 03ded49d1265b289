//! Stock as an import sets it, and as the public sees it.

use serde::{Deserialize, Serialize};
use techtrove_core::Sku;

techtrove_core::typed_id!(
    /// One change of a SKU's pieces in the building.
    MovementId, "mov"
);

/// What the public may know of a SKU's stock.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Nothing to be had.
    OutOfStock,
    /// At most the low-stock threshold.
    LowStock,
    /// Enough.
    InStock,
}

/// The data of [`crate::AVAILABILITY_CHANGED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailabilityChanged {
    /// Which SKU.
    pub sku: Sku,
    /// What holds from now on.
    pub availability: Availability,
}

/// Asks how many pieces of these SKUs are in the building.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadStockRequest {
    /// At most 1,000.
    pub skus: Vec<Sku>,
}

/// The stock of the SKUs that are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadStockResponse {
    /// Each SKU once, in no particular order.
    pub items: Vec<OnHand>,
}

/// How many pieces of a SKU are in the building.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnHand {
    /// Which SKU.
    pub sku: Sku,
    /// How many, reserved ones included.
    pub on_hand: i64,
    /// Up to how many available pieces it counts as low.
    pub low_stock_threshold: i64,
}

/// Makes SKUs known and sets their stock where a number is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStockRequest {
    /// Which part of which import, in 1 to 200 characters: it is set once, however often it is told, since a
    /// number that is set again would bring back what was sold since.
    pub part: String,
    /// At most 1,000, each SKU once.
    pub items: Vec<SetStock>,
}

/// One SKU of a [`SetStockRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStock {
    /// Which SKU.
    pub sku: Sku,
    /// Whether it is sold as licence keys, whose number is its stock: then `on_hand` is refused.
    #[serde(default)]
    pub keyed: bool,
    /// The pieces in the building; unchanged when absent.
    pub on_hand: Option<u32>,
    /// Up to how many available pieces it counts as low; unchanged when absent.
    #[serde(default)]
    pub low_stock_threshold: Option<u32>,
}

/// What became of each item, in the request's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStockResponse {
    /// One for each item.
    pub items: Vec<SetStockOutcome>,
}

/// What became of one [`SetStock`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStockOutcome {
    /// Which SKU.
    pub sku: Sku,
    /// The code and detail of the refusal, if it was refused.
    pub refused: Option<(String, String)>,
}

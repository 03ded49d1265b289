//! Orders' books, page by page, for `techtrove audit`.

use serde::{Deserialize, Serialize};
use techtrove_core::{Money, Timestamp};
use uuid::Uuid;

use crate::{OrderId, OrderStatus};

/// What an order must find in inventory's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockClaim {
    /// Nothing set aside.
    Nothing,
    /// Set aside, or about to be, or about to be given back or to leave.
    InFlight,
    /// Sold and not shipped yet, in whole or in part.
    Committed,
}

/// What came back of an order and is to stand in inventory's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnClaim {
    /// Which return, by the UUID of its id.
    pub id: Uuid,
    /// Whether it can be sold again.
    pub restock: bool,
    /// SKU and pieces.
    pub lines: Vec<(techtrove_core::Sku, u32)>,
}

/// One order, as the other books must mirror it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// Which order.
    pub id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// What inventory must show for it.
    pub stock: StockClaim,
    /// The lines that stock is claimed for: SKU and pieces.
    pub lines: Vec<(techtrove_core::Sku, u32)>,
    /// The payment, by the UUID of its id.
    pub payment: Uuid,
    /// What is charged.
    pub total: Money,
    /// What that must be, in minor units: the lines at their unit prices, less the discount, with
    /// shipping and the tax that no price includes.
    pub parts: i64,
    /// Minor units captured, as orders knows it.
    pub captured: i64,
    /// Minor units given back, as orders knows it.
    #[serde(default)]
    pub refunded: i64,
    /// What came back of it, as inventory was told.
    #[serde(default)]
    pub returns: Vec<ReturnClaim>,
    /// Whether no step is left to take.
    pub settled: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

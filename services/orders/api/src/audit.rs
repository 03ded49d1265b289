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
    /// Set aside, while the buyer does what the payment provider asks of them.
    Held,
    /// Sold and not shipped yet, in whole or in part.
    Committed,
    /// Sold, and gone.
    Left,
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

/// One line of an order: what was sold, what it costs, and what left of it and came back, by its own columns
/// and by the parcels and returns that they are the sum of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineEntry {
    /// What was bought.
    pub sku: techtrove_core::Sku,
    /// Whether it is a licence and no goods.
    pub digital: bool,
    /// How many pieces.
    pub quantity: u32,
    /// Minor units for one piece.
    pub unit_price: i64,
    /// Minor units for all of them.
    pub total: i64,
    /// The tax on them, or in them.
    pub tax: i64,
    /// Pieces that have left, as the line has it.
    pub shipped: u32,
    /// Pieces on their way back or back, as the line has it.
    pub returned: u32,
    /// Pieces in parcels that have left.
    pub in_parcels: u32,
    /// Pieces in returns that were not rejected.
    pub in_returns: u32,
}

/// What an order's total consists of, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The lines.
    pub subtotal: i64,
    /// What is taken off.
    pub discount: i64,
    /// Shipping.
    pub shipping: i64,
    /// Tax on lines and shipping.
    pub tax: i64,
    /// Whether the tax is in the prices, and not added to them.
    pub prices_include_tax: bool,
}

/// How many parcels an order has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelCount {
    /// Those that are being prepared.
    pub preparing: u32,
    /// Those that have left, with goods.
    pub travelled: u32,
}

/// A refund of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundClaim {
    /// Which refund, by the UUID of its id.
    pub id: Uuid,
    /// Minor units.
    pub amount: i64,
    /// Where it stands.
    pub state: RefundClaimState,
}

/// Where a refund of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundClaimState {
    /// Asked for.
    Pending,
    /// Given back.
    Made,
    /// Not given back.
    Failed,
}

/// A parcel of an order, as inventory was or is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelClaim {
    /// Which parcel, by the UUID of its id.
    pub id: Uuid,
    /// Of which order.
    pub order: OrderId,
    /// Whether it is known to have left.
    pub left: bool,
    /// SKU and pieces, in SKU order.
    pub lines: Vec<(techtrove_core::Sku, i64)>,
}

/// What a user has bought: the products of orders that were confirmed, whatever became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseClaim {
    /// Which user.
    pub user: Uuid,
    /// Which products.
    pub products: std::collections::BTreeSet<Uuid>,
}

/// The cart that an order was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartClaim {
    /// Whether the order is the live one of its cart.
    pub live: bool,
    /// Where the cart stands: `completed`; none when it is not kept any more.
    pub status: Option<String>,
    /// Which order the cart names.
    pub order: Option<OrderId>,
}

/// The history of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryClaim {
    /// Its stations, the first one first.
    pub stations: Vec<OrderStatus>,
    /// How many entries there are, of stations and all else.
    pub entries: u32,
    /// The number of the last one.
    pub last: u32,
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
    /// Whether its buyer was told that there is none.
    pub refused: bool,
    /// Whether it has a number.
    pub numbered: bool,
    /// Whether its buyer gave an address to write to.
    pub contact: bool,
    /// Its lines.
    pub lines: Vec<LineEntry>,
    /// Its parcels.
    pub parcels: ParcelCount,
    /// The payment, by the UUID of its id.
    pub payment: Uuid,
    /// Which provider was asked for the money.
    pub provider: String,
    /// How the payment stands, as orders knows it.
    pub payment_status: String,
    /// What is charged.
    pub total: Money,
    /// What that consists of.
    pub parts: Parts,
    /// Minor units captured, as orders knows it.
    pub captured: i64,
    /// Minor units given back, as orders knows it.
    pub refunded: i64,
    /// Its refunds.
    pub refunds: Vec<RefundClaim>,
    /// What came back of it, as inventory was told.
    pub returns: Vec<ReturnClaim>,
    /// Returns that are back, and of which inventory was not told yet.
    pub unbooked_returns: u32,
    /// Its history.
    pub history: HistoryClaim,
    /// Its cart, if it was made of one.
    pub cart: Option<CartClaim>,
    /// Whether no step is left to take.
    pub settled: bool,
    /// Whether the step to be taken is to give money back.
    pub refunding: bool,
    /// Whether somebody wants it cancelled.
    pub cancel_asked: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

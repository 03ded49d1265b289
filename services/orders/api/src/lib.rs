//! What orders shows the other services: an order for the mail about it, its events, its books, and
//! the typed client. The rules behind them live in `services/orders/src/domain`.

mod audit;
mod client;
mod order;
mod returns;

use techtrove_core::ErrorCode;

pub use audit::{
    CartClaim, HistoryClaim, LineEntry, OrderEntry, ParcelClaim, ParcelCount, Parts, PurchaseClaim,
    RefundClaim, RefundClaimState, ReturnClaim, StockClaim,
};
pub use client::OrdersClient;
pub use order::{
    LicenceKey, MailQuery, OrderAdopted, OrderChanged, OrderConfirmed, OrderForMail, OrderId,
    OrderLine, OrderRefunded, OrderStatus, Parcel, ParcelLine, ParcelShipped, ShipmentId, SoldLine,
    Totals,
};
pub use returns::{ReturnChanged, ReturnId, ReturnStatus};

/// The kind of aggregate whose events tell of an order.
pub const ORDER_AGGREGATE: &str = "orders.order";

/// Stock is committed and money reserved; carries [`OrderConfirmed`].
pub const ORDER_CONFIRMED: &str = "orders.order.confirmed.v1";

/// The order of a guest, confirmed before, is a user's from now on; carries [`OrderAdopted`].
pub const ORDER_ADOPTED: &str = "orders.order.adopted.v1";

/// The goods are being packed; carries [`OrderChanged`].
pub const ORDER_PROCESSING: &str = "orders.order.processing.v1";

/// All goods are on their way; carries [`OrderChanged`].
pub const ORDER_SHIPPED: &str = "orders.order.shipped.v1";

/// A parcel is on its way; carries [`ParcelShipped`].
pub const ORDER_PARCEL_SHIPPED: &str = "orders.order.parcel_shipped.v1";

/// All goods have arrived; carries [`OrderChanged`].
pub const ORDER_DELIVERED: &str = "orders.order.delivered.v1";

/// The licence keys of an order were revealed to its buyer; carries [`OrderChanged`].
pub const ORDER_KEYS_DELIVERED: &str = "orders.order.keys_delivered.v1";

/// The payment was refused and the stock given back; carries [`OrderChanged`].
pub const ORDER_PAYMENT_FAILED: &str = "orders.order.payment_failed.v1";

/// Money was given back; carries [`OrderRefunded`].
pub const ORDER_REFUNDED: &str = "orders.order.refunded.v1";

/// A buyer asks to send something back; carries [`ReturnChanged`].
pub const ORDER_RETURN_REQUESTED: &str = "orders.order.return_requested.v1";

/// The buyer may send it back; carries [`ReturnChanged`].
pub const ORDER_RETURN_APPROVED: &str = "orders.order.return_approved.v1";

/// The buyer is to keep it; carries [`ReturnChanged`].
pub const ORDER_RETURN_REJECTED: &str = "orders.order.return_rejected.v1";

/// It is back; carries [`ReturnChanged`].
pub const ORDER_RETURN_RECEIVED: &str = "orders.order.return_received.v1";

/// The order was given up and undone; carries [`OrderChanged`].
pub const ORDER_CANCELLED: &str = "orders.order.cancelled.v1";

/// Nobody is to be written to about an order: its buyer was told at once that there is none, or has no
/// account any more.
pub const NO_CONTACT: ErrorCode = ErrorCode::new("no_contact", 404, "Nobody to write to");

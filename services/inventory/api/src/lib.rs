//! What inventory shows the other services: reservations, stock of an import, its events, its books,
//! and the typed client. Internal types ignore unknown fields, so that versions may differ in a fleet.
//! The rules behind them live in `services/inventory/src/domain`.

mod audit;
mod client;
mod reservations;
mod stock;

pub use audit::{
    Gone, KeyCount, ParcelEntry, ReservationEntry, ReservedLine, ReturnEntry, StockEntry,
};
pub use client::InventoryClient;
pub use reservations::{
    HoldRequest, Line, OutOfStockLine, Reservation, ReservationId, ReservationState, ShipRequest,
    SoldKey, SoldKeys, TakeBackRequest,
};
pub use stock::{
    Availability, AvailabilityChanged, MovementId, OnHand, ReadStockRequest, ReadStockResponse,
    SetStock, SetStockOutcome, SetStockRequest, SetStockResponse,
};

use techtrove_core::ErrorCode;

/// The kind of aggregate whose events tell of a SKU's stock.
pub const STOCK_AGGREGATE: &str = "inventory.stock";

/// A SKU's availability for the public has changed; carries [`AvailabilityChanged`].
pub const AVAILABILITY_CHANGED: &str = "inventory.stock.availability_changed.v1";

/// Not enough is available; the member `lines` says of what ([`OutOfStockLine`]).
pub const OUT_OF_STOCK: ErrorCode = ErrorCode::new("out_of_stock", 409, "Out of stock");

/// The reservation has expired or was released.
pub const RESERVATION_ENDED: ErrorCode =
    ErrorCode::new("reservation_ended", 409, "The reservation has ended");

/// The reservation exists with other lines.
pub const RESERVATION_MISMATCH: ErrorCode =
    ErrorCode::new("reservation_mismatch", 409, "The reservation differs");

/// Stock cannot fall below what is held and committed.
pub const STOCK_RESERVED: ErrorCode = ErrorCode::new("stock_reserved", 409, "Stock is reserved");

/// The stock of a digital SKU is the number of its licence keys, which is not set by hand.
pub const STOCK_IS_KEYS: ErrorCode =
    ErrorCode::new("stock_is_keys", 409, "The stock is licence keys");

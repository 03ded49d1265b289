//! The rules of stock: what can be set aside, how a reservation moves, what the public may know.
//! Plain functions which decide; nothing here reads, writes or knows the time by itself. What they
//! decide is stored by `crate::app` in one transaction.

mod item;
mod keys;
mod lines;
mod movement;
mod parcel;
mod reservation;
mod stock;
mod taking_back;

pub use item::{CountRefused, StockItem};
pub use keys::{LicenceKey, NewKeys};
pub use lines::{InvalidLines, Lines, OutOfStock};
pub use movement::{Cause, InvalidReason, Movement, MovementKind, Reason};
pub use parcel::{Parcel, ShipDecision, decide_ship};
pub use reservation::{Effect, HoldDecision, Standing, Transition, Verb, decide_hold, transition};
pub use stock::{
    DEFAULT_THRESHOLD, ImpossibleStock, MAX_COUNT, MAX_THRESHOLD, NotEnough, Stock, StockReserved,
};
pub use taking_back::{Returned, TakeBackDecision, decide_take_back};

/// The one place where goods lie today. Rows and reservations are keyed by it from the start, so
/// that a second warehouse is new rows and not new tables.
pub const MAIN: &str = "main";

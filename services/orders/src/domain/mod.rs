//! The rules of orders: what an order is, what it costs, and which step comes after which answer.
//! Plain functions and types; nothing here waits, reads a clock or makes an id. The order of money
//! and goods stands in [`saga`], what is still owed to an order in [`next_step`], where it may go in
//! [`way`], the sums in [`totals`].

pub mod cart;
pub mod checkout;
mod destination;
mod duties;
mod edit;
mod number;
mod order;
mod refund;
mod refusal;
mod returns;
pub mod saga;
#[cfg(test)]
mod saga_properties;
#[cfg(test)]
mod saga_run;
#[cfg(test)]
mod saga_world;
mod shipment;
pub mod shipping;
mod status;
pub mod tax;
pub mod totals;
mod tracking;
mod words;
mod worth;

pub use destination::Destination;
pub use duties::{CapturePolicy, next_step};
pub use edit::{Edit, EditRefusal, MAX_NOTE, checked_note};
pub use number::OrderNumber;
pub use order::{Delivery, HistoryEntry, Line, Order, PaymentState, stock_claim};
pub use refund::{Refund, RefundStatus};
pub use refusal::Refusal;
pub use returns::{
    Booking, Return, ReturnRefusal, booking_from_word, booking_word, return_status_from_word,
    return_status_word,
};
pub use shipment::{
    Pieces, Shipment, ShipmentStatus, ShownPieces, ShownShipment, Withdrawal, pack,
};
pub use status::{InvalidTransition, way};
pub use techtrove_identity_api::{Address, Country, InvalidCountry};
pub use techtrove_orders_api::ReturnStatus;
pub use tracking::{Entry, EntryKind, PaymentNews};
pub use words::{
    UnknownWord, entry_kind_from_word, entry_kind_word, fulfilment_from_word, fulfilment_word,
    payment_status_from_word, payment_status_word, refund_status_from_word, refund_status_word,
    shipment_status_from_word, shipment_status_word, status_from_word, status_word, step_from_word,
    step_word, withdrawal_from_word, withdrawal_word,
};
pub use worth::worth;

//! The rules of orders: what an order is, what it costs, and which step comes after which answer.
//! Plain functions and types; nothing here waits, reads a clock or makes an id. The order of money
//! and goods stands in [`saga`], the sums in [`totals`].

mod address;
pub mod cart;
pub mod checkout;
mod country;
mod number;
mod order;
mod refusal;
pub mod saga;
#[cfg(test)]
mod saga_properties;
pub mod shipping;
pub mod tax;
pub mod totals;
mod tracking;
mod words;

pub use address::Address;
pub use country::{Country, Destination, InvalidCountry};
pub use number::OrderNumber;
pub use order::{Delivery, HistoryEntry, Line, Order, PaymentState, stock_claim};
pub use refusal::Refusal;
pub use tracking::{Entry, EntryKind, PaymentNews};
pub use words::{
    UnknownWord, entry_kind_from_word, entry_kind_word, fulfilment_from_word, fulfilment_word,
    payment_status_from_word, payment_status_word, status_from_word, status_word, step_from_word,
    step_word,
};

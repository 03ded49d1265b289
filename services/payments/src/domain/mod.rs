//! The rules of money: which operation may begin, what a provider's answer means, and what is booked
//! for it. Plain values and functions; it must never do I/O, read a clock or guess an outcome that
//! nobody told. Start with [`Payment`], then [`decide`] and [`settle`].

pub mod decide;
mod ledger;
mod looks;
mod operation;
mod payment;
mod secret;
mod settle;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod stranger;

pub use decide::{Decision, KnownRefund, Refusal};
pub use ledger::{Account, Booking};
pub use looks::{look_after_silence, next_look};
pub use operation::{Operation, OperationKind, OperationState, UnknownWord};
pub use payment::{
    ActionOutcome, Begun, CustomerAction, Payment, Terms, status_from_word, status_word,
};
pub use secret::{InvalidSecret, Secret};
pub use settle::{
    ChargeStatus, ProviderCharge, Settlement, Told, Unsettled, is_given_up, refund_failed, settle,
};

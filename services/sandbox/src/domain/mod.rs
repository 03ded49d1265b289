//! The provider's rules: what a token stands for and how a charge moves. Plain values and functions;
//! it must never do I/O or know who is calling. Start with [`Charge`].

mod charge;
mod intent;
mod key;
mod refund;
mod token;

#[cfg(test)]
mod properties;

pub use charge::{
    ActionOutcome, Change, Charge, Entry, EntryKind, Refusal, Status, Terms, UnknownStatus,
};
pub use intent::{Intent, InvalidIntent};
pub use key::{InvalidKey, Key};
pub use refund::{
    FailureCode, Refund, RefundFate, RefundMove, RefundOutcome, RefundStatus, UnknownRefundWord,
};
pub use token::{DeclineCode, Token, UnknownDeclineCode, UnknownToken, Verdict};

//! What can go wrong, and the only place where it becomes a status and a code.

use std::time::Duration;

use techtrove_core::{ErrorCode, Problem, codes};
use techtrove_db::DbError;

use crate::domain::{DeclineCode, FailureCode, Key, Refusal};

/// The token is none of the sandbox's.
pub const INVALID_TOKEN: ErrorCode = ErrorCode::new("invalid_token", 422, "Invalid token");

const KEY_REUSED: ErrorCode = ErrorCode::new("key_reused", 409, "Key reused");
const CHARGE_NOT_FOUND: ErrorCode = ErrorCode::new("charge_not_found", 404, "No such charge");
const CHARGE_DECLINED: ErrorCode =
    ErrorCode::new("charge_declined", 409, "The charge was declined");
const CHARGE_VOIDED: ErrorCode = ErrorCode::new("charge_voided", 409, "The charge is voided");
const CHARGE_CAPTURED: ErrorCode = ErrorCode::new("charge_captured", 409, "The charge is captured");
const CHARGE_REQUIRES_ACTION: ErrorCode =
    ErrorCode::new("charge_requires_action", 409, "The customer has to act first");
const NO_ACTION_REQUIRED: ErrorCode =
    ErrorCode::new("no_action_required", 409, "Nothing has to be done");
const CHARGE_CONFIRMED: ErrorCode =
    ErrorCode::new("charge_confirmed", 409, "The charge was confirmed already");
const CHARGE_NOT_CAPTURED: ErrorCode =
    ErrorCode::new("charge_not_captured", 409, "The charge is not captured");
const REFUND_EXCEEDS_CHARGE: ErrorCode =
    ErrorCode::new("refund_exceeds_charge", 409, "More than was captured");
const REFUND_REFUSED: ErrorCode =
    ErrorCode::new("refund_refused", 409, "Nothing is given back of this charge");
const REFUND_NOT_FOUND: ErrorCode = ErrorCode::new("refund_not_found", 404, "No such refund");

/// Why a request was not answered as wished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The books cannot be read or written.
    #[error("the sandbox's books: {0}")]
    Db(#[from] DbError),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing was ever asked or voided under the key.
    #[error("no charge {0}")]
    NoSuchCharge(Key),
    /// Nothing was ever asked back under the key.
    #[error("no refund {0}")]
    NoSuchRefund(Key),
    /// The refund was refused for good.
    #[error("the refund was refused: {}", .0.as_str())]
    RefundRefused(FailureCode),
    /// A bank has declined the card.
    #[error("the card was declined: {}", .0.as_str())]
    CardDeclined(DeclineCode),
    /// The token is none of the sandbox's.
    #[error("unknown token")]
    InvalidToken,
    /// A value of the request is not valid.
    #[error("{pointer}: {detail}")]
    Invalid {
        /// JSON Pointer to the value.
        pointer: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Two requests for one key met too often.
    #[error("too many requests for charge {0} at once")]
    Contended(Key),
    /// The answer was held back for so long that nobody can be waiting.
    #[error("the answer was held back")]
    HeldBack,
    /// A planned fault.
    #[error("a planned fault")]
    Failing,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::KeyReused => KEY_REUSED,
            Refusal::Declined => CHARGE_DECLINED,
            Refusal::Voided => CHARGE_VOIDED,
            Refusal::Captured => CHARGE_CAPTURED,
            Refusal::ActionRequired => CHARGE_REQUIRES_ACTION,
            Refusal::NoAction => NO_ACTION_REQUIRED,
            Refusal::Confirmed => CHARGE_CONFIRMED,
            Refusal::NotCaptured => CHARGE_NOT_CAPTURED,
            Refusal::RefundExceedsCharge => REFUND_EXCEEDS_CHARGE,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Db(error) => error.into(),
            Error::Refused(refusal) => refusal.into(),
            Error::NoSuchCharge(_) => Self::new(CHARGE_NOT_FOUND, detail),
            Error::NoSuchRefund(_) => Self::new(REFUND_NOT_FOUND, detail),
            Error::RefundRefused(code) => {
                Self::new(REFUND_REFUSED, detail).with("failure_code", code.as_str())
            }
            Error::CardDeclined(_) => Self::new(CHARGE_DECLINED, detail),
            Error::InvalidToken => Self::new(INVALID_TOKEN, detail),
            Error::Invalid { pointer, detail } => Self::invalid_field(pointer, detail),
            Error::Contended(_) => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(1))
            }
            Error::HeldBack => Self::new(codes::TIMEOUT, detail),
            Error::Failing => Self::new(codes::INTERNAL, detail),
        }
    }
}

//! What payments shows the other services: payments by id, their state, its books, and the typed
//! client. The caller chooses the payment's id, so that every call may be repeated. The rules behind
//! them live in `services/payments/src/domain`.

mod audit;
mod client;
mod payment;

pub use audit::{Asked, Booked, LedgerBalance, OpenKind, PaymentEntry, RefundEntry, RefundState};
pub use client::PaymentsClient;
pub use payment::{
    AuthorizeRequest, NextAction, Payment, PaymentChanged, PaymentId, PaymentStatus, RefundFailed,
    RefundId, RefundRequest,
};

use techtrove_core::ErrorCode;

/// The kind of aggregate whose events tell of a payment.
pub const PAYMENT_AGGREGATE: &str = "payments.payment";

/// The provider told something that nobody was waiting for: an action was completed, an answer came
/// late; carries [`PaymentChanged`].
pub const PAYMENT_CHANGED: &str = "payments.payment.changed.v1";

/// The provider has taken its word back that it gave money back; carries [`RefundFailed`].
pub const REFUND_FAILED: &str = "payments.refund.failed.v1";

/// The decline code of a payment whose token the provider does not know; asked for, it is 422.
pub const INVALID_TOKEN: &str = "invalid_token";

/// The provider refused the payment.
pub const PAYMENT_DECLINED: ErrorCode = ErrorCode::new("payment_declined", 402, "Payment declined");

/// The payment's state does not allow this.
pub const INVALID_TRANSITION: ErrorCode =
    ErrorCode::new("invalid_transition", 409, "Not possible in this state");

/// The webhook was not signed by the provider, or not now.
pub const INVALID_SIGNATURE: ErrorCode =
    ErrorCode::new("invalid_signature", 400, "Invalid signature");

/// Refunds would exceed what was captured.
pub const REFUND_EXCEEDS_PAYMENT: ErrorCode =
    ErrorCode::new("refund_exceeds_payment", 409, "More than was captured");

/// The provider does not give this money back. Under the same id it never will; the problem's member
/// [`FAILURE_CODE`] says why.
pub const REFUND_REFUSED: ErrorCode =
    ErrorCode::new("refund_refused", 409, "The refund was refused");

/// The member of [`REFUND_REFUSED`] with the provider's reason.
pub const FAILURE_CODE: &str = "failure_code";

/// The provider does not charge such an amount.
pub const AMOUNT_NOT_SUPPORTED: ErrorCode =
    ErrorCode::new("amount_not_supported", 422, "The amount cannot be charged");

/// Payments could not take an authorisation on: it is not stored, and the provider was not asked for money by it.
pub const PAYMENT_NOT_BEGUN: ErrorCode =
    ErrorCode::new("payment_not_begun", 503, "The payment was not begun");

/// Another money operation of this payment is under way.
pub const OPERATION_IN_PROGRESS: ErrorCode =
    ErrorCode::new("operation_in_progress", 409, "Another operation is under way");

/// The payment's or refund's id was used before, with other terms.
pub const PAYMENT_MISMATCH: ErrorCode =
    ErrorCode::new("payment_mismatch", 409, "The payment differs");

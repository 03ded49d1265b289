//! Which operation a request begins. Every request may come again, at any time and from several
//! callers at once: what is done is answered, what is open is asked again by its key, and at most one
//! operation is open. It must never begin a second one beside the first.

use techtrove_core::{Currency, Money, planted};
use techtrove_payments_api::PaymentStatus;

use super::{CustomerAction, OperationKind, OperationState, Payment, Terms};

/// Why a refund was refused that ended before reasons were kept.
const UNKNOWN_FAILURE: &str = "declined";

/// What to do about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the payment as it stands is the answer.
    Answer,
    /// Ask the provider again about the operation that is open.
    Resume,
    /// Store this operation, then ask the provider.
    Begin(OperationKind),
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The payment's state does not allow it.
    #[error("a payment that is {} cannot be {attempted}", super::status_word(*status))]
    InvalidTransition {
        /// Where the payment stands.
        status: PaymentStatus,
        /// What was asked for, as a past participle.
        attempted: &'static str,
    },
    /// Another operation of the payment is open.
    #[error("the payment's {} is still under way", open.word())]
    InProgress {
        /// Which.
        open: OperationKind,
    },
    /// More than is left of what was captured.
    #[error("the refund exceeds what is left of the captured amount")]
    RefundExceeds,
    /// The provider does not give this back, and never will under this id.
    #[error("the provider has refused the refund: {code}")]
    RefundRefused {
        /// The provider's reason.
        code: String,
    },
    /// The payment is in another currency.
    #[error("the payment is in {currency}")]
    CurrencyMismatch {
        /// The payment's.
        currency: Currency,
    },
    /// The id was used before, with other terms.
    #[error("the id was used before with other terms")]
    Mismatch,
}

/// A refund that was asked for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRefund {
    /// Whether it is of this payment.
    pub same_payment: bool,
    /// Minor units.
    pub amount: i64,
    /// Where its operation stands.
    pub state: OperationState,
    /// The provider's reason, when it was refused or has failed.
    pub failure_code: Option<String>,
}

/// A repeated request to authorise: the first one made the payment.
///
/// # Errors
/// When the terms differ.
pub fn authorize_again(payment: &Payment, terms: &Terms) -> Result<Decision, Refusal> {
    match &payment.terms {
        Some(own) if own != terms => return Err(Refusal::Mismatch),
        _ => {}
    }
    Ok(match open_kind(payment) {
        Some(OperationKind::Authorize) => Decision::Resume,
        _ => Decision::Answer,
    })
}

/// A request to take the reserved money.
///
/// # Errors
/// When none is reserved, or another operation is open.
pub fn capture(payment: &Payment) -> Result<Decision, Refusal> {
    use PaymentStatus::{
        Authorized, Captured, Failed, PartiallyRefunded, Refunded, RequiresAction, Unknown, Voided,
    };
    match open_kind(payment) {
        Some(OperationKind::Capture) => return Ok(Decision::Resume),
        // Nothing else can be open once the money is taken but a refund, which leaves it taken.
        Some(OperationKind::Refund) => return Ok(Decision::Answer),
        Some(OperationKind::Authorize) if payment.action.is_some() => {
            return Err(Refusal::InvalidTransition {
                status: RequiresAction,
                attempted: "captured",
            });
        }
        Some(open) => return Err(Refusal::InProgress { open }),
        None => {}
    }
    match payment.status {
        Authorized => Ok(Decision::Begin(OperationKind::Capture)),
        Captured if planted("captured-again") => Ok(Decision::Begin(OperationKind::Capture)),
        Captured | PartiallyRefunded | Refunded => Ok(Decision::Answer),
        status @ (Failed | Voided | Unknown | RequiresAction) => {
            Err(Refusal::InvalidTransition { status, attempted: "captured" })
        }
    }
}

/// A request to give the reserved money up, or the wish to reserve it.
///
/// # Errors
/// When the money is taken, or a capture or refund is open.
pub fn void(payment: &Payment) -> Result<Decision, Refusal> {
    use PaymentStatus::{
        Authorized, Captured, Failed, PartiallyRefunded, Refunded, RequiresAction, Unknown, Voided,
    };
    match open_kind(payment) {
        Some(OperationKind::Void) => return Ok(Decision::Resume),
        Some(OperationKind::Authorize) => return Ok(Decision::Begin(OperationKind::Void)),
        Some(open) => return Err(Refusal::InProgress { open }),
        None => {}
    }
    match payment.status {
        Authorized => Ok(Decision::Begin(OperationKind::Void)),
        Voided | Failed => Ok(Decision::Answer),
        status @ (Captured | PartiallyRefunded | Refunded | Unknown | RequiresAction) => {
            Err(Refusal::InvalidTransition { status, attempted: "voided" })
        }
    }
}

/// A request to void, by whoever looks after payments whose outcome nobody knows.
///
/// # Errors
/// When the outcome is known.
pub fn void_unknown(payment: &Payment) -> Result<Decision, Refusal> {
    match payment.shown_status() {
        PaymentStatus::Unknown | PaymentStatus::Voided => void(payment),
        status => Err(Refusal::InvalidTransition { status, attempted: "voided by hand" }),
    }
}

/// The customer has acted. Once the provider has told what came of it, a repetition finds that.
///
/// # Errors
/// When the provider does not wait for the customer, and never did, or the payment was given up.
pub fn complete_action(payment: &Payment) -> Result<Decision, Refusal> {
    match payment.action {
        Some(CustomerAction::Completed) => Ok(Decision::Answer),
        Some(CustomerAction::Required) if open_kind(payment) == Some(OperationKind::Authorize) => {
            Ok(Decision::Resume)
        }
        _ => {
            let status = payment.shown_status();
            Err(Refusal::InvalidTransition { status, attempted: "completed" })
        }
    }
}

/// The provider refused a request to authorise: the payment is given up by key, unless another request
/// has settled it.
#[must_use]
pub fn turned_away(payment: &Payment) -> Decision {
    match open_kind(payment) {
        Some(OperationKind::Authorize) => Decision::Begin(OperationKind::Void),
        Some(OperationKind::Void) => Decision::Resume,
        _ => Decision::Answer,
    }
}

/// A request to give `amount` back; `known` is what is stored under the refund's id.
///
/// # Errors
/// When less is left, nothing was taken, another operation is open, the currency is another, or the id
/// was used otherwise.
pub fn refund(
    payment: &Payment,
    amount: Money,
    known: Option<KnownRefund>,
) -> Result<Decision, Refusal> {
    if amount.currency != payment.currency {
        return Err(Refusal::CurrencyMismatch { currency: payment.currency });
    }
    let amount = amount.amount;
    if let Some(known) = known {
        return refund_again(known, amount);
    }
    if let Some(open) = open_kind(payment) {
        return Err(Refusal::InProgress { open });
    }
    match payment.status {
        PaymentStatus::Voided if planted("void-refunded") => {
            Ok(Decision::Begin(OperationKind::Refund))
        }
        PaymentStatus::Captured | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
            let sum = payment.refunded.checked_add(amount);
            match sum {
                Some(sum) if amount > 0 && sum <= payment.captured => {
                    Ok(Decision::Begin(OperationKind::Refund))
                }
                _ => Err(Refusal::RefundExceeds),
            }
        }
        status => Err(Refusal::InvalidTransition { status, attempted: "refunded" }),
    }
}

fn refund_again(known: KnownRefund, amount: i64) -> Result<Decision, Refusal> {
    if !known.same_payment || known.amount != amount {
        return Err(Refusal::Mismatch);
    }
    match known.state {
        OperationState::Open => Ok(Decision::Resume),
        OperationState::Done => Ok(Decision::Answer),
        OperationState::Refused | OperationState::Superseded => {
            let code = known.failure_code.unwrap_or_else(|| UNKNOWN_FAILURE.to_owned());
            Err(Refusal::RefundRefused { code })
        }
    }
}

fn open_kind(payment: &Payment) -> Option<OperationKind> {
    payment.open.as_ref().map(|open| open.kind)
}

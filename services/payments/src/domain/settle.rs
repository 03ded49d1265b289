//! What a provider's answer means for the operation that is open, whether it comes at once, after a
//! crash, or to a question asked again. One function for all of them: [`settle`]; only a refund can fail
//! once it has ended, [`refund_failed`]. It must never take silence for an answer, nor another charge's
//! answer for this one's.

use techtrove_core::{Money, planted};
use techtrove_payments_api::PaymentStatus;

use super::{Booking, CustomerAction, Operation, OperationKind, OperationState, Payment, ledger};

/// Where a charge stands at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeStatus {
    /// Waits for the customer; nothing is reserved.
    RequiresAction,
    /// Reserved.
    Authorized,
    /// Taken.
    Captured,
    /// Refused.
    Declined,
    /// Given up.
    Voided,
}

/// A charge as the provider shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderCharge {
    /// Our key for it.
    pub key: String,
    /// What it was asked for; nothing when it was voided before.
    pub amount: Option<Money>,
    /// Where it stands.
    pub status: ChargeStatus,
    /// Minor units taken.
    pub captured: i64,
    /// Why it was refused.
    pub decline_code: Option<String>,
    /// Where the customer does what the provider waits for, when that is a page of the provider.
    pub action_url: Option<String>,
}

/// What the provider told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The charge as it stands.
    Charge(ProviderCharge),
    /// The refund under this key is made, of so many minor units.
    Refunded {
        /// Our key for the refund.
        key: String,
        /// Minor units.
        amount: i64,
    },
    /// This request was not carried out and will not be, for this reason.
    Refused {
        /// The provider's reason.
        code: String,
    },
    /// It has not heard of the charge; a request may still be on its way.
    NoSuchCharge,
}

/// The end of an operation: what is stored, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The payment with nothing open.
    pub payment: Payment,
    /// How the operation ended.
    pub state: OperationState,
    /// What is booked for it.
    pub bookings: Vec<Booking>,
    /// The provider's reason, when it did not give money back.
    pub failure_code: Option<String>,
}

/// Why an answer does not end the operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsettled {
    /// The provider has not done it yet.
    #[error("the provider has not done it yet")]
    NotYet,
    /// The provider waits for the customer, on this page of its own, if it has one.
    #[error("the provider waits for the customer")]
    ActionRequired(Option<String>),
    /// The provider refused one request to authorise; another, with another token, may still be on its
    /// way. A void by key has to make sure.
    #[error("the provider refused the request: {0}")]
    TurnedAway(String),
    /// The provider tells what cannot be; somebody must look.
    #[error("the provider's books disagree: {0}")]
    Disagreement(&'static str),
}

/// What `told` means for the payment and its `open` operation.
///
/// # Errors
/// When the operation has to stay open.
pub fn settle(payment: &Payment, open: &Operation, told: &Told) -> Result<Settlement, Unsettled> {
    match told {
        Told::Charge(charge) => {
            check_charge(payment, charge)?;
            match open.kind {
                OperationKind::Authorize => authorize(payment, charge),
                OperationKind::Capture => capture(payment, open, charge),
                OperationKind::Void => void(payment, charge),
                OperationKind::Refund => Err(Unsettled::Disagreement("a charge answers a refund")),
            }
        }
        Told::Refunded { key, amount } => refunded(payment, open, key, *amount),
        Told::Refused { code } => refused(payment, open, code),
        Told::NoSuchCharge if open.kind == OperationKind::Authorize => Err(Unsettled::NotYet),
        Told::NoSuchCharge => Err(Unsettled::Disagreement("it does not know the charge")),
    }
}

/// Whether what the provider tells of the payment's charge is that it was given up, as a provider does by
/// itself with a reservation that has become too old.
#[must_use]
pub fn is_given_up(payment: &Payment, told: &Told) -> bool {
    let Told::Charge(charge) = told else { return false };
    charge.status == ChargeStatus::Voided && check_charge(payment, charge).is_ok()
}

fn check_charge(payment: &Payment, charge: &ProviderCharge) -> Result<(), Unsettled> {
    if charge.key != payment.id.to_string() {
        return Err(Unsettled::Disagreement("it tells of another charge"));
    }
    let agreed = payment.terms.as_ref().map(|terms| terms.amount);
    match charge.amount {
        None if charge.status == ChargeStatus::Voided => Ok(()),
        amount if amount == agreed => Ok(()),
        _ => Err(Unsettled::Disagreement("it tells of another amount")),
    }
}

fn authorize(payment: &Payment, charge: &ProviderCharge) -> Result<Settlement, Unsettled> {
    match charge.status {
        ChargeStatus::Authorized => {
            let bookings = ledger::authorized(payment.amount());
            let settlement =
                end(payment, PaymentStatus::Authorized, OperationState::Done, bookings);
            Ok(decided(settlement))
        }
        ChargeStatus::RequiresAction => Err(Unsettled::ActionRequired(charge.action_url.clone())),
        ChargeStatus::Declined => Ok(declined(payment, charge.decline_code.as_deref())),
        ChargeStatus::Voided => {
            Ok(end(payment, PaymentStatus::Voided, OperationState::Refused, Vec::new()))
        }
        ChargeStatus::Captured => {
            Err(Unsettled::Disagreement("it took money that was only to be reserved"))
        }
    }
}

fn capture(
    payment: &Payment,
    open: &Operation,
    charge: &ProviderCharge,
) -> Result<Settlement, Unsettled> {
    match charge.status {
        ChargeStatus::Captured if charge.captured == open.amount => {
            let mut settlement = end(
                payment,
                PaymentStatus::Captured,
                OperationState::Done,
                ledger::captured(open.amount),
            );
            settlement.payment.captured = open.amount;
            Ok(settlement)
        }
        ChargeStatus::Captured => Err(Unsettled::Disagreement("it took another amount")),
        ChargeStatus::Authorized => Err(Unsettled::NotYet),
        // The provider may end a reservation by itself, for instance when it has become too old.
        ChargeStatus::Voided => {
            let bookings = ledger::voided(payment.amount());
            Ok(end(payment, PaymentStatus::Voided, OperationState::Refused, bookings))
        }
        ChargeStatus::Declined => {
            Err(Unsettled::Disagreement("it declined what it had authorised"))
        }
        ChargeStatus::RequiresAction => Err(Unsettled::Disagreement(
            "it waits for the customer of money that it had authorised",
        )),
    }
}

fn void(payment: &Payment, charge: &ProviderCharge) -> Result<Settlement, Unsettled> {
    let was_authorized = payment.status == PaymentStatus::Authorized;
    match charge.status {
        ChargeStatus::Voided => {
            let bookings =
                if was_authorized { ledger::voided(payment.amount()) } else { Vec::new() };
            if payment.decline_code.is_some() {
                let failed = end(payment, PaymentStatus::Failed, OperationState::Done, bookings);
                return Ok(decided(failed));
            }
            Ok(end(payment, PaymentStatus::Voided, OperationState::Done, bookings))
        }
        ChargeStatus::Declined if !was_authorized => {
            Ok(declined(payment, charge.decline_code.as_deref()))
        }
        ChargeStatus::Declined => {
            Err(Unsettled::Disagreement("it declined what it had authorised"))
        }
        ChargeStatus::Authorized | ChargeStatus::RequiresAction => Err(Unsettled::NotYet),
        ChargeStatus::Captured => {
            Err(Unsettled::Disagreement("it took money that was to be given up"))
        }
    }
}

fn refunded(
    payment: &Payment,
    open: &Operation,
    key: &str,
    amount: i64,
) -> Result<Settlement, Unsettled> {
    let same =
        open.kind == OperationKind::Refund && key == open.provider_key && amount == open.amount;
    let sum = payment.refunded.checked_add(amount).filter(|&sum| same && sum <= payment.captured);
    let Some(sum) = sum else { return Err(Unsettled::Disagreement("it tells of another refund")) };
    let status = if sum == payment.captured && !planted("whole-refund-called-partial") {
        PaymentStatus::Refunded
    } else {
        PaymentStatus::PartiallyRefunded
    };
    let mut settlement = end(payment, status, OperationState::Done, ledger::refunded(amount));
    settlement.payment.refunded = sum;
    Ok(settlement)
}

/// The provider has taken its word back that it gave `amount` back, for `code`: what was booked for it is
/// booked the other way.
///
/// # Errors
/// When an operation is open, which has to end first, or less than that was given back.
pub fn refund_failed(payment: &Payment, amount: i64, code: &str) -> Result<Settlement, Unsettled> {
    if payment.open.is_some() {
        return Err(Unsettled::NotYet);
    }
    let left = payment.refunded.checked_sub(amount).filter(|&left| amount > 0 && left >= 0);
    let Some(left) = left else { return Err(Unsettled::Disagreement("it gave less back")) };
    let status = match left {
        _ if planted("lost-refund-left-standing") => payment.status,
        0 => PaymentStatus::Captured,
        _ => PaymentStatus::PartiallyRefunded,
    };
    let bookings = ledger::refund_failed(amount);
    let mut settlement = end(payment, status, OperationState::Refused, bookings);
    settlement.payment.refunded = left;
    settlement.failure_code = Some(code.to_owned());
    Ok(settlement)
}

fn refused(payment: &Payment, open: &Operation, code: &str) -> Result<Settlement, Unsettled> {
    match open.kind {
        OperationKind::Authorize => Err(Unsettled::TurnedAway(code.to_owned())),
        // Nothing was given back, so its amount is free again, under another id.
        OperationKind::Refund => {
            let ended = end(payment, payment.status, OperationState::Refused, Vec::new());
            Ok(Settlement { failure_code: Some(code.to_owned()), ..ended })
        }
        OperationKind::Capture | OperationKind::Void => {
            Err(Unsettled::Disagreement("it refuses without saying how the charge stands"))
        }
    }
}

fn declined(payment: &Payment, code: Option<&str>) -> Settlement {
    let mut settlement = end(payment, PaymentStatus::Failed, OperationState::Refused, Vec::new());
    settlement.payment.decline_code = Some(code.unwrap_or("declined").to_owned());
    decided(settlement)
}

/// The bank has decided: an action that it had wanted of the customer is over.
fn decided(mut settlement: Settlement) -> Settlement {
    let action = &mut settlement.payment.action;
    *action = action.map(|_| CustomerAction::Completed);
    settlement
}

fn end(
    payment: &Payment,
    status: PaymentStatus,
    state: OperationState,
    bookings: Vec<Booking>,
) -> Settlement {
    let payment = Payment { status, open: None, version: payment.version + 1, ..payment.clone() };
    Settlement { payment, state, bookings, failure_code: None }
}

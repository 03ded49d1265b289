//! What can go wrong, and the only place where it becomes a status and a code.

use std::time::Duration;

use techtrove_core::{ErrorCode, Problem, codes};
use techtrove_db::DbError;
use techtrove_payments_api as api;

use crate::{
    domain::{OperationKind, Refusal},
    provider::InvalidSignature,
};

/// Why a request was not answered as wished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The payments' database.
    #[error("the payments' database: {0}")]
    Db(#[from] DbError),
    /// The payments' database failed before an authorisation was written down, or before what it needs was: the
    /// provider was not asked for money.
    #[error("no money was asked for, the payments' database failed: {0}")]
    NotBegun(#[source] DbError),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such payment.
    #[error("no such payment")]
    NoSuchPayment,
    /// Neither a sign-in nor a guest's token.
    #[error("a payment is shown to its customer: sign in, or send the order's x-guest-token")]
    NoCredential,
    /// Somebody who may look at the payment, and not pay it.
    #[error("only the customer may complete the payment")]
    NotTheCustomer,
    /// There is no provider of this name to hear from.
    #[error("no such payment provider")]
    NoSuchSender,
    /// A webhook is not its provider's.
    #[error(transparent)]
    InvalidSignature(#[from] InvalidSignature),
    /// The payment changed between being read and being written: it has to be looked at again.
    #[error("the payment was changed by somebody else at the same time")]
    Overtaken,
    /// The provider has not told; the payment is as it was, and the operation stays open.
    #[error("the provider has not told the outcome of the {}", kind.word())]
    NotTold {
        /// What it was asked.
        kind: OperationKind,
    },
    /// A stored payment names a provider that is not set up.
    #[error("no provider {name:?} is set up")]
    NoSuchProvider {
        /// Its name.
        name: String,
    },
    /// The provider does not know the token; nothing was charged, and nothing will be.
    #[error("the payment provider does not know this token")]
    UnknownToken,
    /// The provider does not charge such an amount; nothing was charged, and nothing will be.
    #[error("the payment provider does not take such an amount")]
    AmountNotSupported,
    /// A value of the request is not valid.
    #[error("{pointer}: {detail}")]
    Invalid {
        /// JSON Pointer to the value.
        pointer: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl Error {
    /// The same, of an authorisation for which the provider cannot have been asked for money yet.
    pub(crate) fn before_asking(self) -> Self {
        match self {
            Self::Db(error) if error.is_transient() => Self::NotBegun(error),
            error => error,
        }
    }
}

/// How long a caller should wait before it asks again for what is under way.
const SOON: Duration = Duration::from_secs(1);

fn code_of(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::InvalidTransition { .. } => api::INVALID_TRANSITION,
        Refusal::InProgress { .. } => api::OPERATION_IN_PROGRESS,
        Refusal::RefundExceeds => api::REFUND_EXCEEDS_PAYMENT,
        Refusal::RefundRefused { .. } => api::REFUND_REFUSED,
        Refusal::CurrencyMismatch { .. } => codes::CURRENCY_MISMATCH,
        Refusal::Mismatch => api::PAYMENT_MISMATCH,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Db(error) => error.into(),
            Error::NotBegun(cause) => {
                let detail = "no money was asked for; try again a little later";
                Self::new(api::PAYMENT_NOT_BEGUN, detail).retry_after(SOON).caused_by(cause)
            }
            Error::Refused(refusal @ Refusal::InProgress { .. }) => {
                Self::new(code_of(&refusal), detail).retry_after(SOON)
            }
            Error::Refused(refusal) => {
                let problem = Self::new(code_of(&refusal), detail);
                match refusal {
                    Refusal::RefundRefused { code } => problem.with(api::FAILURE_CODE, code),
                    _ => problem,
                }
            }
            Error::NoSuchPayment | Error::NoSuchSender => Self::new(codes::NOT_FOUND, detail),
            Error::NoCredential => Self::new(codes::UNAUTHENTICATED, detail),
            Error::NotTheCustomer => Self::new(codes::FORBIDDEN, detail),
            Error::InvalidSignature(_) => Self::new(api::INVALID_SIGNATURE, detail),
            Error::Overtaken => Self::new(codes::UNAVAILABLE, detail).retry_after(SOON),
            Error::NotTold { .. } => Self::new(codes::UNKNOWN_OUTCOME, detail).retry_after(SOON),
            Error::NoSuchProvider { .. } => Self::internal(error),
            Error::AmountNotSupported => Self::new(api::AMOUNT_NOT_SUPPORTED, detail),
            Error::UnknownToken => Self::invalid_field("/token", detail),
            Error::Invalid { pointer, detail } => Self::invalid_field(pointer, detail),
        }
    }
}

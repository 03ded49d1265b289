//! Who holds the customers' money, behind one question-and-answer face. A provider is a stranger: it is
//! asked outside any transaction, within a deadline, always by our key, and what it does not tell stays
//! unknown. A new provider is a module beside [`sandbox`] and a line where the service is built.

pub mod sandbox;
mod signature;

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use http::HeaderMap;
use techtrove_core::{Money, Timestamp};
use techtrove_payments_api::{NextAction, PaymentId};

pub use signature::{InvalidSignature, WebhookSecret, verify};

use crate::domain::{ActionOutcome, Operation, OperationKind, Secret, Told};

/// What a provider is asked. Every question may be repeated and is told apart by our keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Reserve money under this key.
    Authorize {
        /// Our key for the charge.
        key: &'a str,
        /// How much.
        amount: Money,
        /// With what.
        token: &'a Secret,
    },
    /// How does the charge stand?
    Lookup {
        /// Our key for the charge.
        key: &'a str,
    },
    /// The customer has acted.
    CompleteAction {
        /// Our key for the charge.
        key: &'a str,
        /// With what outcome.
        outcome: ActionOutcome,
    },
    /// Take the reserved money.
    Capture {
        /// Our key for the charge.
        key: &'a str,
    },
    /// Give the charge up, also one that never arrived, and refuse it if it still does.
    Void {
        /// Our key for the charge.
        key: &'a str,
    },
    /// Give money back.
    Refund {
        /// Our key for the charge.
        key: &'a str,
        /// Our key for the refund.
        refund: &'a str,
        /// Minor units.
        amount: i64,
    },
}

impl<'a> Question<'a> {
    /// The question about an open operation that needs no secret. A capture, a void and a refund are
    /// simply asked for again by their keys; whether money was reserved can only be looked up.
    #[must_use]
    pub fn again(charge: &'a str, operation: &'a Operation) -> Self {
        match operation.kind {
            OperationKind::Authorize => Self::Lookup { key: charge },
            OperationKind::Capture => Self::Capture { key: charge },
            OperationKind::Void => Self::Void { key: charge },
            OperationKind::Refund => Self::Refund {
                key: charge,
                refund: &operation.provider_key,
                amount: operation.amount,
            },
        }
    }

    /// What is asked, in one word, for logs and figures.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Authorize { .. } => "authorize",
            Self::Lookup { .. } => "lookup",
            Self::CompleteAction { .. } => "complete_action",
            Self::Capture { .. } => "capture",
            Self::Void { .. } => "void",
            Self::Refund { .. } => "refund",
        }
    }
}

/// A webhook as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

/// The provider has not told. What was asked may have been done, or may be done yet.
#[derive(Debug, thiserror::Error)]
#[error("the provider has not told: {0}")]
pub struct NoAnswer(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A payment provider.
pub trait Provider: Send + Sync + fmt::Debug {
    /// The name by which requests choose it.
    fn name(&self) -> &'static str;

    /// What the customer has to do while the provider waits for it.
    fn next_action(&self, payment: PaymentId) -> NextAction;

    /// Our key for the charge that a webhook tells of, if it tells of one.
    ///
    /// # Errors
    /// When the provider did not sign it, or not now.
    fn read_webhook(
        &self,
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<Option<String>, InvalidSignature>;

    /// Asks, within the provider's deadline.
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Told, NoAnswer>>;
}

/// The providers that are set up.
#[derive(Clone, Debug)]
pub struct Providers(Arc<[Arc<dyn Provider>]>);

impl Providers {
    /// These providers; of two with one name the first is taken.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn Provider>>) -> Self {
        Self(providers.into())
    }

    /// The provider called `name`, when there is one.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&dyn Provider> {
        self.0.iter().find(|provider| provider.name() == name).map(AsRef::as_ref)
    }
}

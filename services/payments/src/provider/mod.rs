//! Who holds the customers' money, behind one question-and-answer face. A provider is a stranger: it is
//! asked outside any transaction, within a deadline, always by our key, and what it does not tell stays
//! unknown. A new provider is a module beside [`sandbox`] and [`stripe`], and a line where the service is
//! built.

pub mod sandbox;
mod signature;
pub mod stripe;

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use http::HeaderMap;
use techtrove_core::{Currency, Money, Timestamp};
use techtrove_payments_api::NextAction;

pub use signature::{InvalidSignature, WebhookSecret, verify};

use crate::domain::{ActionOutcome, Operation, OperationKind, Payment, Secret, Told};

/// The longest reason of a refusal that is kept.
const MAX_CODE: usize = 64;

/// Which charge a provider is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeName<'a> {
    /// Our key for it.
    pub key: &'a str,
    /// The provider's own name for it, where it has one: told by [`Provider::introduce`].
    pub reference: Option<&'a str>,
}

/// What a provider is asked. Every question may be repeated and is told apart by our keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Reserve money.
    Authorize {
        /// Which charge.
        charge: ChargeName<'a>,
        /// How much.
        amount: Money,
        /// With what.
        token: &'a Secret,
    },
    /// How does the charge stand?
    Lookup {
        /// Which charge.
        charge: ChargeName<'a>,
    },
    /// The customer has acted.
    CompleteAction {
        /// Which charge.
        charge: ChargeName<'a>,
        /// With what outcome.
        outcome: ActionOutcome,
    },
    /// Take the reserved money.
    Capture {
        /// Which charge.
        charge: ChargeName<'a>,
    },
    /// Give the charge up, also one that never arrived, and refuse it if it still does.
    Void {
        /// Which charge.
        charge: ChargeName<'a>,
    },
    /// Give money back.
    Refund {
        /// Which charge.
        charge: ChargeName<'a>,
        /// Our key for the refund.
        refund: &'a str,
        /// How much.
        amount: Money,
    },
    /// How does a refund stand that was made? It is never made by asking.
    LookupRefund {
        /// Of which charge.
        charge: ChargeName<'a>,
        /// Our key for the refund.
        refund: &'a str,
    },
}

impl<'a> Question<'a> {
    /// The question about an open operation that needs no secret. A capture, a void and a refund are
    /// simply asked for again by their keys; whether money was reserved can only be looked up.
    #[must_use]
    pub fn again(charge: ChargeName<'a>, operation: &'a Operation, currency: Currency) -> Self {
        match operation.kind {
            OperationKind::Authorize => Self::Lookup { charge },
            OperationKind::Capture => Self::Capture { charge },
            OperationKind::Void => Self::Void { charge },
            OperationKind::Refund => Self::Refund {
                charge,
                refund: &operation.provider_key,
                amount: Money::new(operation.amount, currency),
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
            Self::LookupRefund { .. } => "lookup_refund",
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

/// What a webhook tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Our key for the charge.
    pub charge: String,
    /// Our key for the refund that is said to have failed, if that is said.
    pub failed_refund: Option<String>,
    /// Whether the charge is said to have been given up.
    pub given_up: bool,
}

/// The provider has not told. What was asked may have been done, or may be done yet.
#[derive(Debug, thiserror::Error)]
#[error("the provider has not told: {0}")]
pub struct NoAnswer(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl NoAnswer {
    /// What happened, with what caused it. Neither holds what was sent: a client's error tells who was
    /// called, a provider's its status and its codes.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let first: &(dyn std::error::Error + 'static) = &*self.0;
        let causes = std::iter::successors(Some(first), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

/// A payment provider.
pub trait Provider: Send + Sync + fmt::Debug {
    /// The name by which requests choose it.
    fn name(&self) -> &'static str;

    /// What the customer has to do while the provider waits for it, if there is a place to do it.
    fn next_action(&self, payment: &Payment) -> Option<NextAction>;

    /// What a webhook tells of, if it tells of a charge.
    ///
    /// # Errors
    /// When the provider did not sign it, or not now.
    fn read_webhook(
        &self,
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<Option<Heard>, InvalidSignature>;

    /// Makes the charge known to the provider before any money is asked for, and tells the provider's own
    /// name for it; none where it goes by our keys. Only who has stored the name asks for money under it,
    /// so a charge without one never holds any.
    fn introduce<'a>(
        &'a self,
        key: &'a str,
        amount: Money,
    ) -> BoxFuture<'a, Result<Option<String>, NoAnswer>>;

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

/// A stranger's code, if it is fit to be kept and shown.
fn fit_code(text: &str) -> String {
    let fit = (1..=MAX_CODE).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fit { text.to_owned() } else { "declined".to_owned() }
}

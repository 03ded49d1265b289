//! A payment of one order: what was agreed, what is certain, and the one operation that may be open.
//! Its fields say only what the provider has told; while an operation is open nothing else may change
//! it. Which operation may begin: [`super::decide`]; how one ends: [`super::settle`].

use serde::{Deserialize, Serialize};
use techtrove_core::{Currency, Money, Timestamp};
use techtrove_payments_api::{Payment as Shown, PaymentId, PaymentStatus};
use uuid::Uuid;

use super::{Operation, OperationKind, UnknownWord};

/// What was agreed with the caller; a repetition must say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The order it is for.
    pub reference: Uuid,
    /// Who holds the money.
    pub provider: String,
    /// The signed-in customer who pays, by the UUID of their id; none for a guest.
    pub owner: Option<Uuid>,
    /// How much; always positive.
    pub amount: Money,
}

/// What came of the customer's action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionOutcome {
    /// The customer confirmed the payment.
    #[default]
    Succeed,
    /// The customer did not.
    Fail,
}

/// What the provider wants of the customer before it reserves the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CustomerAction {
    /// It waits for the customer; the authorisation stays open meanwhile, and no money is reserved.
    Required,
    /// The customer has acted, and the provider has told the outcome.
    Completed,
}

impl CustomerAction {
    const ALL: [Self; 2] = [Self::Required, Self::Completed];

    /// The action in one word, as stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Completed => "completed",
        }
    }

    /// The action behind its word.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_word(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|action| action.word() == word)
            .ok_or(UnknownWord { what: "customer action" })
    }
}

/// A payment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Which payment.
    pub id: PaymentId,
    /// What was agreed; none when it was given up before it was ever asked for.
    pub terms: Option<Terms>,
    /// The currency of every amount.
    pub currency: Currency,
    /// What is certain.
    pub status: PaymentStatus,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
    /// What the provider wants of the customer, or wanted.
    pub action: Option<CustomerAction>,
    /// Where the customer does it, when that is a page of the provider.
    pub action_url: Option<String>,
    /// The provider's reason when it refused.
    pub decline_code: Option<String>,
    /// The provider's own name for the charge, where it does not go by our keys; stored before money is
    /// asked for.
    pub provider_reference: Option<String>,
    /// What the provider was asked and has not told.
    pub open: Option<Operation>,
    /// Counts the changes; guards them too.
    pub version: i64,
}

/// What begins an operation: to be stored before the provider is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The payment with the operation open.
    pub payment: Payment,
    /// The operation.
    pub operation: Operation,
    /// The number of the open operation that it takes the place of.
    pub supersedes: Option<i64>,
}

impl Payment {
    /// A new payment, with its authorisation open.
    #[must_use]
    pub fn authorize(id: PaymentId, terms: Terms, now: Timestamp) -> Begun {
        let (amount, currency) = (terms.amount.amount, terms.amount.currency);
        let mut payment = Self {
            terms: Some(terms),
            version: 0,
            status: PaymentStatus::Unknown,
            ..Self::never(id, currency)
        };
        let operation = payment.open_next(OperationKind::Authorize, amount, id.to_string(), now);
        Begun { payment, operation, supersedes: None }
    }

    /// A payment given up before it was asked for: the provider has never heard of it, and a late
    /// request to authorise it finds it voided.
    #[must_use]
    pub fn never(id: PaymentId, currency: Currency) -> Self {
        Self {
            id,
            terms: None,
            currency,
            status: PaymentStatus::Voided,
            captured: 0,
            refunded: 0,
            action: None,
            action_url: None,
            decline_code: None,
            provider_reference: None,
            open: None,
            version: 1,
        }
    }

    /// Begins a capture or a void of the whole amount, a void also in the place of an authorisation
    /// that is still open. Whether it may, [`super::decide`] says.
    #[must_use]
    pub fn begin(&self, kind: OperationKind, now: Timestamp) -> Begun {
        let mut payment = self.clone();
        let operation = payment.open_next(kind, self.amount(), self.id.to_string(), now);
        Begun { payment, operation, supersedes: self.open.as_ref().map(|open| open.number) }
    }

    /// Begins a void in the place of an authorisation that the provider refused for `reason`: once it is
    /// done, the payment has failed. Without a reason it was not asked for money, and the payment is voided.
    #[must_use]
    pub fn begin_turning_away(&self, reason: Option<String>, now: Timestamp) -> Begun {
        let mut begun = self.begin(OperationKind::Void, now);
        begun.payment.decline_code = reason;
        begun
    }

    /// Begins a refund of `amount` minor units under the provider's `key`.
    #[must_use]
    pub fn begin_refund(&self, key: String, amount: i64, now: Timestamp) -> Begun {
        let mut payment = self.clone();
        let operation = payment.open_next(OperationKind::Refund, amount, key, now);
        Begun { payment, operation, supersedes: None }
    }

    fn open_next(
        &mut self,
        kind: OperationKind,
        amount: i64,
        provider_key: String,
        opened_at: Timestamp,
    ) -> Operation {
        self.version += 1;
        let operation = Operation { number: self.version, kind, amount, provider_key, opened_at };
        self.open = Some(operation.clone());
        operation
    }

    /// What was asked for, in minor units; nothing when it never was.
    #[must_use]
    pub fn amount(&self) -> i64 {
        self.terms.as_ref().map_or(0, |terms| terms.amount.amount)
    }

    /// The payment now that the provider waits for its customer, on this page of its own, if it has one.
    #[must_use]
    pub fn awaiting_customer(&self, url: Option<String>) -> Self {
        Self { action: Some(CustomerAction::Required), action_url: url, ..self.clone() }
    }

    /// Where the payment stands for others. While the provider has not told whether it holds the money,
    /// that is unknown.
    #[must_use]
    pub fn shown_status(&self) -> PaymentStatus {
        match self.open.as_ref().map(|open| open.kind) {
            Some(OperationKind::Authorize) if self.action.is_some() => {
                PaymentStatus::RequiresAction
            }
            Some(OperationKind::Authorize | OperationKind::Void) => PaymentStatus::Unknown,
            Some(OperationKind::Capture | OperationKind::Refund) | None => self.status,
        }
    }

    /// The payment as the other services see it, without what only its provider knows.
    #[must_use]
    pub fn show(&self) -> Shown {
        Shown {
            id: self.id,
            status: self.shown_status(),
            amount: Money::new(self.amount(), self.currency),
            captured: self.captured,
            refunded: self.refunded,
            next_action: None,
            decline_code: self.decline_code.clone(),
        }
    }
}

const STATUSES: [(PaymentStatus, &str); 8] = [
    (PaymentStatus::Unknown, "unknown"),
    (PaymentStatus::RequiresAction, "requires_action"),
    (PaymentStatus::Authorized, "authorized"),
    (PaymentStatus::Captured, "captured"),
    (PaymentStatus::Failed, "failed"),
    (PaymentStatus::Voided, "voided"),
    (PaymentStatus::PartiallyRefunded, "partially_refunded"),
    (PaymentStatus::Refunded, "refunded"),
];

/// A status in one word, as stored.
#[must_use]
pub fn status_word(status: PaymentStatus) -> &'static str {
    STATUSES.iter().find(|(known, _)| *known == status).map_or("unknown", |(_, word)| word)
}

/// The status behind its word.
///
/// # Errors
/// When there is none.
pub fn status_from_word(word: &str) -> Result<PaymentStatus, UnknownWord> {
    STATUSES
        .iter()
        .find(|(_, known)| *known == word)
        .map(|(status, _)| *status)
        .ok_or(UnknownWord { what: "payment status" })
}

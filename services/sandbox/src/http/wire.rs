//! The provider's JSON, and nobody else's.

use serde::{Deserialize, Serialize};
use techtrove_core::{Currency, Money};

use crate::{
    app::Refunded,
    domain::{
        ActionOutcome, Charge, DeclineCode, FailureCode, Key, Refund, RefundOutcome, Terms, Token,
    },
    error::Error,
    store::Listed,
};

/// Asks for a charge.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    key: String,
    amount: i64,
    currency: String,
    token: String,
    /// Whether to take the money at once; the sandbox only ever reserves it first.
    #[serde(default)]
    capture: bool,
}

/// Asks for money back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    key: String,
    amount: i64,
}

/// What the customer did, or the bank decided.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompletedAction {
    #[serde(default)]
    outcome: Outcome,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    #[default]
    Succeed,
    Fail,
}

/// A charge as it stands.
#[derive(Serialize)]
pub struct ChargeBody {
    key: String,
    amount: i64,
    /// `null` when the charge was voided before it was asked for.
    currency: Option<&'static str>,
    status: &'static str,
    captured: i64,
    refunded: i64,
    decline_code: Option<&'static str>,
}

/// A refund as it stands.
#[derive(Serialize)]
pub struct RefundBody {
    key: String,
    amount: i64,
    status: &'static str,
    failure_code: Option<&'static str>,
    /// The charge from now on.
    charge: ChargeBody,
}

/// A charge beside the ledger's sums and its refunds.
#[derive(Serialize)]
pub struct ListedBody {
    #[serde(flatten)]
    charge: ChargeBody,
    ledger: LedgerBody,
    refunds: Vec<ListedRefund>,
}

#[derive(Serialize)]
struct ListedRefund {
    key: String,
    amount: i64,
    status: &'static str,
}

#[derive(Serialize)]
struct LedgerBody {
    authorized: i64,
    captured: i64,
    voided: i64,
    refunded: i64,
    other_currency: bool,
}

impl NewCharge {
    /// The key and terms, once every value is valid.
    pub fn check(self) -> Result<(Key, Terms), Error> {
        let currency: Currency = self
            .currency
            .parse()
            .map_err(|_| invalid("/currency", "not a currency of ISO 4217"))?;
        if self.capture {
            return Err(invalid("/capture", "the sandbox captures by a request of its own"));
        }
        let money = Money::new(positive(self.amount)?, currency);
        let key = key(&self.key)?;
        let token: Token = self.token.parse().map_err(|_| Error::InvalidToken)?;
        Ok((key, Terms { money, token }))
    }
}

impl CompletedAction {
    /// What the customer did, as the rules know it.
    pub fn outcome(&self) -> ActionOutcome {
        match self.outcome {
            Outcome::Succeed => ActionOutcome::Succeeded,
            Outcome::Fail => ActionOutcome::Failed,
        }
    }

    /// What the bank decided of a refund.
    pub fn refund_outcome(&self) -> RefundOutcome {
        match self.outcome {
            Outcome::Succeed => RefundOutcome::Succeeded,
            Outcome::Fail => RefundOutcome::Failed,
        }
    }
}

impl NewRefund {
    /// The refund's key and amount, once both are valid.
    pub fn check(&self) -> Result<(Key, i64), Error> {
        Ok((key(&self.key)?, positive(self.amount)?))
    }
}

fn key(text: &str) -> Result<Key, Error> {
    text.parse().map_err(|error: crate::domain::InvalidKey| invalid("/key", &error.to_string()))
}

fn positive(amount: i64) -> Result<i64, Error> {
    if amount > 0 { Ok(amount) } else { Err(invalid("/amount", "an amount is at least 1")) }
}

fn invalid(pointer: &'static str, detail: &str) -> Error {
    Error::Invalid { pointer, detail: detail.to_owned() }
}

impl From<&Charge> for ChargeBody {
    fn from(charge: &Charge) -> Self {
        Self {
            key: charge.key.to_string(),
            amount: charge.terms.map_or(0, |terms| terms.money.amount),
            currency: charge.currency().map(Currency::code),
            status: charge.status.as_str(),
            captured: charge.captured,
            refunded: charge.refunded,
            decline_code: charge.decline_code.map(DeclineCode::as_str),
        }
    }
}

impl From<&Refunded> for RefundBody {
    fn from(Refunded { refund, charge }: &Refunded) -> Self {
        Self {
            key: refund.key.to_string(),
            amount: refund.amount,
            status: refund.status.as_str(),
            failure_code: refund.failure.map(FailureCode::as_str),
            charge: ChargeBody::from(charge),
        }
    }
}

impl From<&Refund> for ListedRefund {
    fn from(refund: &Refund) -> Self {
        let Refund { key, amount, status, .. } = refund;
        Self { key: key.to_string(), amount: *amount, status: status.as_str() }
    }
}

impl From<&Listed> for ListedBody {
    fn from(listed: &Listed) -> Self {
        Self {
            charge: ChargeBody::from(&listed.charge),
            ledger: LedgerBody {
                authorized: listed.authorized,
                captured: listed.captured,
                voided: listed.voided,
                refunded: listed.refunded,
                other_currency: listed.other_currency,
            },
            refunds: listed.refunds.iter().map(ListedRefund::from).collect(),
        }
    }
}

//! Money of a charge given back under the caller's key, by the fate that the charge's token brings to
//! it. What was refused or has failed stays so under its key; only a bank's later word makes a refund of
//! a pending one, or takes back what was said to be given back.

use std::str::FromStr;

use techtrove_core::Money;

use super::{Change, Charge, Entry, EntryKind, Key, Refusal, Status, Terms};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// The bank has not decided; nothing is given back yet.
    Pending,
    /// Given back.
    Succeeded,
    /// The bank did not take it, at once or after all.
    Failed,
    /// Never begun.
    Refused,
}

/// Why money is not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// The card that it would go to is gone.
    ExpiredOrCanceledCard,
    /// The customer's bank has claimed the money itself.
    ChargeDisputed,
}

/// The text is no word of a refund's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word of the sandbox's refunds")]
pub struct UnknownRefundWord;

/// What a charge's token brings to its refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundFate {
    /// Each is made.
    Made,
    /// Each is refused.
    Refused,
    /// The first one fails, the others are made.
    FirstFails,
    /// The first one waits for the bank, the others are made.
    FirstWaits,
}

/// How the bank decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money has arrived.
    Succeeded,
    /// It has not, and will not.
    Failed,
}

/// A refund as the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The caller's name for it.
    pub key: Key,
    /// Minor units; always positive.
    pub amount: i64,
    /// Where it stands.
    pub status: RefundStatus,
    /// Why it is not given back, if it is not.
    pub failure: Option<FailureCode>,
}

/// A refund from now on, with what becomes of its charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundMove {
    /// The refund.
    pub refund: Refund,
    /// What changes with it.
    pub change: Change,
}

impl RefundStatus {
    const ALL: [Self; 4] = [Self::Pending, Self::Succeeded, Self::Failed, Self::Refused];

    /// The status in one word, as stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for RefundStatus {
    type Err = UnknownRefundWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownRefundWord)
    }
}

impl FailureCode {
    /// The code's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExpiredOrCanceledCard => "expired_or_canceled_card",
            Self::ChargeDisputed => "charge_disputed",
        }
    }
}

impl FromStr for FailureCode {
    type Err = UnknownRefundWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::ExpiredOrCanceledCard, Self::ChargeDisputed]
            .into_iter()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownRefundWord)
    }
}

impl Charge {
    /// Gives `amount` back under `key`; `before` are the charge's refunds so far. A repetition finds the
    /// refund as it stands, and nothing to do.
    ///
    /// # Errors
    /// When less is left, nothing was taken, or the key was used for another amount.
    pub fn refund(&self, key: &Key, amount: i64, before: &[Refund]) -> Result<RefundMove, Refusal> {
        if let Some(known) = before.iter().find(|refund| refund.key == *key) {
            let same = known.amount == amount;
            let known = RefundMove { refund: known.clone(), change: Change::None };
            return if same { Ok(known) } else { Err(Refusal::KeyReused) };
        }
        let (Status::Captured, Some(terms)) = (self.status, self.terms) else {
            return Err(Refusal::NotCaptured);
        };
        let (status, failure) = match (terms.token.refund_fate(), before) {
            (RefundFate::Refused, _) => (RefundStatus::Refused, Some(FailureCode::ChargeDisputed)),
            (RefundFate::FirstFails, []) => {
                (RefundStatus::Failed, Some(FailureCode::ExpiredOrCanceledCard))
            }
            (RefundFate::FirstWaits, []) => (RefundStatus::Pending, None),
            _ => (RefundStatus::Succeeded, None),
        };
        let made = self.given_back(key, amount, terms)?;
        let change = if status == RefundStatus::Succeeded { made } else { Change::None };
        Ok(RefundMove { refund: Refund { key: key.clone(), amount, status, failure }, change })
    }

    /// The bank's word on a refund that waits for it, or its second word on one that was made. The first
    /// outcome counts otherwise; a repetition finds what it led to.
    ///
    /// # Errors
    /// When less is left than a waiting refund is of.
    pub fn end_refund(
        &self,
        refund: &Refund,
        outcome: RefundOutcome,
    ) -> Result<RefundMove, Refusal> {
        let unchanged = RefundMove { refund: refund.clone(), change: Change::None };
        let Some(terms) = self.terms else { return Ok(unchanged) };
        let failed = || Refund {
            status: RefundStatus::Failed,
            failure: Some(FailureCode::ExpiredOrCanceledCard),
            ..refund.clone()
        };
        match (refund.status, outcome) {
            (RefundStatus::Pending, RefundOutcome::Succeeded) => Ok(RefundMove {
                change: self.given_back(&refund.key, refund.amount, terms)?,
                refund: Refund { status: RefundStatus::Succeeded, ..refund.clone() },
            }),
            (RefundStatus::Pending, RefundOutcome::Failed) => {
                Ok(RefundMove { refund: failed(), change: Change::None })
            }
            (RefundStatus::Succeeded, RefundOutcome::Failed) => {
                let refunded = self.refunded.saturating_sub(refund.amount);
                let kind = EntryKind::RefundFailed(refund.key.clone());
                let money = Money::new(refund.amount, terms.money.currency);
                let charge = Self { refunded, ..self.clone() };
                let change = Change::To(charge, Some(Entry { kind, money }));
                Ok(RefundMove { refund: failed(), change })
            }
            _ => Ok(unchanged),
        }
    }

    fn given_back(&self, key: &Key, amount: i64, terms: Terms) -> Result<Change, Refusal> {
        let refunded = self
            .refunded
            .checked_add(amount)
            .filter(|&sum| amount > 0 && sum <= self.captured)
            .ok_or(Refusal::RefundExceedsCharge)?;
        let charge = Self { refunded, ..self.clone() };
        let money = Money::new(amount, terms.money.currency);
        Ok(Change::To(charge, Some(Entry { kind: EntryKind::Refunded(key.clone()), money })))
    }
}

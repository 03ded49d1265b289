//! A charge: money reserved under the caller's key, then taken or given up. Every function decides
//! what a request changes and what it adds to the ledger, and finds nothing to do in a repetition; a
//! change must never happen without its [`Entry`].

use std::str::FromStr;

use techtrove_core::{Currency, Money};

use super::{DeclineCode, Key, Token, Verdict};

/// Where a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The customer has to confirm it first; no money is reserved.
    RequiresAction,
    /// Reserved, not taken.
    Authorized,
    /// Taken; part or all may have been refunded.
    Captured,
    /// Refused by the bank.
    Declined,
    /// Given up, perhaps before it was ever asked for.
    Voided,
}

/// The text is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a charge's status")]
pub struct UnknownStatus;

impl Status {
    const ALL: [Self; 5] =
        [Self::RequiresAction, Self::Authorized, Self::Captured, Self::Declined, Self::Voided];

    /// The status in one word, as stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiresAction => "requires_action",
            Self::Authorized => "authorized",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::Voided => "voided",
        }
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

/// What is charged, and with what. A charge that was voided before it was asked for has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How much; always positive.
    pub money: Money,
    /// The means of payment.
    pub token: Token,
}

/// A charge as the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The caller's name for it.
    pub key: Key,
    /// What was asked for, if it ever was.
    pub terms: Option<Terms>,
    /// Where it stands.
    pub status: Status,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
    /// Why the bank refused, if it did.
    pub decline_code: Option<DeclineCode>,
}

/// What a ledger entry records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Money was reserved.
    Authorized,
    /// Reserved money was taken.
    Captured,
    /// Reserved money was set free.
    Voided,
    /// Taken money was given back, under this key.
    Refunded(Key),
    /// It was not, after all.
    RefundFailed(Key),
}

/// One line of the ledger: a charge has at most one of each kind, so nothing can be booked twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What happened.
    pub kind: EntryKind,
    /// To how much; always positive.
    pub money: Money,
}

/// What came of the customer's action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActionOutcome {
    /// The customer has confirmed the charge.
    #[default]
    Succeeded,
    /// The customer has not, and will not.
    Failed,
}

/// What a request changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it was done before, or there is nothing to do.
    None,
    /// The charge becomes this, and this is booked, if money moved.
    To(Charge, Option<Entry>),
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key names a charge or refund with other terms.
    #[error("the key was used with other terms")]
    KeyReused,
    /// The charge was declined.
    #[error("the charge was declined")]
    Declined,
    /// The charge was given up.
    #[error("the charge is voided")]
    Voided,
    /// The customer has not confirmed the charge yet.
    #[error("the charge requires an action of the customer")]
    ActionRequired,
    /// Nothing has to be done by the customer, and nothing had to be.
    #[error("the charge requires no action")]
    NoAction,
    /// The money is taken already.
    #[error("the charge is captured")]
    Captured,
    /// The money is not taken yet.
    #[error("the charge is not captured")]
    NotCaptured,
    /// The charge was asked for before.
    #[error("the charge was confirmed already")]
    Confirmed,
    /// More than is left of what was taken.
    #[error("the refund exceeds what is left of the charge")]
    RefundExceedsCharge,
}

impl Charge {
    /// A new charge on `terms`, by the bank's verdict.
    #[must_use]
    pub fn new(key: Key, terms: Terms) -> (Self, Option<Entry>) {
        let (status, decline_code) = match terms.token.verdict() {
            Verdict::Approved => (Status::Authorized, None),
            Verdict::Declined(code) => (Status::Declined, Some(code)),
            Verdict::ActionRequired => (Status::RequiresAction, None),
        };
        let entry = (status == Status::Authorized)
            .then_some(Entry { kind: EntryKind::Authorized, money: terms.money });
        let charge =
            Self { key, terms: Some(terms), status, captured: 0, refunded: 0, decline_code };
        (charge, entry)
    }

    /// A charge given up before it was asked for: it refuses the late request.
    #[must_use]
    pub fn never(key: Key) -> Self {
        let status = Status::Voided;
        Self { key, terms: None, status, captured: 0, refunded: 0, decline_code: None }
    }

    /// Whether a repeated request on `terms` means this charge. One that was voided before it was
    /// asked for answers to any terms.
    ///
    /// # Errors
    /// When the key was used with other terms.
    pub fn repeat(&self, terms: Terms) -> Result<(), Refusal> {
        match self.terms {
            Some(own) if own != terms => Err(Refusal::KeyReused),
            _ => Ok(()),
        }
    }

    /// Asks for the money once more, after a bank has declined: its verdict on these terms counts.
    ///
    /// # Errors
    /// When the charge was given up, or no bank has declined it.
    pub fn confirm_again(&self, terms: Terms) -> Result<Change, Refusal> {
        match self.status {
            Status::Declined => {
                let (charge, entry) = Self::new(self.key.clone(), terms);
                Ok(Change::To(charge, entry))
            }
            Status::Voided => Err(Refusal::Voided),
            Status::RequiresAction | Status::Authorized | Status::Captured => {
                Err(Refusal::Confirmed)
            }
        }
    }

    /// As [`Self::void`], and a charge that was declined is over too: nobody can ask once more.
    ///
    /// # Errors
    /// When the money is taken, or the charge is over already.
    pub fn cancel(&self) -> Result<Change, Refusal> {
        match self.status {
            Status::Voided => Err(Refusal::Voided),
            Status::Declined => {
                Ok(Change::To(Self { status: Status::Voided, ..self.clone() }, None))
            }
            _ => self.void(),
        }
    }

    /// Ends the customer's action: the money is reserved, or the charge declined. The first outcome
    /// counts; a repetition finds what it led to.
    ///
    /// # Errors
    /// When the charge was given up, or never required an action.
    pub fn complete_action(&self, outcome: ActionOutcome) -> Result<Change, Refusal> {
        let Some(terms) = self.terms else { return Err(Refusal::Voided) };
        if terms.token.verdict() != Verdict::ActionRequired {
            return Err(Refusal::NoAction);
        }
        match (self.status, outcome) {
            (Status::RequiresAction, ActionOutcome::Succeeded) => {
                let charge = Self { status: Status::Authorized, ..self.clone() };
                let entry = Entry { kind: EntryKind::Authorized, money: terms.money };
                Ok(Change::To(charge, Some(entry)))
            }
            (Status::RequiresAction, ActionOutcome::Failed) => {
                let decline_code = Some(DeclineCode::AuthenticationFailed);
                let charge = Self { status: Status::Declined, decline_code, ..self.clone() };
                Ok(Change::To(charge, None))
            }
            (Status::Voided, _) => Err(Refusal::Voided),
            (Status::Authorized | Status::Captured | Status::Declined, _) => Ok(Change::None),
        }
    }

    /// Takes the reserved money, all of it.
    ///
    /// # Errors
    /// When there is none reserved.
    pub fn capture(&self) -> Result<Change, Refusal> {
        match (self.status, self.terms) {
            (Status::Captured, _) => Ok(Change::None),
            (Status::Authorized, Some(Terms { money, .. })) => {
                let charge =
                    Self { status: Status::Captured, captured: money.amount, ..self.clone() };
                Ok(Change::To(charge, Some(Entry { kind: EntryKind::Captured, money })))
            }
            (Status::Declined, _) => Err(Refusal::Declined),
            (Status::RequiresAction, _) => Err(Refusal::ActionRequired),
            (Status::Voided | Status::Authorized, _) => Err(Refusal::Voided),
        }
    }

    /// Sets the reserved money free. A declined charge has none, so nothing is left to do; one that
    /// waits for the customer has none either, and is over.
    ///
    /// # Errors
    /// When the money is taken already.
    pub fn void(&self) -> Result<Change, Refusal> {
        match self.status {
            Status::Voided | Status::Declined => Ok(Change::None),
            Status::Captured => Err(Refusal::Captured),
            Status::RequiresAction => {
                Ok(Change::To(Self { status: Status::Voided, ..self.clone() }, None))
            }
            Status::Authorized => {
                let charge = Self { status: Status::Voided, ..self.clone() };
                let entry =
                    self.terms.map(|terms| Entry { kind: EntryKind::Voided, money: terms.money });
                Ok(Change::To(charge, entry))
            }
        }
    }

    /// The bank ends the reservation by itself. What holds no reserved money stays as it is.
    #[must_use]
    pub fn lapse(&self) -> Change {
        match self.status {
            Status::Authorized => self.void().unwrap_or(Change::None),
            _ => Change::None,
        }
    }

    /// The currency of the charge, once it was asked for.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.terms.map(|terms| terms.money.currency)
    }
}

impl EntryKind {
    /// How the label of a refund begins that has failed after all, before its key.
    pub const REFUND_FAILED: &str = "refund_failed:";

    /// What the ledger calls an entry of this kind: unique within its charge.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Authorized => "authorized".to_owned(),
            Self::Captured => "captured".to_owned(),
            Self::Voided => "voided".to_owned(),
            Self::Refunded(key) => format!("refunded:{key}"),
            Self::RefundFailed(key) => format!("{}{key}", Self::REFUND_FAILED),
        }
    }
}

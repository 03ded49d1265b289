//! The means of payment that the sandbox knows, each with its fixed fate. Unlike a real provider's,
//! these tokens are public: they stand in documentation and tests.

use std::str::FromStr;

use super::RefundFate;

/// A means of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Always charged.
    Ok,
    /// Always declined by the bank.
    Declined,
    /// Always declined for lack of money.
    InsufficientFunds,
    /// Charged, but the first answer never comes.
    Timeout,
    /// Charged only once the customer has confirmed it.
    RequiresAction,
    /// Always charged, and nothing is given back.
    RefundRefused,
    /// Always charged; the first refund fails.
    RefundFails,
    /// Always charged; the first refund waits for the bank.
    RefundWaits,
}

/// The text is no token of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of the sandbox")]
pub struct UnknownToken;

/// Why the bank declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclineCode {
    /// Without a reason.
    CardDeclined,
    /// For lack of money.
    InsufficientFunds,
    /// The customer did not confirm it.
    AuthenticationFailed,
}

/// The text is no decline code of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decline code of the sandbox")]
pub struct UnknownDeclineCode;

/// What the bank says to a new charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The money is reserved.
    Approved,
    /// It is not.
    Declined(DeclineCode),
    /// Not yet: the customer has to confirm it first.
    ActionRequired,
}

impl Token {
    const ALL: [Self; 8] = [
        Self::Ok,
        Self::Declined,
        Self::InsufficientFunds,
        Self::Timeout,
        Self::RequiresAction,
        Self::RefundRefused,
        Self::RefundFails,
        Self::RefundWaits,
    ];

    /// The token's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "tok_ok",
            Self::Declined => "tok_declined",
            Self::InsufficientFunds => "tok_insufficient_funds",
            Self::Timeout => "tok_timeout",
            Self::RequiresAction => "tok_requires_action",
            Self::RefundRefused => "tok_refund_refused",
            Self::RefundFails => "tok_refund_fails",
            Self::RefundWaits => "tok_refund_pending",
        }
    }

    /// What the bank says to a charge of this token.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Ok
            | Self::Timeout
            | Self::RefundRefused
            | Self::RefundFails
            | Self::RefundWaits => Verdict::Approved,
            Self::Declined => Verdict::Declined(DeclineCode::CardDeclined),
            Self::InsufficientFunds => Verdict::Declined(DeclineCode::InsufficientFunds),
            Self::RequiresAction => Verdict::ActionRequired,
        }
    }

    /// What becomes of the refunds of a charge of this token.
    #[must_use]
    pub fn refund_fate(self) -> RefundFate {
        match self {
            Self::RefundRefused => RefundFate::Refused,
            Self::RefundFails => RefundFate::FirstFails,
            Self::RefundWaits => RefundFate::FirstWaits,
            _ => RefundFate::Made,
        }
    }

    /// Whether the answer to a new charge never comes, although the charge is made.
    #[must_use]
    pub fn swallows_first_answer(self) -> bool {
        self == Self::Timeout
    }
}

impl FromStr for Token {
    type Err = UnknownToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|token| token.as_str() == text).ok_or(UnknownToken)
    }
}

impl DeclineCode {
    /// The code's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CardDeclined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::AuthenticationFailed => "authentication_failed",
        }
    }
}

impl FromStr for DeclineCode {
    type Err = UnknownDeclineCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::CardDeclined, Self::InsufficientFunds, Self::AuthenticationFailed]
            .into_iter()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownDeclineCode)
    }
}

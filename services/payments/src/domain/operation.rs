//! A money operation: one thing asked of the provider, stored before it is asked. It must end by
//! what the provider told, never by a guess; how, says [`super::settle`].

use techtrove_core::Timestamp;

/// What is asked of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Reserve the money.
    Authorize,
    /// Take the reserved money.
    Capture,
    /// Give the reservation up, also one that never arrived.
    Void,
    /// Give taken money back.
    Refund,
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// The provider was asked, or is about to be.
    Open,
    /// It did what was asked.
    Done,
    /// It did not, and will not.
    Refused,
    /// The wish was taken back by a void before the provider told.
    Superseded,
}

/// The text is no word of this vocabulary: the database holds something that was not written here, and that is not
/// quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}")]
pub struct UnknownWord {
    /// Which vocabulary.
    pub what: &'static str,
}

/// An operation that the provider was asked for and has not told of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The payment's version that the operation began; unique within the payment.
    pub number: i64,
    /// What is asked.
    pub kind: OperationKind,
    /// Minor units; always positive.
    pub amount: i64,
    /// The key by which the provider knows a repetition.
    pub provider_key: String,
    /// When it began.
    pub opened_at: Timestamp,
}

impl OperationKind {
    const ALL: [Self; 4] = [Self::Authorize, Self::Capture, Self::Void, Self::Refund];

    /// The kind in one word, as stored and measured.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }

    /// The kind behind its word.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_word(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or(UnknownWord { what: "operation kind" })
    }
}

impl OperationState {
    const ALL: [Self; 4] = [Self::Open, Self::Done, Self::Refused, Self::Superseded];

    /// The state in one word, as stored and measured.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }

    /// The state behind its word.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_word(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or(UnknownWord { what: "operation state" })
    }
}

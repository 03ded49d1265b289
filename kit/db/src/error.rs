//! Why a job failed, in the same words on every engine, and what of it a caller of the service may
//! be told. A driver's own error must never leave this crate, since it may quote stored values.

use std::{fmt::Display, time::Duration};

use techtrove_core::{Problem, WrongKind, codes};

/// Why a job failed. Nothing of it was stored, except where it says that this is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// Too many jobs wait already.
    #[error("too many database jobs are waiting")]
    Busy,
    /// Another process holds the lock on the file. The job was not begun, and never will be.
    #[error("another process has locked the database")]
    Locked,
    /// The job waited or ran longer than allowed.
    #[error("the database job took longer than allowed")]
    Timeout,
    /// The database cannot be reached, or is closed.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The connection was lost before the commit, and again in each new attempt.
    #[error("the connection to the database was lost: {0}")]
    Disconnected(String),
    /// The connection was lost at the commit: the change may have been made, or not.
    #[error("the connection was lost at the commit, whose outcome is unknown: {0}")]
    UnknownCommit(String),
    /// A deadlock or a serialisation failure, again in each new attempt.
    #[error("the transaction met others and was given up after all attempts: {0}")]
    Conflict(String),
    /// A value that must be unique exists.
    #[error("a unique value exists already ({})", constraint.as_deref().unwrap_or("unnamed"))]
    UniqueViolation {
        /// What the engine calls the constraint; its form differs from engine to engine.
        constraint: Option<String>,
    },
    /// A foreign key points nowhere, or is pointed at.
    #[error("a foreign key is violated")]
    ForeignKey,
    /// A `CHECK` is violated.
    #[error("a check constraint is violated")]
    CheckViolation,
    /// A column that must have a value has none.
    #[error("a value is missing where the schema wants one")]
    NotNull,
    /// The job panicked; the text is its message.
    #[error("the database job panicked: {0}")]
    Panicked(String),
    /// No row, where there must be one.
    #[error("no such row")]
    NotFound,
    /// A job that reads tried to write.
    #[error("a job that reads must not write")]
    ReadOnly,
    /// What is stored is not what the program expects.
    #[error("cannot read what is stored: {0}")]
    Decode(String),
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// No space is left.
    #[error("no space is left for the database")]
    DiskFull,
    /// Anything else; the text is for the log.
    #[error("the database refused: {0}")]
    Other(String),
}

impl DbError {
    /// What is stored cannot be understood, because of `reason`, which must not quote it.
    pub fn decode(reason: impl Display) -> Self {
        Self::Decode(reason.to_string())
    }

    /// Whether the job may succeed if it is tried once more, a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        use DbError::{Busy, Conflict, Disconnected, DiskFull, Locked, Timeout, Unavailable};
        matches!(
            self,
            Busy | Locked | Timeout | Unavailable(_) | Disconnected(_) | Conflict(_) | DiskFull
        )
    }

    /// Whether the job is to run again by itself.
    pub(crate) fn asks_for_another_attempt(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Disconnected(_))
    }

    /// Whether the whole transaction is lost, so that no savepoint can be gone back to.
    pub(crate) fn ends_transaction(&self) -> bool {
        self.is_transient() || matches!(self, Self::UnknownCommit(_) | Self::Corrupt(_))
    }
}

/// A failure that may come of what another job did at the same moment.
pub trait Race {
    /// Whether the same job, run again, will see what it collided with.
    fn is_race(&self) -> bool;
}

impl Race for DbError {
    fn is_race(&self) -> bool {
        matches!(self, Self::UniqueViolation { .. })
    }
}

impl From<WrongKind> for DbError {
    fn from(wrong: WrongKind) -> Self {
        Self::decode(wrong)
    }
}

/// When a caller may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::UnknownCommit(_) => {
                let detail = "it is not known whether the change was made; ask before trying again";
                Self::new(codes::UNKNOWN_OUTCOME, detail).retry_after(RETRY_AFTER).caused_by(error)
            }
            error if error.is_transient() => {
                Self::new(codes::UNAVAILABLE, "nothing was changed; try again a little later")
                    .retry_after(RETRY_AFTER)
                    .caused_by(error)
            }
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_503_with_a_hint_and_the_rest_is_500() {
        let busy = Problem::from(DbError::Busy);
        let unknown = Problem::from(DbError::UnknownCommit("gone".into()));
        let broken = Problem::from(DbError::ForeignKey);

        assert_eq!((busy.status, busy.retry_after), (503, Some(RETRY_AFTER)));
        assert_eq!((unknown.status, &*unknown.code), (503, "unknown_outcome"));
        assert_eq!((broken.status, broken.retry_after), (500, None));
        assert!(!broken.detail.contains("foreign"), "the cause is for the log alone");
    }
}

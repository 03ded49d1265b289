//! Why a call brought no answer that could be used, and whether it may have been carried out all the
//! same: the one question a caller that moves money or goods has to ask.

use std::{error::Error, time::Duration};

use techtrove_core::{Problem, codes};

/// A call that did not bring what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The callee answered with a problem. Its detail may quote what was sent, so it is not shown here,
    /// where logs would keep it.
    #[error("the callee refused with {} ({})", .0.code, .0.status)]
    Refused(Problem),
    /// No answer in time; the call may have been carried out, or may yet be.
    #[error("{callee} did not answer within {after:?}")]
    Timeout {
        /// Who was called.
        callee: &'static str,
        /// How long the caller waited.
        after: Duration,
    },
    /// The callee could not be reached.
    #[error("{callee} cannot be reached")]
    Unavailable {
        /// Who was called.
        callee: &'static str,
        /// Whether the request may have arrived before the connection failed.
        sent: bool,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer is not what this call answers; what was asked for may have been done.
    #[error("the answer of {callee} with status {status} cannot be read")]
    Malformed {
        /// Who was called.
        callee: &'static str,
        /// The answer's status.
        status: u16,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ClientError {
    /// Whether the call may have been carried out. Then it must be asked again or undone by the same
    /// key, never assumed. A problem is the callee's word that nothing was done, except a failure
    /// (5xx) which is not `unavailable`: that may have struck after the change.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.status >= 500 && !problem.is(codes::UNAVAILABLE),
            Self::Timeout { .. } | Self::Malformed { .. } => true,
            Self::Unavailable { sent, .. } => *sent,
        }
    }

    /// The callee's problem, when it refused for a reason of its own (4xx).
    #[must_use]
    pub fn refusal(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) if problem.status < 500 => Some(problem),
            _ => None,
        }
    }
}

impl From<ClientError> for Problem {
    /// What a caller answers that has no words of its own for it: 503 when the callee cannot answer
    /// now, else 500, since a refusal nobody expected is a mistake between services.
    fn from(error: ClientError) -> Self {
        let wait = match &error {
            ClientError::Refused(problem) if problem.status >= 500 => problem.retry_after,
            ClientError::Timeout { .. } | ClientError::Unavailable { .. } => None,
            ClientError::Refused(_) | ClientError::Malformed { .. } => {
                return Self::internal(error);
            }
        };
        Self::new(
            codes::UNAVAILABLE,
            "a part of the shop cannot answer just now; try again shortly",
        )
        .retry_after(wait.unwrap_or(Duration::from_secs(1)))
        .caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable(sent: bool) -> ClientError {
        ClientError::Unavailable { callee: "stock", sent, source: "reset".into() }
    }

    #[test]
    fn only_what_may_have_been_done_is_unknown() {
        let refused = |code| ClientError::Refused(Problem::new(code, ""));
        let timeout = ClientError::Timeout { callee: "stock", after: Duration::from_secs(5) };

        assert!(timeout.is_outcome_unknown());
        assert!(unavailable(true).is_outcome_unknown());
        assert!(refused(codes::INTERNAL).is_outcome_unknown());
        assert!(refused(codes::UNKNOWN_OUTCOME).is_outcome_unknown());
        assert!(!unavailable(false).is_outcome_unknown());
        assert!(!refused(codes::UNAVAILABLE).is_outcome_unknown());
        assert!(!refused(codes::CONFLICT).is_outcome_unknown());
    }

    #[test]
    fn a_caller_without_words_says_503_or_500() {
        let conflict = ClientError::Refused(Problem::new(codes::CONFLICT, "sold out"));

        assert_eq!(Problem::from(unavailable(true)).status, 503);
        assert_eq!(Problem::from(unavailable(true)).retry_after, Some(Duration::from_secs(1)));
        assert_eq!(Problem::from(conflict).status, 500);
    }
}

//! What a consumer is to the bus: a handler which takes one event at a time per aggregate. It must
//! expect every event more than once and record it with [`crate::first_time`] in the transaction of
//! its effect; what it answers decides whether the bus goes on, tries again or parks.

use std::{error::Error, fmt, sync::Arc};

use futures::future::{BoxFuture, FutureExt};
use techtrove_db::DbError;

use crate::Event;

/// What a handler did with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It had its effect, now or before, and [`crate::first_time`] recorded it.
    Handled,
    /// It is nothing to this consumer, which recorded nothing: the bus records it as seen.
    Ignored,
}

/// Takes events.
pub trait EventHandler: Send + Sync {
    /// Takes one event. The future may be dropped at any await, when it takes too long.
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>>;
}

impl<F, Answer> EventHandler for F
where
    F: Fn(Arc<Event>) -> Answer + Send + Sync,
    Answer: Future<Output = Result<Taken, HandlerError>> + Send + 'static,
{
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>> {
        self(event).boxed()
    }
}

/// Why an event was not taken. Every error converts into it by `?`: a database that is busy or away
/// becomes [`HandlerError::Unavailable`], everything else [`HandlerError::Failed`].
#[derive(Debug)]
pub enum HandlerError {
    /// It did not work: tried again a few times, then parked.
    Failed(Box<dyn Error + Send + Sync>),
    /// Something that the handler needs is away, which is not the event's fault: tried again for
    /// as long as [`crate::RetryPolicy::outage`] allows.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// It can never work: parked at once.
    Rejected(Box<dyn Error + Send + Sync>),
    /// An earlier event of this aggregate has not been taken.
    Gap {
        /// The sequence that has to come first.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
}

impl HandlerError {
    /// See [`HandlerError::Unavailable`].
    pub fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }

    /// See [`HandlerError::Rejected`].
    pub fn rejected(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Rejected(error.into())
    }

    /// See [`HandlerError::Failed`].
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        if is_outage(&error) { Self::unavailable(error) } else { Self::failed(error) }
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &(dyn Error + 'static) = match self {
            Self::Failed(error) | Self::Unavailable(error) | Self::Rejected(error) => &**error,
            Self::Gap { expected, found } => {
                return write!(f, "take event {found} of the aggregate: {expected} comes first");
            }
        };
        write!(f, "{error}")?;
        let mut source = error.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

/// Whether a database that will be back is at the bottom of `error`.
fn is_outage(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<DbError>() {
            return error.is_transient() || matches!(error, DbError::UnknownCommit(_));
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("send mail")]
    struct Wrapped(#[source] DbError);

    #[test]
    fn a_busy_database_is_an_outage_however_deep() {
        assert!(matches!(HandlerError::from(DbError::Busy), HandlerError::Unavailable(_)));
        assert!(matches!(HandlerError::from(Wrapped(DbError::Busy)), HandlerError::Unavailable(_)));
        assert!(matches!(HandlerError::from(Wrapped(DbError::NotFound)), HandlerError::Failed(_)));
    }

    #[test]
    fn shows_the_whole_chain() {
        let error = HandlerError::from(Wrapped(DbError::NotFound));

        assert_eq!(error.to_string(), format!("send mail: {}", DbError::NotFound));
    }
}

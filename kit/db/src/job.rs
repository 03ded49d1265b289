//! A job: the caller's closure, where its answer goes, and what a worker may do with it. The answer
//! leaves only when the worker says so, which is after the commit.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::{sync::oneshot, time::Instant};

use crate::{DbError, Tx};

/// A job as workers see it, whatever its types.
pub(crate) trait Job: Send {
    fn name(&self) -> &'static str;
    fn queued_at(&self) -> Instant;
    /// Whether it has to end in time; only migrations may take as long as they need.
    fn is_limited(&self) -> bool;
    /// Whether nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs it and keeps its answer. May be called again.
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict;
    /// Sends `failure`, or else the answer of the last run.
    fn answer(self: Box<Self>, failure: Option<DbError>);
}

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The transaction is to be committed.
    pub keep: bool,
    /// The first failure of the database in it.
    pub failure: Option<DbError>,
    /// Listeners are to be told of the commit.
    pub notify: bool,
}

struct Typed<T, E, F> {
    name: &'static str,
    limited: bool,
    queued_at: Instant,
    job: F,
    answer: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// A job and where its answer will arrive.
pub(crate) fn boxed<T, E, F>(
    name: &'static str,
    limited: bool,
    job: F,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>)
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let (reply, receiver) = oneshot::channel();
    let job = Typed { name, limited, queued_at: Instant::now(), job, answer: None, reply };
    (Box::new(job), receiver)
}

impl<T, E, F> Job for Typed<T, E, F>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }

    fn is_limited(&self) -> bool {
        self.limited
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict {
        // After a panic the transaction is rolled back and the closure's captures are never
        // looked at again, so nothing half-done can be seen.
        let caught = catch_unwind(AssertUnwindSafe(|| (self.job)(tx)));
        let failure = tx.take_failure();
        let (answer, failure) = match (caught, failure) {
            (Ok(Ok(_)), Some(failure)) => (Err(E::from(failure.clone())), Some(failure)),
            (Ok(answer), failure) => (answer, failure),
            (Err(panic), _) => {
                let failure = DbError::Panicked(message(&*panic));
                (Err(E::from(failure.clone())), Some(failure))
            }
        };
        let keep = answer.is_ok();
        self.answer = Some(answer);
        Verdict { keep, failure, notify: keep && tx.notifies() }
    }

    fn answer(self: Box<Self>, failure: Option<DbError>) {
        let answer = match (failure, self.answer) {
            (None, Some(answer)) => answer,
            (Some(failure), _) => Err(E::from(failure)),
            (None, None) => Err(E::from(DbError::Other("the job was never run".into()))),
        };
        // Whoever waited may have gone: the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

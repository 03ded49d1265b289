//! Work that goes on as long as the process: it is started again after an error or a panic, ever more
//! slowly, so that one broken worker neither ends the process nor floods the log.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use techtrove_db::DbError;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::Shutdown;

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two starts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A worker that ran this long is well again: the next failure counts as its first.
const WELL_AFTER: Duration = Duration::from_secs(60);

type Cause = Box<dyn Error + Send + Sync>;
type Run =
    dyn Fn(Shutdown) -> Pin<Box<dyn Future<Output = Result<(), Cause>> + Send>> + Send + Sync;

/// Work that runs until [`Shutdown`].
#[derive(Clone)]
pub struct Worker {
    name: &'static str,
    run: Arc<Run>,
}

/// What a worker's future may end with: nothing, or a result.
pub trait Outcome {
    /// The error, if it is one.
    ///
    /// # Errors
    /// The worker's own.
    fn into_result(self) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), Cause> {
        Ok(())
    }
}

impl<E: Into<Cause>> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), Cause> {
        self.map_err(Into::into)
    }
}

impl Worker {
    /// A worker which `run` starts, and starts again after an error or a panic. It should end soon
    /// after the shutdown begins; when it returns before, it is done and not started again.
    pub fn new<R, F>(name: &'static str, run: R) -> Self
    where
        R: Fn(Shutdown) -> F + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: Outcome,
    {
        let run = move |shutdown| -> Pin<Box<dyn Future<Output = Result<(), Cause>> + Send>> {
            let work = run(shutdown);
            Box::pin(async move { work.await.into_result() })
        };
        Self { name, run: Arc::new(run) }
    }

    /// The worker's name, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it until it is done.
    pub async fn supervise(self, shutdown: Shutdown) {
        let mut failures = 0_u32;
        while !shutdown.has_begun() {
            let began = Instant::now();
            let Err(cause) = self.attempt(&shutdown).await else { return };
            failures = if began.elapsed() >= WELL_AFTER { 1 } else { failures.saturating_add(1) };
            let pause = pause_after(failures);
            metrics::counter!("worker_restarts_total", "worker" => self.name).increment(1);
            let error = with_causes(cause.as_ref());
            if is_told(cause.as_ref()) {
                tracing::warn!(worker = self.name, failures, ?pause, "the worker waits: {error}");
            } else {
                tracing::error!(worker = self.name, failures, ?pause, "the worker failed: {error}");
            }
            if !shutdown.pause(pause).await {
                return;
            }
        }
    }

    /// Runs it once, in a task of its own so that a panic ends there; it ends with its supervisor.
    async fn attempt(&self, shutdown: &Shutdown) -> Result<(), Cause> {
        let task = AbortOnDropHandle::new(tokio::spawn((self.run)(shutdown.clone())));
        task.await.map_err(Cause::from).flatten()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.name).finish()
    }
}

/// How long to wait after so many failures in a row.
fn pause_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

/// Whether the database has told of what stands behind an error, once for all who meet it, and it passes by itself.
fn is_told(error: &(dyn Error + 'static)) -> bool {
    let mut chain = std::iter::successors(Some(error), |error| (**error).source());
    chain.any(|error| error.downcast_ref() == Some(&DbError::Locked))
}

/// An error in one line with everything behind it.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts its starts; the first two end badly.
    fn shaky(starts: &Arc<AtomicU32>) -> Worker {
        let starts = Arc::clone(starts);
        Worker::new("shaky", move |shutdown: Shutdown| {
            let start = starts.fetch_add(1, Ordering::SeqCst);
            async move {
                match start {
                    0 => panic!("first"),
                    1 => Err("second"),
                    _ => {
                        shutdown.begun().await;
                        Ok(())
                    }
                }
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_started_again_after_a_panic_and_an_error() {
        let (starts, shutdown) = (Arc::default(), Shutdown::new());
        let supervisor = tokio::spawn(shaky(&starts).supervise(shutdown.clone()));

        tokio::time::sleep(Duration::from_secs(1)).await;
        shutdown.begin();
        supervisor.await.expect("no panic");

        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_is_done_stays_done() {
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        let worker = Worker::new("once", move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async {}
        });

        worker.supervise(Shutdown::new()).await;

        assert_eq!(starts.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_does_not_wait_for_a_pause() {
        let shutdown = Shutdown::new();
        let worker = Worker::new("broken", |_| async { Err::<(), _>("always") });
        let began = Instant::now();
        let supervisor = tokio::spawn(worker.supervise(shutdown.clone()));

        tokio::time::sleep(Duration::from_secs(100)).await;
        shutdown.begin();
        supervisor.await.expect("no panic");

        assert_eq!(began.elapsed(), Duration::from_secs(100));
    }

    #[test]
    fn a_lock_was_told_of_by_the_database() {
        #[derive(Debug, thiserror::Error)]
        #[error("orders' database failed")]
        struct Wrapped(#[source] DbError);

        assert!(is_told(&DbError::Locked) && is_told(&Wrapped(DbError::Locked)));
        assert!(!is_told(&Wrapped(DbError::Busy)));
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        assert_eq!(pause_after(1), Duration::from_millis(100));
        assert_eq!(pause_after(3), Duration::from_millis(400));
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }
}

//! The tasks that drive orders in this process: so many at once and no more, each going on when the
//! buyer's connection is gone, and waited for when the process ends. A task that is cut off all the
//! same leaves a stored step to the recovery.

use std::{future::Future, sync::Arc};

use techtrove_http::in_current_context;
use techtrove_runtime::Worker;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::App;
use crate::error::Error;

/// The orders being driven.
#[derive(Clone, Debug)]
pub struct Drivers {
    seats: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Drivers {
    /// Room for so many at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(most)), tasks: TaskTracker::new() }
    }

    /// A seat for one more.
    ///
    /// # Errors
    /// [`Error::Busy`] when all are taken.
    pub(crate) fn seat(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.seats).try_acquire_owned().map_err(|_| Error::Busy)
    }

    /// Lets `work` go on by itself on its seat, in the context of whoever asked.
    pub(crate) fn start(
        &self,
        seat: OwnedSemaphorePermit,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.tasks.spawn(in_current_context(async move {
            work.await;
            drop(seat);
        }));
    }

    /// Whether nothing is driven just now.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits until nothing is driven any more.
    pub async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

/// Ends only when every order that is being driven has come to its next stop.
pub fn drivers_worker(app: Arc<App>) -> Worker {
    Worker::new("orders.drivers", move |shutdown| {
        let drivers = app.drivers.clone();
        async move {
            shutdown.begun().await;
            drivers.idle().await;
        }
    })
}

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
    follow_ups: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// Room for one order, until it is dropped.
pub(crate) type Seat = OwnedSemaphorePermit;

impl Drivers {
    /// Room for `orders` whose buyers wait, and for `follow_ups` of those that were answered.
    #[must_use]
    pub fn new(orders: usize, follow_ups: usize) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(orders)),
            follow_ups: Arc::new(Semaphore::new(follow_ups)),
            tasks: TaskTracker::new(),
        }
    }

    /// A seat for one more.
    ///
    /// # Errors
    /// [`Error::Busy`] when all are taken.
    pub(crate) fn seat(&self) -> Result<Seat, Error> {
        Arc::clone(&self.seats).try_acquire_owned().map_err(|_| Error::Busy)
    }

    /// A seat for what follows once the buyer was answered, such as a capture: when that is slow, it
    /// must not hold up the next buyers.
    pub(crate) fn follow_up(&self) -> Option<Seat> {
        Arc::clone(&self.follow_ups).try_acquire_owned().ok()
    }

    /// Lets `work` go on by itself, in the context of whoever asked.
    pub(crate) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(in_current_context(work));
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

//! The tasks that drive orders in this process: so many at once and no more, each going on when the
//! buyer's connection is gone, and waited for when the process ends. A task that is cut off all the
//! same leaves a stored step to the recovery.

use std::{future::Future, sync::Arc, time::Duration};

use techtrove_http::in_current_context;
use techtrove_runtime::Worker;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;

use super::App;
use crate::{config::Config, error::Error};

/// How often those set out that follow up an answer. Nobody waits for them: together they share their
/// transactions, which leaves more of the disk and the processor to the buyers who wait.
const DEPARTURES: Duration = Duration::from_millis(20);

/// The orders being driven.
#[derive(Clone, Debug)]
pub struct Drivers {
    began: Instant,
    seats: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    patience: Duration,
    follow_ups: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// Room for one order, until it is dropped.
pub(crate) type Seat = OwnedSemaphorePermit;

/// The right to ask for prices and stock, until it is dropped.
pub(crate) type Turn = OwnedSemaphorePermit;

impl Drivers {
    /// As much room as `config` says.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            began: Instant::now(),
            seats: Arc::new(Semaphore::new(config.orders_in_flight)),
            turns: Arc::new(Semaphore::new(config.turns)),
            patience: config.deadlines.turn,
            follow_ups: Arc::new(Semaphore::new(config.follow_ups_in_flight)),
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

    /// The buyer's turn to ask for prices and stock, in the order in which they came.
    ///
    /// # Errors
    /// [`Error::Busy`] when it does not come in time.
    pub(crate) async fn turn(&self) -> Result<Turn, Error> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = timeout(self.patience, turn).await;
        turn.ok().and_then(Result::ok).ok_or(Error::Busy)
    }

    /// A seat for what follows once the buyer was answered, such as a capture: when that is slow, it
    /// must not hold up the next buyers.
    pub(crate) fn follow_up(&self) -> Option<Seat> {
        Arc::clone(&self.follow_ups).try_acquire_owned().ok()
    }

    /// Waits until the next ones set out.
    pub(crate) async fn departure(&self) {
        let past = self.began.elapsed().as_millis() / DEPARTURES.as_millis();
        let next = u32::try_from(past).unwrap_or(u32::MAX).saturating_add(1);
        tokio::time::sleep_until(self.began + DEPARTURES * next).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_follows_up_sets_out_together() {
        let drivers = Drivers::new(&Config::default());
        tokio::time::advance(Duration::from_millis(101)).await;
        let late = async {
            tokio::time::sleep(Duration::from_millis(12)).await;
            drivers.departure().await;
            drivers.began.elapsed()
        };
        let early = async {
            drivers.departure().await;
            drivers.began.elapsed()
        };

        let (early, late) = tokio::join!(early, late);

        assert_eq!((early, late), (Duration::from_millis(120), Duration::from_millis(120)));
    }
}

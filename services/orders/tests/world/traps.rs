//! Traps: one call of a process stops before or after it has its effect, and the test decides what
//! becomes of the driver that waits there.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::Request, middleware::Next};
use tokio::sync::Semaphore;

/// Where a trapped call stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The step is stored, and the neighbour has not heard of it.
    Before,
    /// The neighbour has done its part, and the next step is not stored.
    After,
}

/// Stops the `number`th call of inventory and payments, counted from 1.
#[derive(Debug)]
pub struct Trap {
    number: usize,
    moment: Moment,
    calls: AtomicUsize,
    caught: Semaphore,
    opened: Semaphore,
}

impl Trap {
    pub fn at(number: usize, moment: Moment) -> Arc<Self> {
        Arc::new(Self {
            number,
            moment,
            calls: AtomicUsize::new(0),
            caught: Semaphore::new(0),
            opened: Semaphore::new(0),
        })
    }

    /// Catches nothing.
    pub fn none() -> Arc<Self> {
        Self::at(0, Moment::Before)
    }

    /// Waits until a call is caught.
    pub async fn caught(&self) {
        self.caught.acquire().await.expect("never closed").forget();
    }

    /// Lets the caught call go on.
    pub fn open(&self) {
        self.opened.add_permits(1);
    }

    /// Whether enough calls were made for this trap to catch one.
    pub fn was_reached(&self) -> bool {
        self.calls.load(Ordering::SeqCst) >= self.number
    }

    async fn stop(&self) {
        self.caught.add_permits(1);
        self.opened.acquire().await.expect("never closed").forget();
    }

    /// The router with this trap in front of it.
    pub fn set(self: &Arc<Self>, router: Router) -> Router {
        let trap = Arc::clone(self);
        router.layer(axum::middleware::from_fn(move |request: Request, next: Next| {
            let trap = Arc::clone(&trap);
            async move {
                let here = trap.calls.fetch_add(1, Ordering::SeqCst) + 1 == trap.number;
                if here && trap.moment == Moment::Before {
                    trap.stop().await;
                }
                let response = next.run(request).await;
                if here && trap.moment == Moment::After {
                    trap.stop().await;
                }
                response
            }
        }))
    }
}

//! Misbehaviour on demand: the next call of an operation meets a fault. Without one the provider is
//! well-behaved, but for `tok_timeout`. Tests and simulations hold a clone of [`Faults`] and plan on it.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::error::Error;

/// What a caller can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new charge.
    Charge,
    /// How a charge stands.
    Lookup,
    /// Ending the customer's action.
    CompleteAction,
    /// Taking the money.
    Capture,
    /// Giving the charge up.
    Void,
    /// Giving money back.
    Refund,
    /// The list of all charges.
    List,
    /// A new intent.
    Intend,
    /// The refunds of one charge.
    ListRefunds,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the answer is an error.
    ErrorBefore,
    /// It is done, and the answer is an error.
    ErrorAfter,
    /// Nothing is done, and no answer comes while anybody could be waiting.
    HangBefore,
    /// It is done, and no answer comes while anybody could be waiting.
    HangAfter,
    /// It is done and answered, so much later; done even when the caller is gone by then.
    Delay(Duration),
}

/// The faults that are planned; clones share the plan.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<VecDeque<(Operation, Fault)>>>);

impl Faults {
    /// Makes one call of `operation` go wrong, behind those planned before.
    pub fn plan(&self, operation: Operation, fault: Fault) {
        self.planned().push_back((operation, fault));
    }

    /// How many planned faults have met no call yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.planned().len()
    }

    fn planned(&self) -> std::sync::MutexGuard<'_, VecDeque<(Operation, Fault)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, operation: Operation) -> Option<Fault> {
        let mut planned = self.planned();
        let next = planned.iter().position(|(wanted, _)| *wanted == operation)?;
        planned.remove(next).map(|(_, fault)| fault)
    }

    /// Does `work` for a call of `operation`, or what the plan makes of it; `silence` is how long a
    /// call hangs.
    pub(crate) async fn around<T, F>(
        &self,
        operation: Operation,
        silence: Duration,
        work: F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Send + 'static,
    {
        match self.take(operation) {
            None => work.await,
            Some(Fault::ErrorBefore) => Err(Error::Failing),
            Some(Fault::ErrorAfter) => {
                work.await?;
                Err(Error::Failing)
            }
            Some(Fault::HangBefore) => hang(silence).await,
            Some(Fault::HangAfter) => {
                work.await?;
                hang(silence).await
            }
            Some(Fault::Delay(delay)) => {
                let late = tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    work.await
                });
                late.await.unwrap_or(Err(Error::Failing))
            }
        }
    }
}

/// Gives no answer for so long that nobody waits for it any more.
pub(crate) async fn hang<T>(silence: Duration) -> Result<T, Error> {
    tokio::time::sleep(silence).await;
    Err(Error::HeldBack)
}

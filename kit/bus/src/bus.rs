//! Who listens to what. The in-process bus is the list of subscriptions that relays of the same
//! process deliver to; it must be complete before relays start, which take a clone of it.

use std::{fmt, sync::Arc};

use techtrove_db::Db;

use crate::EventHandler;

/// A consumer's wish to get all events of some kinds of aggregates, in order for each aggregate.
#[derive(Clone)]
pub struct Subscription {
    /// The consumer's name, under which it remembers what it took: `notifications.orders`; at most
    /// 64 ASCII characters. It must never change.
    pub consumer: &'static str,
    /// The kinds of aggregates: `orders.order`.
    pub aggregate_kinds: &'static [&'static str],
    /// The consumer's own database, with its inbox and dead letters.
    pub db: Db,
    /// What takes the events.
    pub handler: Arc<dyn EventHandler>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("consumer", &self.consumer)
            .field("aggregate_kinds", &self.aggregate_kinds)
            .finish_non_exhaustive()
    }
}

/// Two subscriptions have the same consumer's name, and would take each other's events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("subscribe {consumer:?}: there is a subscription of this name")]
pub struct DuplicateConsumer {
    /// The name.
    pub consumer: &'static str,
}

/// Brings events to their consumers.
#[derive(Clone, Debug, Default)]
pub struct Bus {
    subscriptions: Vec<Arc<Subscription>>,
}

impl Bus {
    /// A bus whose consumers live in this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self::default()
    }

    /// Adds a consumer. A clone of the bus that was taken before does not know it.
    ///
    /// # Errors
    /// When a consumer of this name is there already.
    pub fn subscribe(&mut self, subscription: Subscription) -> Result<(), DuplicateConsumer> {
        if self.subscription(subscription.consumer).is_some() {
            return Err(DuplicateConsumer { consumer: subscription.consumer });
        }
        self.subscriptions.push(Arc::new(subscription));
        Ok(())
    }

    /// The subscription of `consumer`, as replaying its dead letters needs it.
    #[must_use]
    pub fn subscription(&self, consumer: &str) -> Option<&Subscription> {
        self.subscriptions().iter().find(|known| known.consumer == consumer).map(AsRef::as_ref)
    }

    /// All subscriptions, in the order in which they came.
    #[must_use]
    pub fn subscriptions(&self) -> &[Arc<Subscription>] {
        &self.subscriptions
    }

    /// The places of those that listen to aggregates of `kind`.
    pub(crate) fn listeners(&self, kind: &str) -> Vec<usize> {
        self.subscriptions
            .iter()
            .enumerate()
            .filter(|(_, subscription)| subscription.aggregate_kinds.contains(&kind))
            .map(|(place, _)| place)
            .collect()
    }
}

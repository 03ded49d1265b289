//! Tells whoever watches an order that it has changed, within this process: after each commit the use
//! case that made it tells the hub, and watchers read what is new. It carries no news itself, so that
//! none can be lost in it: watch first, then read, then wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use techtrove_core::TypedId as _;
use techtrove_orders_api::OrderId;
use tokio::sync::watch;

/// Parts of the hub with a lock each, so that many orders change at once.
const SHARDS: usize = 64;

type Shard = HashMap<OrderId, watch::Sender<()>>;

/// The orders that somebody watches.
#[derive(Debug)]
pub struct Hub {
    shards: [Mutex<Shard>; SHARDS],
}

impl Default for Hub {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Hub {
    /// Watches an order from now on.
    #[must_use]
    pub fn watch(self: &Arc<Self>, order: OrderId) -> Watch {
        let mut shard = self.shard(order);
        let sender = shard.entry(order).or_insert_with(|| watch::Sender::new(()));
        let changes = Some(sender.subscribe());
        drop(shard);
        Watch { hub: Arc::clone(self), order, changes }
    }

    /// Tells those who watch the order that it has changed; call it after the commit.
    pub fn tell(&self, order: OrderId) {
        if let Some(sender) = self.shard(order).get(&order) {
            sender.send_replace(());
        }
    }

    /// How many watch the order.
    #[must_use]
    pub fn watchers(&self, order: OrderId) -> usize {
        self.shard(order).get(&order).map_or(0, watch::Sender::receiver_count)
    }

    /// The last bytes of an id are random.
    fn shard(&self, order: OrderId) -> MutexGuard<'_, Shard> {
        let [.., last] = order.uuid().into_bytes();
        let shard = &self.shards[usize::from(last) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A watch on one order, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    hub: Arc<Hub>,
    order: OrderId,
    /// There until it is dropped.
    changes: Option<watch::Receiver<()>>,
}

impl Watch {
    /// Waits for a change since the watch began, or since the last call that returned. Nothing is lost
    /// when the wait is given up.
    pub async fn changed(&mut self) {
        if let Some(changes) = &mut self.changes {
            // The hub, which this watch holds, has the sender as long as the watch is there.
            let _ = changes.changed().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut shard = self.hub.shard(self.order);
        // Within the lock, so that of two who leave at once the second one finds itself the last.
        self.changes = None;
        if shard.get(&self.order).is_some_and(|sender| sender.receiver_count() == 0) {
            shard.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn order(number: u128) -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn those_who_watch_are_told_and_nobody_else() {
        let hub = Arc::new(Hub::default());
        let (mut first, mut second) = (hub.watch(order(1)), hub.watch(order(1)));
        let mut other = hub.watch(order(1 + SHARDS as u128));

        hub.tell(order(1));

        first.changed().await;
        second.changed().await;
        assert_eq!(first.changed().now_or_never(), None, "told once");
        assert_eq!(other.changed().now_or_never(), None);
    }

    #[tokio::test]
    async fn a_change_before_the_wait_is_not_lost() {
        let hub = Arc::new(Hub::default());
        let mut watch = hub.watch(order(1));
        assert_eq!(watch.changed().now_or_never(), None);

        hub.tell(order(1));
        hub.tell(order(1));

        watch.changed().await;
        assert_eq!(watch.changed().now_or_never(), None);
    }

    #[test]
    fn what_nobody_watches_is_forgotten() {
        let hub = Arc::new(Hub::default());
        hub.tell(order(1));
        let (first, second) = (hub.watch(order(1)), hub.watch(order(1)));
        assert_eq!(hub.watchers(order(1)), 2);

        drop(first);
        assert_eq!(hub.watchers(order(1)), 1);
        drop(second);

        assert!(hub.shards.iter().all(|shard| shard.lock().expect("sound").is_empty()));
    }
}

//! Who waits in this process for an order's next step, so that nobody has to look again and again. It
//! only wakes: what has become of the order is read from the database, which other processes write too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use techtrove_orders_api::OrderId;
use tokio::sync::Notify;

/// The orders that somebody waits for.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    orders: Arc<Mutex<HashMap<OrderId, Waited>>>,
}

#[derive(Debug, Default)]
struct Waited {
    watchers: usize,
    notify: Arc<Notify>,
}

/// Somebody who waits for an order, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    watch: Watch,
    order: OrderId,
    notify: Arc<Notify>,
}

impl Watch {
    /// Waits for steps of `order` from now on.
    pub(crate) fn of(&self, order: OrderId) -> Watcher {
        let mut orders = self.lock();
        let waited = orders.entry(order).or_default();
        waited.watchers += 1;
        Watcher { watch: self.clone(), order, notify: Arc::clone(&waited.notify) }
    }

    /// Wakes whoever waits for `order`.
    pub(crate) fn tell(&self, order: OrderId) {
        if let Some(waited) = self.lock().get(&order) {
            waited.notify.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Waited>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// A step that is stored from now on, also before this is awaited.
    pub(crate) fn next_step(&self) -> impl Future<Output = ()> + '_ {
        self.notify.notified()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut orders = self.watch.lock();
        if let Some(waited) = orders.get_mut(&self.order) {
            waited.watchers -= 1;
            if waited.watchers == 0 {
                orders.remove(&self.order);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId as _;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_step_wakes_those_who_wait_for_its_order() {
        let (watch, order) = (Watch::default(), OrderId::from_uuid(Uuid::from_u128(1)));
        let (one, two) = (watch.of(order), watch.of(order));
        let (first, second) = (one.next_step(), two.next_step());

        watch.tell(order);
        watch.tell(OrderId::from_uuid(Uuid::from_u128(2)));

        first.await;
        second.await;
        drop((one, two));
        assert!(watch.lock().is_empty());
    }
}

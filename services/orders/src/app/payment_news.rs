//! Hears from payments that the provider has told something: that the buyer has done what was asked of
//! them, or that the money reserved for an order has lapsed. The order goes on at once. News that is lost
//! costs only time where the saga asks by itself; of a lapse it may be the first word, so what follows
//! from that is stored with its receipt.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError};
use techtrove_core::{Timestamp, TypedId as _, planted};
use techtrove_db::{DbError, Tx};
use techtrove_orders_api::OrderId;
use techtrove_payments_api::{PaymentChanged, PaymentStatus};

use super::{App, recover::recover_now};
use crate::{
    domain::{
        CapturePolicy, Order,
        saga::{Change, Saga},
    },
    events::PAYMENTS_CONSUMER,
    store::{self, Lease, Locked, StoredSaga},
};

/// Takes the news of the order's payment.
///
/// # Errors
/// When the database fails.
pub(crate) async fn take_payment_news(
    app: Arc<App>,
    event: Arc<Event>,
    changed: PaymentChanged,
) -> Result<(), HandlerError> {
    let (order, now) = (OrderId::from_uuid(changed.reference), app.clock.now());
    let voided = changed.status == PaymentStatus::Voided;
    let owing = voided.then(|| Owing::new(&app, order, now));
    let taken = app.db.write("orders.payment_news", move |tx| -> Result<_, HandlerError> {
        Ok(techtrove_bus::first_time(tx, PAYMENTS_CONSUMER, &event)?
            && match &owing {
                Some(owing) => write_lapse_down(tx, order, owing)?,
                None => store::hurry(tx, order, now)?,
            })
    });
    if taken.await? {
        if voided {
            app.hub.tell(order);
        }
        follow_up(&app, order);
    }
    Ok(())
}

/// The money was given up: by orders itself, which goes on, or by its provider. Whether anything is left
/// to do.
fn write_lapse_down(tx: &mut Tx<'_>, order: OrderId, owing: &Owing) -> Result<bool, DbError> {
    let Some(locked) = store::lock_order(tx, order)? else { return Ok(false) };
    match locked.order.lapsed() {
        Some(change) => owing.store(tx, locked, &change).map(|_| true),
        None => store::hurry(tx, order, owing.now),
    }
}

/// How news of payments becomes what is owed to an order.
pub(super) struct Owing {
    /// Whoever has time may drive the order from then on.
    lease: Lease,
    now: Timestamp,
    capture: CapturePolicy,
}

impl Owing {
    /// Of this order, from now on.
    pub(super) fn new(app: &App, order: OrderId, now: Timestamp) -> Self {
        let lease = Lease { order, owner: app.ids.uuid(), until: now };
        Self { lease, now, capture: app.config.capture }
    }

    /// Stores the change of the locked order and leaves what is owed from then on to whoever drives it;
    /// the order as it is then.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn store(
        &self,
        tx: &mut Tx<'_>,
        Locked { mut order, is_open }: Locked,
        change: &Change,
    ) -> Result<Order, DbError> {
        let stations = order.history.len();
        order.apply(change, self.now);
        store::store_moved(tx, &order, change, stations)?;
        if is_open {
            store::hurry(tx, order.id, self.now)?;
        } else if let Some(saga) = Saga::resume(&order, self.capture, self.now)
            && !planted("lapse-left-to-nobody")
        {
            store::insert_saga(tx, &self.lease, &StoredSaga { saga, claim: None, revision: 0 })?;
        }
        Ok(order)
    }
}

/// Drives the order at once, where there is room; else the recovery does.
pub(super) fn follow_up(app: &Arc<App>, order: OrderId) {
    let Some(seat) = app.drivers.follow_up() else { return };
    let driver = Arc::clone(app);
    app.drivers.start(async move {
        recover_now(&driver, order).await;
        drop(seat);
    });
}

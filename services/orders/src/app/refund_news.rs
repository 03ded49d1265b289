//! Hears from payments that money which was given back has come back to the provider: the refund has
//! failed, and what is owed to a cancelled order is owed again. Unlike payments' other news it is the
//! only word of it, so all that it changes is stored with its receipt.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError};
use techtrove_core::{Timestamp, TypedId as _};
use techtrove_db::Tx;
use techtrove_http::idempotency;
use techtrove_orders_api::OrderId;
use techtrove_payments_api::RefundFailed;

use super::{
    App, answer,
    payment_news::{Owing, follow_up},
};
use crate::{
    domain::{Refund, RefundStatus},
    error::Error,
    events::PAYMENTS_CONSUMER,
    store,
};

/// Takes the news of an order's refund.
///
/// # Errors
/// When the database fails.
pub(crate) async fn take_refund_news(
    app: Arc<App>,
    event: Arc<Event>,
    failed: RefundFailed,
) -> Result<(), HandlerError> {
    let (order, now) = (OrderId::from_uuid(failed.reference), app.clock.now());
    let owing = Owing::new(&app, order, now);
    let told = (order, failed.refund_id, failed.failure_code.clone());
    let taken = app.db.write("orders.refund_news", move |tx| -> Result<_, HandlerError> {
        Ok(techtrove_bus::first_time(tx, PAYMENTS_CONSUMER, &event)?
            && write_down(tx, &failed, &owing, now)?)
    });
    if taken.await? {
        let (order, refund, code) = told;
        tracing::error!(%order, %refund, code, "a refund has failed after all: somebody should look");
        app.hub.tell(order);
        follow_up(&app, order);
    }
    Ok(())
}

/// Ends the refund, and leaves what is owed from then on to whoever drives the order. Whether that was
/// news.
fn write_down(
    tx: &mut Tx<'_>,
    failed: &RefundFailed,
    owing: &Owing,
    now: Timestamp,
) -> Result<bool, Error> {
    let order = OrderId::from_uuid(failed.reference);
    let Some(locked) = store::lock_order(tx, order)? else { return Ok(false) };
    let Some(change) = locked.order.refund_lost(failed.refund_id, &failed.failure_code, now) else {
        return Ok(false);
    };
    let pending = |refund: &Refund| refund.status == RefundStatus::Pending;
    let mut known = locked.order.refunds.iter();
    let waits = known.any(|it| it.id == failed.refund_id && pending(it));
    let order = owing.store(tx, locked, &change)?;
    if waits {
        for (key, answer) in answer::asked_for(&order, &change)? {
            idempotency::finish(tx, &key, &answer)?;
        }
    }
    Ok(true)
}

//! Hears from payments that the provider has told something, such as that the buyer has done what was
//! asked of them, and goes on with the order at once. News that is lost costs only time: the recovery
//! asks by itself.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError};
use techtrove_orders_api::OrderId;

use super::{App, recover::recover_now};
use crate::{events::PAYMENTS_CONSUMER, store};

/// Takes the news of the order's payment.
///
/// # Errors
/// When the database fails.
pub(crate) async fn take_payment_news(
    app: Arc<App>,
    event: Arc<Event>,
    order: OrderId,
) -> Result<(), HandlerError> {
    let now = app.clock.now();
    let taken = app.db.write("orders.payment_news", move |tx| -> Result<_, HandlerError> {
        Ok(techtrove_bus::first_time(tx, PAYMENTS_CONSUMER, &event)?
            && store::hurry(tx, order, now)?)
    });
    if taken.await? {
        follow_up(&app, order);
    }
    Ok(())
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

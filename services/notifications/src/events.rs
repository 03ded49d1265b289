//! What notifications listens to: orders. It publishes nothing.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Subscription, Taken};
use techtrove_orders_api::{ORDER_AGGREGATE, ORDER_CONFIRMED, OrderChanged};

use crate::app::{self, App};

/// How notifications is known to the bus as a reader of orders' events.
pub(crate) const ORDERS_CONSUMER: &str = "notifications.orders";

/// What notifications listens to.
pub(crate) fn subscriptions(app: &App) -> Vec<Subscription> {
    let db = app.db.clone();
    let app = app.clone();
    let handler = Arc::new(move |event| on_order_event(app.clone(), event));
    vec![Subscription {
        consumer: ORDERS_CONSUMER,
        aggregate_kinds: &[ORDER_AGGREGATE],
        db,
        handler,
    }]
}

/// Writes to the buyer of a confirmed order.
async fn on_order_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if event.kind != ORDER_CONFIRMED {
        return Ok(Taken::Ignored);
    }
    let order: OrderChanged = event.decode_data()?;
    app::write_order_mail(&app, event, order.order_id).await?;
    Ok(Taken::Handled)
}

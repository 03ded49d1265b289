//! What notifications listens to: orders. It publishes nothing.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Subscription, Taken};
use techtrove_orders_api::{ORDER_AGGREGATE, ORDER_CONFIRMED, ORDER_KEYS_DELIVERED, OrderChanged};

use crate::{
    app::{self, App},
    domain::OrderMail,
};

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

/// Writes to the buyer of an order that was confirmed, or whose licence keys were revealed.
async fn on_order_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    let mail = match event.kind.as_str() {
        ORDER_CONFIRMED => OrderMail::Confirmed,
        ORDER_KEYS_DELIVERED => OrderMail::LicenceKeys,
        _ => return Ok(Taken::Ignored),
    };
    let order: OrderChanged = event.decode_data()?;
    app::write_order_mail(&app, event, order.order_id, mail).await?;
    Ok(Taken::Handled)
}

//! What orders publishes: each station of an order but the first, and that licence keys were revealed,
//! in the transaction that brings it. It listens to payments, where a provider tells something that
//! nobody was waiting for, and to identity, which tells whose an e-mail address is.

use std::sync::Arc;

use techtrove_bus::{AggregateRef, Event, EventKind, HandlerError, NewEvent, Subscription, Taken};
use techtrove_core::TypedId;
use techtrove_identity_api::{EMAIL_VERIFIED, EmailVerified, USER_AGGREGATE};
use techtrove_orders_api::{
    ORDER_AGGREGATE, ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_DELIVERED, ORDER_KEYS_DELIVERED,
    ORDER_PAYMENT_FAILED, ORDER_PROCESSING, ORDER_SHIPPED, OrderChanged, OrderConfirmed, OrderId,
    OrderStatus, SoldLine,
};
use techtrove_payments_api::{PAYMENT_AGGREGATE, PAYMENT_CHANGED, PaymentChanged};

use crate::{
    app::{self, App},
    domain::{Line, Order},
};

/// How orders is known to the bus as a reader of payments' events.
pub(crate) const PAYMENTS_CONSUMER: &str = "orders.payments";

/// The same, of identity's events.
pub(crate) const IDENTITY_CONSUMER: &str = "orders.identity";

/// Listens to identity.
pub(crate) fn on_identity(app: &Arc<App>) -> Subscription {
    let db = app.db.clone();
    let app = Arc::clone(app);
    let handler = Arc::new(move |event| on_user_event(Arc::clone(&app), event));
    Subscription { consumer: IDENTITY_CONSUMER, aggregate_kinds: &[USER_AGGREGATE], db, handler }
}

async fn on_user_event(app: Arc<App>, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if event.kind != EMAIL_VERIFIED {
        return Ok(Taken::Ignored);
    }
    let verified: EmailVerified = event.decode_data()?;
    app::adopt_orders(&app, event, verified).await?;
    Ok(Taken::Handled)
}

/// Listens to payments.
pub(crate) fn on_payments(app: &Arc<App>) -> Subscription {
    let db = app.db.clone();
    let app = Arc::clone(app);
    let handler = Arc::new(move |event| on_payment_event(Arc::clone(&app), event));
    Subscription { consumer: PAYMENTS_CONSUMER, aggregate_kinds: &[PAYMENT_AGGREGATE], db, handler }
}

async fn on_payment_event(app: Arc<App>, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if event.kind != PAYMENT_CHANGED {
        return Ok(Taken::Ignored);
    }
    let payment: PaymentChanged = event.decode_data()?;
    app::take_payment_news(app, event, OrderId::from_uuid(payment.reference)).await?;
    Ok(Taken::Handled)
}

/// The event which tells that the order has this status from now on, if others care.
pub(crate) fn status_changed(order: &Order, status: OrderStatus) -> Option<NewEvent> {
    let kind: EventKind = match status {
        OrderStatus::Pending => return None,
        OrderStatus::Confirmed => return Some(confirmed(order)),
        OrderStatus::Processing => ORDER_PROCESSING,
        OrderStatus::Shipped => ORDER_SHIPPED,
        OrderStatus::Delivered => ORDER_DELIVERED,
        OrderStatus::PaymentFailed => ORDER_PAYMENT_FAILED,
        OrderStatus::Cancelled => ORDER_CANCELLED,
    };
    Some(order_changed(kind, order.id, status))
}

/// The event which tells that the order is confirmed, and what was sold with it.
fn confirmed(order: &Order) -> NewEvent {
    let sold = |line: &Line| SoldLine {
        product_id: line.product_id.uuid(),
        quantity: line.quantity.get(),
    };
    let data = OrderConfirmed {
        order_id: order.id,
        status: OrderStatus::Confirmed,
        lines: order.lines.iter().map(sold).collect(),
        user_id: order.user_id.map(TypedId::uuid),
    };
    NewEvent {
        kind: ORDER_CONFIRMED,
        aggregate: AggregateRef { kind: ORDER_AGGREGATE, id: order.id.uuid() },
        data: serde_json::json!(data),
    }
}

/// The event which tells that the order's licence keys were revealed to its buyer.
pub(crate) fn keys_delivered(order_id: OrderId, status: OrderStatus) -> NewEvent {
    order_changed(ORDER_KEYS_DELIVERED, order_id, status)
}

fn order_changed(kind: EventKind, order_id: OrderId, status: OrderStatus) -> NewEvent {
    let aggregate = AggregateRef { kind: ORDER_AGGREGATE, id: order_id.uuid() };
    let data = serde_json::json!(OrderChanged { order_id, status });
    NewEvent { kind, aggregate, data }
}

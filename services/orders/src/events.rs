//! What orders publishes: each station of an order but the first, that licence keys were revealed, that
//! a parcel left, that money was given back and that a guest's order is a user's, in the transaction that brings it. It listens to
//! payments, where a provider tells something that nobody was waiting for, and to identity, which tells
//! whose an e-mail address is.

use std::sync::Arc;

use techtrove_bus::{AggregateRef, Event, EventKind, HandlerError, NewEvent, Subscription, Taken};
use techtrove_core::{TypedId, planted};
use techtrove_identity_api::{EMAIL_VERIFIED, EmailVerified, USER_AGGREGATE, UserId};
use techtrove_orders_api::{
    ORDER_ADOPTED, ORDER_AGGREGATE, ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_DELIVERED,
    ORDER_KEYS_DELIVERED, ORDER_PARCEL_SHIPPED, ORDER_PAYMENT_FAILED, ORDER_PROCESSING,
    ORDER_REFUNDED, ORDER_RETURN_APPROVED, ORDER_RETURN_RECEIVED, ORDER_RETURN_REJECTED,
    ORDER_RETURN_REQUESTED, ORDER_SHIPPED, OrderAdopted, OrderChanged, OrderConfirmed, OrderId,
    OrderRefunded, OrderStatus, ParcelShipped, ReturnChanged, ReturnStatus, SoldLine,
};
use techtrove_payments_api::{
    PAYMENT_AGGREGATE, PAYMENT_CHANGED, PaymentChanged, REFUND_FAILED, RefundFailed,
};

use crate::{
    app::{self, App},
    domain::{Line, Order, Refund, RefundStatus, Return, Shipment, ShipmentStatus},
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
    if event.kind == REFUND_FAILED {
        let failed: RefundFailed = event.decode_data()?;
        app::take_refund_news(app, event, failed).await?;
        return Ok(Taken::Handled);
    }
    if event.kind != PAYMENT_CHANGED {
        return Ok(Taken::Ignored);
    }
    let payment: PaymentChanged = event.decode_data()?;
    app::take_payment_news(app, event, payment).await?;
    Ok(Taken::Handled)
}

/// The events which tell what became of an order since it was as `before`: each station that it passed,
/// and then what was done for it.
pub(crate) fn between(before: &Order, order: &Order) -> Vec<NewEvent> {
    let passed = order.history.iter().skip(before.history.len());
    let stations = passed.filter_map(|entry| status_changed(order, entry.status));
    let revealed = order.has_revealed_keys() && !before.has_revealed_keys();
    let keys = revealed.then(|| order_changed(ORDER_KEYS_DELIVERED, order.id, order.status));
    let is_shipped = |of: &Order, parcel: &Shipment| {
        let mut known = of.shipments.iter().filter(|known| known.id == parcel.id);
        known.any(|known| known.status == ShipmentStatus::Shipped)
    };
    let is_made = |of: &Order, refund: &Refund| {
        let mut known = of.refunds.iter().filter(|known| known.id == refund.id);
        known.any(|known| match known.status {
            RefundStatus::Succeeded => true,
            RefundStatus::Failed => planted("refused-refund-told"),
            RefundStatus::Pending => false,
        })
    };
    let parcels = order.shipments.iter().filter(|it| it.travels(order));
    let left = parcels.filter(|it| is_shipped(order, it) && !is_shipped(before, it));
    let made = order.refunds.iter().filter(|it| is_made(order, it) && !is_made(before, it));
    let done = left.map(|parcel| parcel_shipped(order, parcel));
    let done = done.chain(made.map(|refund| refunded(order, refund)));
    stations.chain(keys).chain(done).collect()
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
    let data = OrderConfirmed {
        order_id: order.id,
        status: OrderStatus::Confirmed,
        lines: sold(order),
        user_id: order.user_id.map(TypedId::uuid),
    };
    of_order(ORDER_CONFIRMED, order.id, serde_json::json!(data))
}

/// The same event of an order that turned out to be this user's when it was confirmed.
pub(crate) fn as_of(owner: UserId, event: &NewEvent) -> NewEvent {
    let mut event = event.clone();
    if event.kind == ORDER_CONFIRMED {
        event.data["user_id"] = serde_json::json!(owner.uuid());
    }
    event
}

/// The event which tells that the order of a guest is this user's, if it was confirmed before: what is
/// confirmed later is told to be theirs then.
pub(crate) fn adopted(order: &Order, owner: UserId) -> Option<NewEvent> {
    let was_confirmed = order.history.iter().any(|it| it.status == OrderStatus::Confirmed);
    let data = OrderAdopted {
        order_id: order.id,
        status: order.status,
        user_id: owner.uuid(),
        lines: sold(order),
    };
    was_confirmed.then(|| of_order(ORDER_ADOPTED, order.id, serde_json::json!(data)))
}

fn sold(order: &Order) -> Vec<SoldLine> {
    let sold = |line: &Line| SoldLine {
        product_id: line.product_id.uuid(),
        quantity: line.quantity.get(),
    };
    order.lines.iter().map(sold).collect()
}

fn parcel_shipped(order: &Order, parcel: &Shipment) -> NewEvent {
    let shipment_id = parcel.id;
    let data = ParcelShipped { order_id: order.id, status: order.status, shipment_id };
    of_order(ORDER_PARCEL_SHIPPED, order.id, serde_json::json!(data))
}

fn refunded(order: &Order, refund: &Refund) -> NewEvent {
    let refund_id = refund.id.uuid();
    let data = OrderRefunded { order_id: order.id, status: order.status, refund_id };
    of_order(ORDER_REFUNDED, order.id, serde_json::json!(data))
}

/// The event which tells where a return of the order stands from now on.
pub(crate) fn return_moved(order: &Order, back: &Return) -> NewEvent {
    let kind = match back.status {
        ReturnStatus::Requested => ORDER_RETURN_REQUESTED,
        ReturnStatus::Approved => ORDER_RETURN_APPROVED,
        ReturnStatus::Rejected => ORDER_RETURN_REJECTED,
        ReturnStatus::Received => ORDER_RETURN_RECEIVED,
    };
    let data = ReturnChanged {
        order_id: order.id,
        status: order.status,
        return_id: back.id,
        return_status: back.status,
    };
    of_order(kind, order.id, serde_json::json!(data))
}

fn order_changed(kind: EventKind, order_id: OrderId, status: OrderStatus) -> NewEvent {
    of_order(kind, order_id, serde_json::json!(OrderChanged { order_id, status }))
}

fn of_order(kind: EventKind, id: OrderId, data: serde_json::Value) -> NewEvent {
    NewEvent { kind, aggregate: AggregateRef { kind: ORDER_AGGREGATE, id: id.uuid() }, data }
}

//! What orders publishes: each end of an order's beginning, in the transaction that brings it. It
//! listens to nothing.

use techtrove_bus::{AggregateRef, EventKind, NewEvent};
use techtrove_core::TypedId as _;
use techtrove_orders_api::{
    ORDER_AGGREGATE, ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_DELIVERED, ORDER_PAYMENT_FAILED,
    ORDER_PROCESSING, ORDER_SHIPPED, OrderChanged, OrderId, OrderStatus,
};

/// The event which tells that the order has this status from now on, if others care.
pub(crate) fn status_changed(order_id: OrderId, status: OrderStatus) -> Option<NewEvent> {
    let kind: EventKind = match status {
        OrderStatus::Pending => return None,
        OrderStatus::Confirmed => ORDER_CONFIRMED,
        OrderStatus::Processing => ORDER_PROCESSING,
        OrderStatus::Shipped => ORDER_SHIPPED,
        OrderStatus::Delivered => ORDER_DELIVERED,
        OrderStatus::PaymentFailed => ORDER_PAYMENT_FAILED,
        OrderStatus::Cancelled => ORDER_CANCELLED,
    };
    let aggregate = AggregateRef { kind: ORDER_AGGREGATE, id: order_id.uuid() };
    let data = serde_json::json!(OrderChanged { order_id, status });
    Some(NewEvent { kind, aggregate, data })
}

//! What community publishes: how a product is rated, with each change of it, recorded in the transaction
//! of that change. It listens to orders, which tells who bought what.

use std::sync::Arc;

use techtrove_bus::{AggregateRef, Event, HandlerError, NewEvent, Subscription, Taken};
use techtrove_catalog_api::ProductId;
use techtrove_community_api::{RATING_AGGREGATE, RATING_CHANGED, RatingChanged};
use techtrove_core::TypedId;
use techtrove_identity_api::UserId;
use techtrove_orders_api::{
    ORDER_ADOPTED, ORDER_AGGREGATE, ORDER_CONFIRMED, OrderAdopted, OrderConfirmed,
};

use crate::{
    app::{self, App},
    domain::Rating,
};

/// The name under which community remembers which of orders' events it has taken.
pub const PURCHASES_CONSUMER: &str = "community.orders";

/// The event that tells how a product is rated now.
pub(crate) fn rating_changed(product: ProductId, rating: Rating) -> NewEvent {
    // The table's checks keep each of them from falling below zero.
    let changed = RatingChanged {
        product_id: product,
        sum: rating.sum().unsigned_abs(),
        count: rating.count().unsigned_abs(),
        revision: rating.revision.unsigned_abs(),
    };
    NewEvent {
        kind: RATING_CHANGED,
        aggregate: AggregateRef::new(RATING_AGGREGATE, product),
        data: serde_json::json!(changed),
    }
}

/// Listens to orders.
pub(crate) fn on_orders(app: App) -> Subscription {
    let db = app.db.clone();
    let handler = Arc::new(move |event| on_order_event(app.clone(), event));
    Subscription { consumer: PURCHASES_CONSUMER, aggregate_kinds: &[ORDER_AGGREGATE], db, handler }
}

async fn on_order_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    let bought = match event.kind.as_str() {
        ORDER_CONFIRMED => {
            let confirmed: OrderConfirmed = event.decode_data()?;
            confirmed.user_id.map(|user| (user, confirmed.lines))
        }
        ORDER_ADOPTED => {
            let adopted: OrderAdopted = event.decode_data()?;
            Some((adopted.user_id, adopted.lines))
        }
        _ => None,
    };
    let Some((user, lines)) = bought else { return Ok(Taken::Ignored) };
    app::note_purchases(&app, event, UserId::from_uuid(user), &lines).await?;
    Ok(Taken::Handled)
}

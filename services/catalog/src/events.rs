//! What the catalogue tells, and what it listens to. It tells of products
//! (`catalog.product.created.v1`, `catalog.product.updated.v1`, recorded by the use cases); it listens
//! to inventory's word on availability, to community's on ratings, and to orders, which tells what was sold.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Subscription, Taken};
use techtrove_community_api::{RATING_AGGREGATE, RATING_CHANGED, RatingChanged};
use techtrove_inventory_api::{AVAILABILITY_CHANGED, AvailabilityChanged, STOCK_AGGREGATE};
use techtrove_orders_api::{ORDER_AGGREGATE, ORDER_CONFIRMED, OrderConfirmed};

use crate::app::{self, App};

/// The name under which the catalogue remembers which events it has taken.
pub const CONSUMER: &str = "catalog.inventory";

/// The same, of community's events.
pub const RATINGS_CONSUMER: &str = "catalog.community";

/// The same, of orders' events.
pub const SALES_CONSUMER: &str = "catalog.orders";

/// Listens to inventory.
pub(crate) fn on_inventory(app: App) -> Subscription {
    let db = app.db.clone();
    let handler = Arc::new(move |event| on_stock_event(app.clone(), event));
    Subscription { consumer: CONSUMER, aggregate_kinds: &[STOCK_AGGREGATE], db, handler }
}

async fn on_stock_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if event.kind != AVAILABILITY_CHANGED {
        return Ok(Taken::Ignored);
    }
    let changed: AvailabilityChanged = event.decode_data()?;
    app::note_availability(&app, event, changed).await?;
    Ok(Taken::Handled)
}

/// Listens to community.
pub(crate) fn on_community(app: App) -> Subscription {
    let db = app.db.clone();
    let handler = Arc::new(move |event| on_rating_event(app.clone(), event));
    Subscription { consumer: RATINGS_CONSUMER, aggregate_kinds: &[RATING_AGGREGATE], db, handler }
}

async fn on_rating_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if event.kind != RATING_CHANGED {
        return Ok(Taken::Ignored);
    }
    let changed: RatingChanged = event.decode_data()?;
    app::note_rating(&app, event, changed).await?;
    Ok(Taken::Handled)
}

/// Listens to orders.
pub(crate) fn on_orders(app: App) -> Subscription {
    let db = app.db.clone();
    let handler = Arc::new(move |event| on_order_event(app.clone(), event));
    Subscription { consumer: SALES_CONSUMER, aggregate_kinds: &[ORDER_AGGREGATE], db, handler }
}

async fn on_order_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if event.kind != ORDER_CONFIRMED {
        return Ok(Taken::Ignored);
    }
    let confirmed: OrderConfirmed = event.decode_data()?;
    app::note_sales(&app, event, confirmed).await?;
    Ok(Taken::Handled)
}

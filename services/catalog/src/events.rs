//! What the catalogue tells, and what it listens to. It tells of products
//! (`catalog.product.created.v1`, `catalog.product.updated.v1`, recorded by the use cases); it listens
//! to inventory's word on availability, to community's on ratings, and to orders, which tells what was sold.

use std::sync::Arc;

use futures::future::BoxFuture;
use techtrove_bus::{Event, EventHandler, HandlerError, Subscription, Taken};
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
    let handler = Arc::new(OnStock { app });
    Subscription { consumer: CONSUMER, aggregate_kinds: &[STOCK_AGGREGATE], db, handler }
}

struct OnStock {
    app: App,
}

impl EventHandler for OnStock {
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>> {
        Box::pin(async move {
            if event.kind != AVAILABILITY_CHANGED {
                return Ok(Taken::Ignored);
            }
            let changed: AvailabilityChanged = event.decode_data()?;
            app::note_availability(&self.app, event, changed).await?;
            Ok(Taken::Handled)
        })
    }
}

/// Listens to community.
pub(crate) fn on_community(app: App) -> Subscription {
    let db = app.db.clone();
    let handler = Arc::new(OnRating { app });
    Subscription { consumer: RATINGS_CONSUMER, aggregate_kinds: &[RATING_AGGREGATE], db, handler }
}

struct OnRating {
    app: App,
}

impl EventHandler for OnRating {
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>> {
        Box::pin(async move {
            if event.kind != RATING_CHANGED {
                return Ok(Taken::Ignored);
            }
            let changed: RatingChanged = event.decode_data()?;
            app::note_rating(&self.app, event, changed).await?;
            Ok(Taken::Handled)
        })
    }
}

/// Listens to orders.
pub(crate) fn on_orders(app: App) -> Subscription {
    let db = app.db.clone();
    let handler = Arc::new(OnOrder { app });
    Subscription { consumer: SALES_CONSUMER, aggregate_kinds: &[ORDER_AGGREGATE], db, handler }
}

struct OnOrder {
    app: App,
}

impl EventHandler for OnOrder {
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>> {
        Box::pin(async move {
            if event.kind != ORDER_CONFIRMED {
                return Ok(Taken::Ignored);
            }
            let confirmed: OrderConfirmed = event.decode_data()?;
            app::note_sales(&self.app, event, confirmed).await?;
            Ok(Taken::Handled)
        })
    }
}

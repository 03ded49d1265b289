//! What the catalogue tells, and what it listens to. It tells of products
//! (`catalog.product.created.v1`, `catalog.product.updated.v1`, recorded by the use cases); it listens
//! to inventory's word on availability.

use std::sync::Arc;

use futures::future::BoxFuture;
use techtrove_bus::{Event, EventHandler, HandlerError, Subscription, Taken};
use techtrove_inventory_api::{AVAILABILITY_CHANGED, AvailabilityChanged, STOCK_AGGREGATE};

use crate::app::{self, App};

/// The name under which the catalogue remembers which events it has taken.
pub const CONSUMER: &str = "catalog.inventory";

/// Listens to inventory.
pub(crate) fn subscription(app: App) -> Subscription {
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

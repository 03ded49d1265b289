//! What inventory listens to: the catalogue's products, whose SKUs it makes known. What it publishes,
//! a change of availability, is recorded where stock is stored (`app/save.rs`).

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Subscription, Taken};
use techtrove_catalog_api::{PRODUCT_AGGREGATE, PRODUCT_CREATED, PRODUCT_UPDATED, ProductChanged};

use crate::app::{self, App};

/// How inventory is known to the bus as a reader of the catalogue's events.
pub(crate) const CATALOG_CONSUMER: &str = "inventory.catalog";

/// What inventory listens to.
pub(crate) fn subscriptions(app: &App) -> Vec<Subscription> {
    let db = app.db.clone();
    let app = app.clone();
    let handler = Arc::new(move |event| on_product_event(app.clone(), event));
    vec![Subscription {
        consumer: CATALOG_CONSUMER,
        aggregate_kinds: &[PRODUCT_AGGREGATE],
        db,
        handler,
    }]
}

/// Makes the SKUs of products known, how they are sold, and whether they are.
async fn on_product_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    if ![PRODUCT_CREATED, PRODUCT_UPDATED].contains(&event.kind.as_str()) {
        return Ok(Taken::Ignored);
    }
    let product: ProductChanged = event.decode_data()?;
    app::make_known(&app, event, product).await?;
    Ok(Taken::Handled)
}

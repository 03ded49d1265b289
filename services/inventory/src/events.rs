//! What inventory listens to: the catalogue's products, whose SKUs it makes known, and its categories. What it publishes,
//! a change of availability, is recorded where stock is stored (`app/save.rs`).

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Subscription, Taken};
use techtrove_catalog_api::{
    CATEGORY_AGGREGATE, CATEGORY_PLACED, PRODUCT_AGGREGATE, PRODUCT_CREATED, PRODUCT_UPDATED,
};

use crate::app::{self, App};

/// How inventory is known to the bus as a reader of the catalogue's events.
pub(crate) const CATALOG_CONSUMER: &str = "inventory.catalog";

/// What inventory listens to.
pub(crate) fn subscriptions(app: &App) -> Vec<Subscription> {
    let db = app.db.clone();
    let app = app.clone();
    let handler = Arc::new(move |event| on_catalog_event(app.clone(), event));
    vec![Subscription {
        consumer: CATALOG_CONSUMER,
        aggregate_kinds: &[PRODUCT_AGGREGATE, CATEGORY_AGGREGATE],
        db,
        handler,
    }]
}

async fn on_catalog_event(app: App, event: Arc<Event>) -> Result<Taken, HandlerError> {
    match event.kind.as_str() {
        PRODUCT_CREATED | PRODUCT_UPDATED => {
            let product = event.decode_data()?;
            app::make_known(&app, event, product).await?;
        }
        CATEGORY_PLACED => {
            let placed = event.decode_data()?;
            app::place_category(&app, event, placed).await?;
        }
        _ => return Ok(Taken::Ignored),
    }
    Ok(Taken::Handled)
}

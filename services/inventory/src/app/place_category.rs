//! The catalogue has made or moved a category.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError};
use techtrove_catalog_api::CategoryPlaced;

use super::App;
use crate::{error::Error, events::CATALOG_CONSUMER, store};

/// Notes what `event` tells; one that was handled before changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn place_category(
    app: &App,
    event: Arc<Event>,
    placed: CategoryPlaced,
) -> Result<(), HandlerError> {
    app.db
        .write("inventory.place_category", move |tx| {
            if techtrove_bus::first_time(tx, CATALOG_CONSUMER, &event)? {
                store::place_category(tx, &placed).map_err(Error::from)?;
            }
            Ok(())
        })
        .await
}

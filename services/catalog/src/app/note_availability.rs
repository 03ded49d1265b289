//! Inventory says that a SKU's availability has changed.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, first_time};
use techtrove_core::planted;
use techtrove_inventory_api::AvailabilityChanged;

use super::App;
use crate::{events::CONSUMER, store};

/// Remembers it for the SKU and its product, once per event.
///
/// # Errors
/// When the database fails, or the event is out of its order.
pub async fn note_availability(
    app: &App,
    event: Arc<Event>,
    changed: AvailabilityChanged,
) -> Result<(), HandlerError> {
    app.db
        .write("catalog.note_availability", move |tx| -> Result<(), HandlerError> {
            if first_time(tx, CONSUMER, &event)? || planted("old-availability-noted") {
                store::note_availability(tx, &changed.sku, changed.availability)?;
                // The product that was kept as it was shown before is not what is shown now.
                tx.notify_committed();
            }
            Ok(())
        })
        .await
}

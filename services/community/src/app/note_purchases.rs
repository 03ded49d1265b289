//! Orders says that an order was confirmed, or that a guest's is a user's: its buyer's reviews of what is in it are those of a buyer.

use std::{collections::BTreeSet, sync::Arc};

use techtrove_bus::{Event, HandlerError, first_time};
use techtrove_catalog_api::ProductId;
use techtrove_core::{TypedId, planted};
use techtrove_identity_api::UserId;
use techtrove_orders_api::SoldLine;

use super::App;
use crate::{events::PURCHASES_CONSUMER, store};

/// Remembers that `user` bought what is in the lines. What is cancelled later was bought all the same.
///
/// # Errors
/// When the database fails, the event is out of its order, or another order of the same goods is just
/// noted: then the bus brings the event again.
pub async fn note_purchases(
    app: &App,
    event: Arc<Event>,
    user: UserId,
    lines: &[SoldLine],
) -> Result<(), HandlerError> {
    // In the order of their ids, in which nobody waits for another in a ring.
    let bought: BTreeSet<ProductId> =
        lines.iter().map(|line| ProductId::from_uuid(line.product_id)).collect();
    app.db
        .write("community.note_purchases", move |tx| -> Result<(), HandlerError> {
            if first_time(tx, PURCHASES_CONSUMER, &event)? {
                let noted = if planted("first-product-alone-noted") { 1 } else { bought.len() };
                for product in bought.iter().take(noted) {
                    let again = planted("bought-once-more-refused");
                    if again || !store::has_bought(tx, user, *product)? {
                        store::insert_purchase(tx, user, *product)?;
                    }
                }
            }
            Ok(())
        })
        .await
}

//! Orders says that an order was confirmed: what is in it was sold.

use std::{collections::BTreeMap, sync::Arc};

use techtrove_bus::{Event, HandlerError, first_time};
use techtrove_catalog_api::ProductId;
use techtrove_core::TypedId;
use techtrove_orders_api::OrderConfirmed;

use super::App;
use crate::{events::SALES_CONSUMER, store};

/// Notes the pieces of each product, once per event; [`super::add_up_sales`] adds them to it soon. What is
/// cancelled later was sold all the same.
///
/// # Errors
/// When the database fails, or the event is out of its order.
pub async fn note_sales(
    app: &App,
    event: Arc<Event>,
    confirmed: OrderConfirmed,
) -> Result<(), HandlerError> {
    let mut sold: BTreeMap<ProductId, i64> = BTreeMap::new();
    for line in confirmed.lines {
        *sold.entry(ProductId::from_uuid(line.product_id)).or_default() += i64::from(line.quantity);
    }
    app.db
        .write("catalog.note_sales", move |tx| -> Result<(), HandlerError> {
            if first_time(tx, SALES_CONSUMER, &event)? {
                for (product, pieces) in &sold {
                    store::insert_sale(tx, event.id, *product, *pieces)?;
                }
            }
            Ok(())
        })
        .await
}

//! Inventory learns of SKUs at once, unless it is away. The event of the same change tells it too; this
//! only is sooner, so nothing depends on it.

use techtrove_catalog_api::Fulfilment;
use techtrove_core::Sku;
use techtrove_inventory_api::{SetStock, SetStockRequest};

use super::App;

/// Tells inventory of these SKUs of one product, and how they are sold.
pub(super) async fn tell_inventory(app: &App, skus: Vec<Sku>, fulfilment: Fulfilment) {
    let items = skus.into_iter().map(|sku| set_stock(sku, fulfilment, None)).collect();
    if let Err(error) = app.inventory.set_stock(&SetStockRequest { items }).await {
        tracing::debug!(%error, "inventory will learn of new SKUs by the event");
    }
}

/// What inventory is told of one SKU: what is digital is stocked as licence keys.
pub(super) fn set_stock(sku: Sku, fulfilment: Fulfilment, on_hand: Option<u32>) -> SetStock {
    SetStock { sku, keyed: fulfilment == Fulfilment::Digital, on_hand, low_stock_threshold: None }
}

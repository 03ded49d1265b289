//! Inventory learns of products at once, unless it is away. The event of the same change tells it too; this
//! only is sooner, so nothing depends on it.

use techtrove_catalog_api::{Fulfilment, ProductChanged};
use techtrove_core::Sku;
use techtrove_inventory_api::SetStock;

use super::App;

/// Tells inventory of a product, as its event does.
pub(super) async fn tell_inventory(app: &App, product: &ProductChanged) {
    if let Err(error) = app.inventory.tell_of(product).await {
        tracing::debug!(%error, "inventory will learn of the product by the event");
    }
}

/// What inventory is told of one SKU: what is digital is stocked as licence keys.
pub(super) fn set_stock(sku: Sku, fulfilment: Fulfilment, on_hand: Option<u32>) -> SetStock {
    SetStock { sku, keyed: fulfilment == Fulfilment::Digital, on_hand, low_stock_threshold: None }
}

//! What stock there is: all numbers for the staff, three words for the public.

use std::collections::BTreeMap;

use techtrove_core::Sku;
use techtrove_inventory_api::Availability;

use super::App;
use crate::{domain::StockItem, error::Error, store};

/// The numbers of one SKU.
///
/// # Errors
/// [`Error::UnknownSku`], or when the database fails.
pub async fn get_stock(app: &App, sku: Sku) -> Result<StockItem, Error> {
    app.db
        .read("inventory.get_stock", move |tx| {
            let found = store::lookup_items(tx, std::iter::once(&sku))?;
            found.into_iter().next().ok_or_else(|| Error::UnknownSku(sku.clone()))
        })
        .await
}

/// What the public may know of each SKU, in the order asked for; a SKU that is not known, a draft's
/// for all the public can tell, has nothing to be had.
///
/// # Errors
/// When the database fails.
pub async fn list_availability(
    app: &App,
    skus: Vec<Sku>,
) -> Result<Vec<(Sku, Availability)>, Error> {
    let wanted = skus.clone();
    let items = app
        .db
        .read("inventory.list_availability", move |tx| {
            let distinct: std::collections::BTreeSet<&Sku> = wanted.iter().collect();
            store::lookup_items(tx, distinct.into_iter()).map_err(Error::from)
        })
        .await?;
    let known: BTreeMap<&Sku, Availability> =
        items.iter().map(|item| (&item.sku, item.stock.availability())).collect();
    let availability = |sku: &Sku| known.get(sku).copied().unwrap_or(Availability::OutOfStock);
    Ok(skus.iter().map(|sku| (sku.clone(), availability(sku))).collect())
}

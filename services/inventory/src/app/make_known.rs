//! The catalogue has a product: its SKUs get a row of zeros, so that they can be asked for and stocked,
//! are of the kind that the catalogue sells, and are shown to the public while they are on sale.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use techtrove_bus::{Event, HandlerError};
use techtrove_catalog_api::{Fulfilment, ProductChanged};
use techtrove_core::Sku;
use techtrove_db::Tx;

use super::{
    App,
    save::{Stamp, save},
};
use crate::{
    domain::StockItem,
    error::Error,
    events::CATALOG_CONSUMER,
    store::{self, Batch},
};

/// Takes what `event` tells of a product; an event that was handled before changes nothing.
///
/// # Errors
/// When the database fails, or an import made the same SKU known at the same moment: the event comes
/// again.
pub async fn make_known(
    app: &App,
    event: Arc<Event>,
    product: ProductChanged,
) -> Result<(), HandlerError> {
    let stamp = Stamp::new(app);
    app.db
        .write("inventory.make_known", move |tx| {
            if techtrove_bus::first_time(tx, CATALOG_CONSUMER, &event)? {
                know(tx, &product, &stamp)?;
            }
            Ok(())
        })
        .await
}

/// Takes what the catalogue says of a product, ahead of the event that tells the same.
///
/// # Errors
/// When the database fails.
pub async fn make_known_at_once(app: &App, product: ProductChanged) -> Result<(), Error> {
    let stamp = Stamp::new(app);
    app.db.write_again("inventory.make_known", move |tx| know(tx, &product, &stamp)).await
}

/// Makes the product's SKUs known, all of them sold as licence keys or none, and whether they are on sale.
fn know(tx: &mut Tx<'_>, product: &ProductChanged, stamp: &Stamp) -> Result<(), Error> {
    let digital = product.fulfilment == Fulfilment::Digital;
    let kinds = product.skus.iter().map(|sku| (sku, digital)).collect();
    let before = insert_unknown(tx, &kinds, stamp)?;
    if !store::note_offers(tx, product)? {
        return Ok(());
    }
    let after: Vec<_> = before.iter().map(|item| item.sold_as(digital)).collect();
    save(tx, Batch::default(), &before, &after, stamp)
}

/// Inserts those that have no row, sold as licence keys or not, and returns all, locked, in SKU order.
pub(super) fn insert_unknown(
    tx: &mut Tx<'_>,
    kinds: &BTreeMap<&Sku, bool>,
    stamp: &Stamp,
) -> Result<Vec<StockItem>, Error> {
    let mut items = store::lock_items(tx, kinds.keys().copied())?;
    let known: BTreeSet<&Sku> = items.iter().map(|item| &item.sku).collect();
    let unknown: Vec<StockItem> = kinds
        .iter()
        .filter(|(sku, _)| !known.contains(*sku))
        .enumerate()
        .map(|(index, (&sku, &digital))| {
            StockItem::unstocked(stamp.id(index), sku.clone(), digital)
        })
        .collect();
    let mut batch = Batch::default();
    for item in &unknown {
        store::insert_item(&mut batch, item, stamp.now);
    }
    if !batch.run(tx)? {
        return Err(Error::Raced);
    }
    items.extend(unknown);
    items.sort_by(|left, right| left.sku.cmp(&right.sku));
    Ok(items)
}

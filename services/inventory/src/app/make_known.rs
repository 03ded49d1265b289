//! The catalogue has a product: its SKUs get a row of zeros, so that they can be asked for and stocked.

use std::{collections::BTreeSet, sync::Arc};

use techtrove_bus::{Event, HandlerError};
use techtrove_core::Sku;
use techtrove_db::Tx;

use super::{App, save::Stamp};
use crate::{
    domain::StockItem,
    error::Error,
    events::CATALOG_CONSUMER,
    store::{self, Batch},
};

/// Makes the SKUs known that `event` tells of; an event that was handled before changes nothing.
///
/// # Errors
/// When the database fails, or an import made the same SKU known at the same moment: the event comes
/// again.
pub async fn make_known(app: &App, event: Arc<Event>, skus: Vec<Sku>) -> Result<(), HandlerError> {
    let stamp = Stamp::new(app);
    app.db
        .write("inventory.make_known", move |tx| {
            if techtrove_bus::first_time(tx, CATALOG_CONSUMER, &event)? {
                let skus: BTreeSet<&Sku> = skus.iter().collect();
                insert_unknown(tx, &skus, &stamp)?;
            }
            Ok(())
        })
        .await
}

/// Inserts those that have no row, and returns all, locked, in SKU order.
pub(super) fn insert_unknown(
    tx: &mut Tx<'_>,
    skus: &BTreeSet<&Sku>,
    stamp: &Stamp,
) -> Result<Vec<StockItem>, Error> {
    let mut items = store::lock_items(tx, skus.iter().copied())?;
    let known: BTreeSet<&Sku> = items.iter().map(|item| &item.sku).collect();
    let unknown: Vec<StockItem> = skus
        .iter()
        .filter(|sku| !known.contains(*sku))
        .enumerate()
        .map(|(index, &sku)| StockItem::unstocked(stamp.id(index), sku.clone()))
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

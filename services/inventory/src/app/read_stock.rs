//! What stock there is: all numbers and what moved them for the staff, three words for the public, and
//! for a buyer the keys that are theirs.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::{Page, PageRequest, Problem, Sku};
use techtrove_inventory_api::{Availability, MovementId, OnHand, ReservationId, SoldKey};

use super::App;
use crate::{
    domain::{Movement, StockItem},
    error::Error,
    store,
};

/// The numbers of one SKU.
///
/// # Errors
/// [`Error::UnknownSku`], or when the database fails.
pub async fn get_stock(app: &App, sku: Sku) -> Result<StockItem, Error> {
    app.db
        .lookup("inventory.get_stock", move |tx| {
            let found = store::lookup_items(tx, std::iter::once(&sku))?;
            found.into_iter().next().ok_or_else(|| Error::UnknownSku(sku.clone()))
        })
        .await
}

/// A page of all SKUs, in SKU order; of those with `low` stock alone, if wanted.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_stock(
    app: &App,
    low: bool,
    page: &PageRequest,
) -> Result<Page<StockItem>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Sku>()?);
    let rows = app
        .db
        .read("inventory.list_stock", move |tx| {
            store::list_items(tx, low, after.as_ref(), limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |item| item.sku.clone()))
}

/// A page of what moved a SKU, newest first.
///
/// # Errors
/// [`Error::UnknownSku`], or when the page is not valid or the database fails.
pub async fn list_movements(
    app: &App,
    sku: Sku,
    page: &PageRequest,
) -> Result<Page<Movement>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<MovementId>()?);
    let rows = app
        .db
        .read("inventory.list_movements", move |tx| {
            if store::lookup_items(tx, std::iter::once(&sku))?.is_empty() {
                return Err(Error::UnknownSku(sku.clone()));
            }
            Ok(store::list_movements(tx, &sku, before, limit + 1)?)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |movement| movement.id))
}

/// The licence keys that the reservation's buyer may see, in the order of its lines.
///
/// # Errors
/// When the database fails.
pub async fn list_sold_keys(app: &App, id: ReservationId) -> Result<Vec<SoldKey>, Error> {
    app.db.read("inventory.list_sold_keys", move |tx| Ok(store::list_sold_keys(tx, id)?)).await
}

/// How many pieces of the SKUs that are known are in the building, each SKU once.
///
/// # Errors
/// When the database fails.
pub async fn list_on_hand(app: &App, skus: Vec<Sku>) -> Result<Vec<OnHand>, Error> {
    let skus: BTreeSet<Sku> = skus.into_iter().collect();
    let items = app.db.read("inventory.list_on_hand", move |tx| {
        store::lookup_items(tx, skus.iter()).map_err(Error::from)
    });
    let on_hand = |item: StockItem| OnHand {
        sku: item.sku,
        on_hand: item.stock.on_hand(),
        low_stock_threshold: item.stock.low_stock_threshold(),
    };
    Ok(items.await?.into_iter().map(on_hand).collect())
}

/// What the public may know of each SKU, in the order asked for; of one that is not known, or not on sale,
/// there is nothing to be had.
///
/// # Errors
/// When the database fails.
pub async fn list_availability(
    app: &App,
    skus: Vec<Sku>,
) -> Result<Vec<(Sku, Availability)>, Error> {
    let wanted = skus.clone();
    let (items, not_on_sale) = app
        .db
        .lookup("inventory.list_availability", move |tx| -> Result<_, Error> {
            let distinct: BTreeSet<&Sku> = wanted.iter().collect();
            let not_on_sale = store::list_not_on_sale(tx, distinct.iter().copied())?;
            Ok((store::lookup_items(tx, distinct.into_iter())?, not_on_sale))
        })
        .await?;
    let shown = items.iter().filter(|item| !not_on_sale.contains(&item.sku));
    let known: BTreeMap<&Sku, Availability> =
        shown.map(|item| (&item.sku, item.availability())).collect();
    let availability = |sku: &Sku| known.get(sku).copied().unwrap_or(Availability::OutOfStock);
    Ok(skus.iter().map(|sku| (sku.clone(), availability(sku))).collect())
}

//! The numbers of each SKU.

use techtrove_core::{Sku, Timestamp};
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_inventory_api::Availability;

use super::{Batch, bound, stored_version, tens};
use crate::domain::{MAIN, Stock, StockItem};

macro_rules! select_items {
    ($tail:literal) => {
        concat!(
            "SELECT id, sku, on_hand, held, committed, low_stock_threshold, availability, version, \
             keyed, digital FROM stock WHERE location = ? AND sku ",
            $tail
        )
    };
}

const ONE: &str = select_items!("= ?");
const ONE_LOCKED: &str = select_items!("= ? FOR UPDATE");
const MANY: &str = select_items!("IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ORDER BY sku");
const MANY_LOCKED: &str =
    select_items!("IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ORDER BY sku FOR UPDATE");

const AFTER: &str = select_items!("> ? ORDER BY sku LIMIT ?");
const LOW_AFTER: &str = select_items!("> ? AND availability <> 'in_stock' ORDER BY sku LIMIT ?");

/// Compares every number with what was read, so that it would refuse to change stock on the ground
/// of numbers that are no longer true even if the rows were not locked.
const UPDATE: Sql = Sql::new(
    "UPDATE stock SET on_hand = ?, held = ?, committed = ?, low_stock_threshold = ?, availability = ?, \
     version = ?, keyed = ?, digital = ?, updated_at = ? \
     WHERE sku = ? AND location = ? AND on_hand = ? AND held = ? AND committed = ? AND version = ?",
);

const INSERT: Sql = Sql::new(
    "INSERT INTO stock (id, sku, location, on_hand, held, committed, low_stock_threshold, availability, \
     version, keyed, digital, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

/// The SKUs that are known, in SKU order.
///
/// # Errors
/// When the database fails.
pub fn lookup_items<'a>(
    tx: &mut Tx<'_>,
    skus: impl ExactSizeIterator<Item = &'a Sku>,
) -> Result<Vec<StockItem>, DbError> {
    select(tx, skus, ONE, MANY)
}

/// The same, and nobody else changes them until the transaction ends. `skus` must be in order.
///
/// # Errors
/// When the database fails.
pub fn lock_items<'a>(
    tx: &mut Tx<'_>,
    skus: impl ExactSizeIterator<Item = &'a Sku>,
) -> Result<Vec<StockItem>, DbError> {
    select(tx, skus, ONE_LOCKED, MANY_LOCKED)
}

/// At most `limit` SKUs behind `after`, in SKU order; of those with `low` stock alone, if wanted.
///
/// # Errors
/// When the database fails.
pub fn list_items(
    tx: &mut Tx<'_>,
    low: bool,
    after: Option<&Sku>,
    limit: usize,
) -> Result<Vec<StockItem>, DbError> {
    let statement = if low { LOW_AFTER } else { AFTER };
    tx.query(statement, p![MAIN, after.map_or("", Sku::as_str), bound(limit)], read_item)
}

fn select<'a>(
    tx: &mut Tx<'_>,
    skus: impl ExactSizeIterator<Item = &'a Sku>,
    one: &'static str,
    many: &'static str,
) -> Result<Vec<StockItem>, DbError> {
    if skus.len() == 1 {
        let sku = skus.map(Sku::as_str).next();
        return tx.query(one, p![MAIN, sku.unwrap_or_default()], read_item);
    }
    let mut items = Vec::with_capacity(skus.len());
    for [a, b, c, d, e, f, g, h, i, j] in tens(skus) {
        items.extend(tx.query(many, p![MAIN, a, b, c, d, e, f, g, h, i, j], read_item)?);
    }
    Ok(items)
}

fn read_item(row: &Row<'_>) -> Result<StockItem, DbError> {
    let stock = Stock::new(row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
    Ok(StockItem {
        id: row.get(0)?,
        sku: row.get(1)?,
        stock: stock.map_err(DbError::decode)?,
        published: read_availability(&row.get::<String>(6)?)?,
        version: u64::try_from(row.get::<i64>(7)?).map_err(DbError::decode)?,
        keyed: row.get(8)?,
        digital: row.get(9)?,
    })
}

/// Stores an item that was read as `old` as it is to be.
pub fn update_item<'a>(
    batch: &mut Batch<'a>,
    old: &'a StockItem,
    new: &'a StockItem,
    now: Timestamp,
) {
    let (was, is) = (&old.stock, &new.stock);
    let set = p![
        is.on_hand(),
        is.held(),
        is.committed(),
        is.low_stock_threshold(),
        availability_name(new.published),
        stored_version(new.version),
        new.keyed,
        new.digital,
        now,
        // where
        &new.sku,
        MAIN,
        was.on_hand(),
        was.held(),
        was.committed(),
        stored_version(old.version),
    ];
    batch.push(UPDATE, set);
}

/// Stores a SKU that was not known; a [`DbError::UniqueViolation`] follows when somebody else just made
/// it known.
pub fn insert_item<'a>(batch: &mut Batch<'a>, item: &'a StockItem, now: Timestamp) {
    let stock = &item.stock;
    let values = p![
        item.id,
        &item.sku,
        MAIN,
        stock.on_hand(),
        stock.held(),
        stock.committed(),
        stock.low_stock_threshold(),
        availability_name(item.published),
        stored_version(item.version),
        item.keyed,
        item.digital,
        now,
    ];
    batch.push(INSERT, values);
}

fn availability_name(availability: Availability) -> &'static str {
    match availability {
        Availability::OutOfStock => "out_of_stock",
        Availability::LowStock => "low_stock",
        Availability::InStock => "in_stock",
    }
}

/// The availability of this name.
pub(super) fn read_availability(name: &str) -> Result<Availability, DbError> {
    [Availability::OutOfStock, Availability::LowStock, Availability::InStock]
        .into_iter()
        .find(|&availability| availability_name(availability) == name)
        .ok_or_else(|| DbError::decode("no availability"))
}

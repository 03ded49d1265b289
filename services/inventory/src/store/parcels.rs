//! Parcels that have left. Their rows stay: they are what makes a repeated request harmless.

use std::collections::BTreeMap;

use techtrove_core::{BookPage, Sku, Timestamp};
use techtrove_db::{Book, DbError, Rows, Sql, Tx, Wanted, p};
use techtrove_inventory_api::ParcelEntry;
use uuid::Uuid;

use super::Batch;
use crate::domain::{Lines, MAIN, Parcel};

const INSERT: Sql =
    Sql::new("INSERT INTO shipments (id, reservation_id, attempt, created_at) VALUES (?, ?, ?, ?)");

const INSERT_LINE: Sql = Sql::new(
    "INSERT INTO shipment_lines (shipment_id, sku, location, quantity) VALUES (?, ?, ?, ?)",
);

/// The table's `CHECK` refuses to send more than there is.
const TAKE_LINE: Sql = Sql::new(
    "UPDATE reservation_lines SET shipped = shipped + ? \
     WHERE reservation_id = ? AND attempt = ? AND sku = ? AND location = ?",
);

const PARCELS: Rows = Rows::of(
    "shipments",
    Sql::new("SELECT id, reservation_id FROM shipments WHERE id > ? ORDER BY id LIMIT ?"),
);

const PARCEL_LINES: Rows = Rows::of(
    "shipment_lines",
    Sql::new(
        "SELECT shipment_id, sku, quantity FROM shipment_lines \
         WHERE shipment_id > ? AND shipment_id <= ? ORDER BY shipment_id, sku",
    ),
);

/// The parcel of this name, if it has left.
///
/// # Errors
/// When the database fails.
pub fn lookup_parcel(tx: &mut Tx<'_>, shipment: Uuid) -> Result<Option<Parcel>, DbError> {
    let found = tx.query_opt(
        "SELECT reservation_id, attempt FROM shipments WHERE id = ?",
        p![shipment],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((reservation, attempt)) = found else { return Ok(None) };
    let pieces = tx.query(
        "SELECT sku, quantity FROM shipment_lines WHERE shipment_id = ?",
        p![shipment],
        |row| Ok((row.get::<Sku>(0)?, row.get::<i64>(1)?)),
    )?;
    let lines = Lines::stored(pieces.into_iter().collect::<BTreeMap<_, _>>());
    Ok(Some(Parcel { reservation, attempt, lines }))
}

/// Stores that the parcel has left, and that its pieces are gone from the reservation's lines; a
/// [`DbError::UniqueViolation`] follows when another has just left under its name.
pub fn insert_parcel<'a>(
    batch: &mut Batch<'a>,
    shipment: Uuid,
    parcel: &'a Parcel,
    now: Timestamp,
) {
    let (id, attempt) = (parcel.reservation, parcel.attempt);
    batch.push(INSERT, p![shipment, id, attempt, now]);
    for (sku, pieces) in parcel.lines.iter() {
        batch.push(INSERT_LINE, p![shipment, sku, MAIN, pieces]);
        batch.push(TAKE_LINE, p![pieces, id, attempt, sku, MAIN]);
    }
}

/// The page of parcels that is wanted, in the order of their ids.
///
/// # Errors
/// When the database fails.
pub fn audit_parcels(
    tx: &mut Tx<'_>,
    wanted: &Wanted<Uuid>,
) -> Result<BookPage<ParcelEntry>, DbError> {
    let mut book = Book::read(tx, wanted, &PARCELS, |row| {
        Ok(ParcelEntry { id: row.get(0)?, reservation_id: row.get(1)?, lines: Vec::new() })
    })?;
    let lines =
        book.details(tx, &PARCEL_LINES, |row| Ok((row.get::<Sku>(1)?, row.get::<i64>(2)?)))?;
    let mut parcels = book.by_key();
    for (parcel, line) in lines {
        if let Some(entry) = parcels.get_mut(&parcel) {
            entry.lines.push(line);
        }
    }
    Ok(book.finish())
}

//! Licence keys, which are touched only while their SKU's row of stock is locked, so that no key is ever
//! given to two. Many are moved by one statement: those up to the last one's id, in the order in which
//! they were added.

use techtrove_core::{Sku, Timestamp, planted};
use techtrove_db::{DbError, Sql, Tx, Value, p};
use techtrove_inventory_api::{ReservationId, SoldKey};
use uuid::Uuid;

use super::Batch;
use crate::domain::{LicenceKey, MAIN};

const INSERT: Sql = Sql::new(
    "INSERT INTO licence_keys (id, sku, location, licence, created_at) VALUES (?, ?, ?, ?, ?)",
);

const ASSIGN: &str = "UPDATE licence_keys SET reservation_id = ?, attempt = ? \
     WHERE reservation_id IS NULL AND attempt IS NULL AND sku = ? AND location = ? AND id <= ?";

/// What a planted bug does: it forgets which goods they are of.
const ASSIGN_ANY: &str = "UPDATE licence_keys SET reservation_id = ?, attempt = ? \
     WHERE reservation_id IS NULL AND attempt IS NULL AND ? <> '' AND location = ? AND id <= ?";

/// How many keys one statement asks for; fewer are filled up with the last.
const CHUNK: usize = 20;

const KNOWN: &str = "SELECT licence FROM licence_keys WHERE sku = ? \
     AND licence IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Which of the keys the SKU has, or had: by their places in `keys`.
///
/// # Errors
/// When the database fails.
pub fn lookup_known(
    tx: &mut Tx<'_>,
    sku: &Sku,
    keys: &[LicenceKey],
) -> Result<Vec<usize>, DbError> {
    let mut known = Vec::new();
    for (chunk, first) in keys.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        let filled = (0..CHUNK).filter_map(|place| chunk.get(place).or(chunk.last()));
        let texts = filled.map(|key| Value::Text(key.reveal()));
        let values: Vec<Value<'_>> =
            std::iter::once(Value::Text(sku.as_str())).chain(texts).collect();
        let found: Vec<String> = tx.query(KNOWN, values, |row| row.get(0))?;
        let places = chunk.iter().zip(first..);
        known.extend(
            places
                .filter(|(key, _)| found.iter().any(|text| text == key.reveal()))
                .map(|(_, at)| at),
        );
    }
    Ok(known)
}

/// Adds a key to those that can be sold.
pub fn insert_key<'a>(
    batch: &mut Batch<'a>,
    id: Uuid,
    sku: &'a Sku,
    key: &'a LicenceKey,
    now: Timestamp,
) {
    batch.push(INSERT, p![id, sku, MAIN, key.reveal(), now]);
}

/// Assigns so many free keys of a SKU to the attempt; tells how many.
///
/// # Errors
/// When the database fails.
pub fn assign_keys(
    tx: &mut Tx<'_>,
    (id, attempt): (ReservationId, u32),
    sku: &Sku,
    pieces: i64,
) -> Result<u64, DbError> {
    let last: Option<Uuid> = tx.query_opt(
        "SELECT id FROM licence_keys WHERE reservation_id IS NULL AND attempt IS NULL \
         AND sku = ? AND location = ? ORDER BY id LIMIT 1 OFFSET ?",
        p![sku, MAIN, pieces - 1],
        |row| row.get(0),
    )?;
    let Some(last) = last else { return Ok(0) };
    let assign = if planted("keys-of-any-sku") { ASSIGN_ANY } else { ASSIGN };
    tx.execute(assign, p![id, attempt, sku, MAIN, last])
}

/// Gives the attempt's keys back that no buyer has seen; tells how many.
///
/// # Errors
/// When the database fails.
pub fn return_keys(
    tx: &mut Tx<'_>,
    (id, attempt): (ReservationId, u32),
    sku: &Sku,
) -> Result<u64, DbError> {
    tx.execute(
        "UPDATE licence_keys SET reservation_id = NULL, attempt = NULL \
         WHERE reservation_id = ? AND attempt = ? AND sku = ? AND location = ? \
         AND revealed_at IS NULL",
        p![id, attempt, sku, MAIN],
    )
}

/// Shows so many of the attempt's keys to its buyer; tells how many.
///
/// # Errors
/// When the database fails.
pub fn reveal_keys(
    tx: &mut Tx<'_>,
    (id, attempt): (ReservationId, u32),
    sku: &Sku,
    pieces: i64,
    now: Timestamp,
) -> Result<u64, DbError> {
    let last: Option<Uuid> = tx.query_opt(
        "SELECT id FROM licence_keys WHERE reservation_id = ? AND attempt = ? AND sku = ? \
         AND location = ? AND revealed_at IS NULL ORDER BY id LIMIT 1 OFFSET ?",
        p![id, attempt, sku, MAIN, pieces - 1],
        |row| row.get(0),
    )?;
    let Some(last) = last else { return Ok(0) };
    tx.execute(
        "UPDATE licence_keys SET revealed_at = ? \
         WHERE reservation_id = ? AND attempt = ? AND sku = ? AND location = ? \
         AND revealed_at IS NULL AND id <= ?",
        p![now, id, attempt, sku, MAIN, last],
    )
}

/// The keys that the reservation's buyer may see, in the order of its lines.
///
/// # Errors
/// When the database fails.
pub fn list_sold_keys(tx: &mut Tx<'_>, id: ReservationId) -> Result<Vec<SoldKey>, DbError> {
    tx.query(
        "SELECT sku, licence FROM licence_keys \
         WHERE reservation_id = ? AND revealed_at IS NOT NULL ORDER BY sku, id",
        p![id],
        |row| Ok(SoldKey { sku: row.get(0)?, key: row.get(1)? }),
    )
}

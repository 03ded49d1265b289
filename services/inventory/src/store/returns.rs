//! What came back from buyers. Its rows stay: they are what makes a repeated request harmless.

use std::collections::BTreeMap;

use techtrove_core::{BookPage, Sku, Timestamp};
use techtrove_db::{Book, DbError, Rows, Sql, Tx, Wanted, p};
use techtrove_inventory_api::{ReservationId, ReturnEntry};
use uuid::Uuid;

use super::{Batch, audit::split};
use crate::domain::{Lines, MAIN, Returned};

const INSERT: Sql = Sql::new(
    "INSERT INTO returns (id, reservation_id, attempt, restocked, created_at) \
     VALUES (?, ?, ?, ?, ?)",
);

const INSERT_LINE: Sql =
    Sql::new("INSERT INTO return_lines (return_id, sku, location, quantity) VALUES (?, ?, ?, ?)");

/// The table's `CHECK` refuses to take back more than left.
const TAKE_LINE: Sql = Sql::new(
    "UPDATE reservation_lines SET returned = returned + ? \
     WHERE reservation_id = ? AND attempt = ? AND sku = ? AND location = ?",
);

const RETURNS: Rows = Rows::of(
    "returns",
    Sql::new(
        "SELECT reservation_id, id, restocked, created_at FROM returns \
         WHERE reservation_id >= ? AND (reservation_id > ? OR id > ?) \
         ORDER BY reservation_id, id LIMIT ?",
    ),
);

const RETURN_LINES: Rows = Rows::of(
    "returns, return_lines",
    Sql::new(
        "SELECT r.reservation_id, r.id, l.sku, l.quantity FROM returns r \
         JOIN return_lines l ON l.return_id = r.id \
         WHERE r.reservation_id >= ? AND (r.reservation_id > ? OR r.id > ?) \
         AND r.reservation_id <= ? AND (r.reservation_id < ? OR r.id <= ?) \
         ORDER BY r.reservation_id, r.id, l.sku",
    ),
);

/// What left with the attempt and has not come back.
///
/// # Errors
/// When the database fails.
pub fn list_out(tx: &mut Tx<'_>, id: ReservationId, attempt: u32) -> Result<Lines, DbError> {
    let pieces = tx.query(
        "SELECT sku, shipped - returned FROM reservation_lines \
         WHERE reservation_id = ? AND attempt = ? AND returned < shipped",
        p![id, attempt],
        |row| Ok((row.get::<Sku>(0)?, row.get::<i64>(1)?)),
    )?;
    Ok(Lines::stored(pieces.into_iter().collect::<BTreeMap<_, _>>()))
}

/// What came back under this name, if anything did.
///
/// # Errors
/// When the database fails.
pub fn lookup_returned(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Returned>, DbError> {
    let found = tx.query_opt(
        "SELECT reservation_id, attempt, restocked FROM returns WHERE id = ?",
        p![id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let Some((reservation, attempt, restock)) = found else { return Ok(None) };
    let pieces =
        tx.query("SELECT sku, quantity FROM return_lines WHERE return_id = ?", p![id], |row| {
            Ok((row.get::<Sku>(0)?, row.get::<i64>(1)?))
        })?;
    let lines = Lines::stored(pieces.into_iter().collect::<BTreeMap<_, _>>());
    Ok(Some(Returned { reservation, attempt, lines, restock }))
}

/// Stores what came back, and that its pieces are not with the buyer any more; a
/// [`DbError::UniqueViolation`] follows when another has just come under its name.
pub fn insert_returned<'a>(
    batch: &mut Batch<'a>,
    id: Uuid,
    returned: &'a Returned,
    now: Timestamp,
) {
    let (reservation, attempt) = (returned.reservation, returned.attempt);
    batch.push(INSERT, p![id, reservation, attempt, returned.restock, now]);
    for (sku, pieces) in returned.lines.iter() {
        batch.push(INSERT_LINE, p![id, sku, MAIN, pieces]);
        batch.push(TAKE_LINE, p![pieces, reservation, attempt, sku, MAIN]);
    }
}

/// The page of returns that is wanted, in the order of their reservations and ids.
///
/// # Errors
/// When the database fails.
pub fn audit_returns(
    tx: &mut Tx<'_>,
    wanted: &Wanted<(Uuid, Uuid)>,
) -> Result<BookPage<ReturnEntry>, DbError> {
    let mut book = Book::read(tx, wanted, &RETURNS, |row| {
        Ok(ReturnEntry {
            reservation_id: row.get(0)?,
            return_id: row.get(1)?,
            restocked: row.get(2)?,
            lines: Vec::new(),
            updated_at: row.get(3)?,
        })
    })?;
    let lines =
        book.details(tx, &RETURN_LINES, |row| Ok((row.get::<Sku>(2)?, row.get::<i64>(3)?)))?;
    let mut returns = book.by_key();
    for (back, (sku, pieces)) in lines {
        if let Some(entry) = returns.get_mut(&back) {
            entry.lines.extend(split(&sku, pieces));
        }
    }
    Ok(book.finish())
}

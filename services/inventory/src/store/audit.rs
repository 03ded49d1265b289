//! The books as the audit reads them: each number from its own rows, so that a difference shows. A page
//! is one range of keys, and its sums are read for that range at once.

use std::collections::BTreeMap;

use techtrove_core::{BookPage, Quantity, Sku, Timestamp};
use techtrove_db::{Book, BookKey as _, DbError, Row, Rows, Sql, Tx, Wanted, p};
use techtrove_inventory_api::{Gone, KeyCount, Line, ReservationEntry, ReservedLine, StockEntry};
use uuid::Uuid;

use super::{bound, reservations::read_state, stock::read_availability};
use crate::domain::MAIN;

/// Statements with sums of these columns. A sum of BIGINTs is wider than one on PostgreSQL and MySQL, and each
/// casts in its own words. They are grouped by SKU alone, in whose order the indexes are: no engine sorts.
macro_rules! sums {
    ($table:literal, $($sum:literal)+, $rest:literal) => {
        Rows::of(
            $table,
            Sql::new(sums!(@ "BIGINT", $($sum)+, $rest)).mysql(sums!(@ "SIGNED", $($sum)+, $rest)),
        )
    };
    (@ $integer:literal, $($sum:literal)+, $rest:literal) => {
        concat!("SELECT l.sku", $(", CAST(SUM(", $sum, ") AS ", $integer, ")",)+ " FROM ", $rest)
    };
}

const SUM_MOVEMENTS: Rows = sums!(
    "movements",
    "l.delta"
    "CASE WHEN l.kind = 'ship' THEN -l.delta ELSE 0 END"
    "CASE WHEN l.kind = 'restock' THEN l.delta ELSE 0 END"
    "CASE WHEN l.kind = 'write_off' THEN -l.delta ELSE 0 END"
    "CASE WHEN l.kind IN ('receive', 'adjust', 'ship', 'restock', 'write_off') THEN 0 ELSE 1 END",
    "movements l WHERE l.sku > ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const SUM_RESERVATIONS: Rows = sums!(
    "reservation_lines",
    "CASE WHEN r.state = 'held' THEN l.quantity - l.shipped ELSE 0 END"
    "CASE WHEN r.state = 'committed' THEN l.quantity - l.shipped ELSE 0 END"
    "l.shipped"
    "l.returned",
    "reservation_lines l JOIN reservations r ON r.id = l.reservation_id AND r.attempt = l.attempt \
     WHERE l.sku > ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const SUM_WRITTEN_OFF: Rows = sums!(
    "return_lines",
    "CASE WHEN r.restocked THEN 0 ELSE l.quantity END",
    "return_lines l JOIN returns r ON r.id = l.return_id \
     WHERE l.sku > ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const STOCK: Rows = Rows::of(
    "stock",
    Sql::new(
        "SELECT sku, on_hand, held, committed, updated_at, keyed, low_stock_threshold, \
         availability, version, digital FROM stock \
         WHERE sku > ? AND sku <= ? AND location = ?",
    ),
);

/// The licence keys that no buyer has seen.
const COUNT_KEYS: Rows = Rows::of(
    "licence_keys",
    Sql::new(
        "SELECT sku, COUNT(*), COUNT(reservation_id) FROM licence_keys \
         WHERE sku > ? AND sku <= ? AND location = ? AND revealed_at IS NULL GROUP BY sku",
    ),
);

const RESERVATIONS: Rows = Rows::of(
    "reservations",
    Sql::new(
        "SELECT id, attempt, state, updated_at, expires_at FROM reservations \
         WHERE id >= ? AND (id > ? OR attempt > ?) AND state NOT IN ('released', 'expired') \
         ORDER BY id, attempt LIMIT ?",
    ),
);

const LINES: Rows = Rows::of(
    "reservation_lines",
    Sql::new(
        "SELECT reservation_id, attempt, sku, quantity, shipped, returned FROM reservation_lines \
         WHERE reservation_id >= ? AND (reservation_id > ? OR attempt > ?) \
         AND reservation_id <= ? AND (reservation_id < ? OR attempt <= ?) \
         ORDER BY reservation_id, attempt, sku",
    ),
);

/// A page of so many SKUs at most, and of those that about so many rows are summed for: where it ends that is not the
/// end of the book.
fn page_end(
    tx: &mut Tx<'_>,
    wanted: &Wanted<String>,
    rows: usize,
) -> Result<Option<String>, DbError> {
    let after = wanted.after.as_deref().unwrap_or_default();
    let ends = [
        (
            "SELECT sku FROM stock WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?",
            wanted.limit.saturating_sub(1),
        ),
        ("SELECT sku FROM movements WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
        ("SELECT sku FROM reservation_lines WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
        ("SELECT sku FROM licence_keys WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
    ];
    let mut found = Vec::new();
    for (statement, skipped) in ends {
        // What is no text stands behind all that is.
        let end =
            tx.query_opt(statement, p![after, bound(skipped)], |row| Ok(String::read(row).ok()))?;
        found.extend(end.flatten());
    }
    Ok(found.into_iter().min())
}

/// The page of SKUs that is wanted, in SKU order, and of no more than those that about so many rows are summed for. One
/// that has no row of its own any more, but movements or reservations, is there with none on hand.
///
/// # Errors
/// When the database fails.
pub fn audit_stock(
    tx: &mut Tx<'_>,
    wanted: &Wanted<String>,
    rows: usize,
) -> Result<BookPage<StockEntry>, DbError> {
    let end = page_end(tx, wanted, rows)?;
    let mut book = Book::between(wanted.after.clone(), end);
    let main = p![MAIN];
    let stock = book.details(tx, STOCK.with(&main), read_stock)?;
    let moved = book.details(tx, SUM_MOVEMENTS.with(&main), read_moved)?;
    let reserved = book.details(tx, SUM_RESERVATIONS.with(&main), read_reserved)?;
    let written_off =
        book.details(tx, SUM_WRITTEN_OFF.with(&main), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let keys = book.details(tx, COUNT_KEYS.with(&main), |row| {
        Ok((row.get(0)?, KeyCount { unseen: row.get(1)?, assigned: row.get(2)? }))
    })?;

    let mut entries: BTreeMap<String, StockEntry> = stock.into_iter().collect();
    let mut entry = |key: String, sku: Sku, change: &dyn Fn(&mut StockEntry)| {
        change(entries.entry(key).or_insert_with(|| lone_entry(sku)));
    };
    for (key, (sku, sum, moved)) in moved {
        entry(key, sku, &|entry| (entry.movements, entry.moved) = (sum, moved));
    }
    for (key, (sku, [held, committed], gone)) in reserved {
        entry(key, sku, &|entry| {
            (entry.held_by_reservations, entry.committed_by_reservations) = (held, committed);
            entry.gone = gone;
        });
    }
    for (key, (sku, written_off)) in written_off {
        entry(key, sku, &|entry| entry.gone.written_off = written_off);
    }
    for (key, (sku, keys)) in keys {
        entry(key, sku, &|entry| entry.keys = Some(keys));
    }
    book.entries().extend(entries);
    Ok(book.finish())
}

/// What the row says, with what else its service reads of it.
fn read_stock(row: &Row<'_>) -> Result<StockEntry, DbError> {
    let keyed = row.get::<bool>(5)?;
    row.get::<i64>(6)?;
    read_availability(&row.get::<String>(7)?)?;
    row.get::<i64>(8)?;
    row.get::<bool>(9)?;
    let (on_hand, held, committed) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let entry = lone_entry(row.get(0)?);
    let keys = keyed.then(KeyCount::default);
    Ok(StockEntry { on_hand, held, committed, keys, updated_at: row.get(4)?, ..entry })
}

/// The sum of a SKU's movements, and those of what left and came back.
fn read_moved(row: &Row<'_>) -> Result<(Sku, i64, Gone), DbError> {
    let (shipped, returned) = (row.get(2)?, row.get(3)?);
    if row.get::<i64>(5)? > 0 {
        return Err(DbError::decode("kind: of some there is none such"));
    }
    Ok((row.get(0)?, row.get(1)?, Gone { shipped, returned, written_off: row.get(4)? }))
}

/// The pieces of a SKU that reservations hold and that they have committed, and those that have left.
fn read_reserved(row: &Row<'_>) -> Result<(Sku, [i64; 2], Gone), DbError> {
    let gone = Gone { shipped: row.get(3)?, returned: row.get(4)?, written_off: 0 };
    Ok((row.get(0)?, [row.get(1)?, row.get(2)?], gone))
}

/// What is there of a SKU of which nothing is known.
fn lone_entry(sku: Sku) -> StockEntry {
    StockEntry {
        sku,
        on_hand: 0,
        held: 0,
        committed: 0,
        movements: 0,
        held_by_reservations: 0,
        committed_by_reservations: 0,
        moved: Gone::default(),
        gone: Gone::default(),
        keys: None,
        updated_at: Timestamp::from_micros(0),
    }
}

/// The page of reservations that is wanted, of those that are open or have left, in the order of their ids and
/// attempts.
///
/// # Errors
/// When the database fails.
pub fn audit_reservations(
    tx: &mut Tx<'_>,
    wanted: &Wanted<(Uuid, u32)>,
) -> Result<BookPage<ReservationEntry>, DbError> {
    let mut book = Book::read(tx, wanted, &RESERVATIONS, |row| {
        row.get::<Option<Timestamp>>(4)?;
        Ok(ReservationEntry {
            reservation_id: row.get(0)?,
            attempt: row.get(1)?,
            state: read_state(&row.get::<String>(2)?)?,
            lines: Vec::new(),
            updated_at: row.get(3)?,
        })
    })?;
    let lines = book.details(tx, &LINES, |row| {
        let (sku, quantity) = (row.get(2)?, row.get(3)?);
        Ok(ReservedLine { sku, quantity, shipped: row.get(4)?, returned: row.get(5)? })
    })?;
    let mut reservations = book.by_key();
    for (reservation, line) in lines {
        if let Some(entry) = reservations.get_mut(&reservation) {
            entry.lines.push(line);
        }
    }
    Ok(book.finish())
}

/// The pieces of a SKU as lines: several lines together may have had more than a line can.
pub(super) fn split(sku: &Sku, mut pieces: i64) -> Vec<Line> {
    let mut lines = Vec::new();
    while let Ok(quantity) = Quantity::try_from(pieces.min(i64::from(Quantity::MAX))) {
        lines.push(Line { sku: sku.clone(), quantity });
        pieces -= quantity.as_i64();
    }
    lines
}

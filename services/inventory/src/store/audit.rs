//! The books as the audit reads them: each number from its own rows, so that a difference shows. A page
//! is one range of keys, and its sums are read for that range at once.

use std::collections::BTreeMap;

use techtrove_core::{Quantity, Sku, Timestamp, TypedId};
use techtrove_db::{DbError, Sql, Tx, p};
use techtrove_inventory_api::{
    Gone, KeyCount, Line, ReservationEntry, ReservationId, ReservedLine, StockEntry,
};
use uuid::Uuid;

use super::{bound, reservations::read_state};
use crate::domain::MAIN;

/// Statements with sums of these columns. A sum of BIGINTs is wider than one on PostgreSQL and MySQL, and each
/// casts in its own words. They are grouped by SKU alone, in whose order the indexes are: no engine sorts.
macro_rules! sums {
    ($($sum:literal)+, $rest:literal) => {
        Sql::new(sums!(@ "BIGINT", $($sum)+, $rest)).mysql(sums!(@ "SIGNED", $($sum)+, $rest))
    };
    (@ $integer:literal, $($sum:literal)+, $rest:literal) => {
        concat!("SELECT l.sku", $(", CAST(SUM(", $sum, ") AS ", $integer, ")",)+ " FROM ", $rest)
    };
}

const SUM_MOVEMENTS: Sql = sums!(
    "l.delta"
    "CASE WHEN l.kind = 'ship' THEN -l.delta ELSE 0 END"
    "CASE WHEN l.kind = 'restock' THEN l.delta ELSE 0 END"
    "CASE WHEN l.kind = 'write_off' THEN -l.delta ELSE 0 END",
    "movements l WHERE l.sku > ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const SUM_RESERVATIONS: Sql = sums!(
    "CASE WHEN r.state = 'held' THEN l.quantity - l.shipped ELSE 0 END"
    "CASE WHEN r.state = 'committed' THEN l.quantity - l.shipped ELSE 0 END"
    "l.shipped"
    "l.returned",
    "reservation_lines l JOIN reservations r ON r.id = l.reservation_id AND r.attempt = l.attempt \
     WHERE l.sku > ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const SUM_WRITTEN_OFF: Sql = sums!(
    "CASE WHEN r.restocked = ? THEN 0 ELSE l.quantity END",
    "return_lines l JOIN returns r ON r.id = l.return_id \
     WHERE l.sku > ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

/// The last SKU of a page behind `after`: of at most so many SKUs, and of about so many rows that are summed for them;
/// none when nothing is behind it.
///
/// # Errors
/// When the database fails.
pub fn audit_stock_end(
    tx: &mut Tx<'_>,
    after: Option<&Sku>,
    (skus, rows): (usize, usize),
) -> Result<Option<Sku>, DbError> {
    let after = after.map_or("", Sku::as_str);
    let mut find = |statements: [(&'static str, usize); 3]| {
        let mut found = Vec::new();
        for (statement, skipped) in statements {
            let sku = tx.query_opt(statement, p![after, bound(skipped)], |row| row.get(0))?;
            found.extend::<Option<Sku>>(sku);
        }
        Ok::<_, DbError>(found)
    };
    let many = find([
        (
            "SELECT sku FROM stock WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?",
            skus.saturating_sub(1),
        ),
        ("SELECT sku FROM movements WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
        ("SELECT sku FROM reservation_lines WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
    ])?;
    if let Some(first) = many.into_iter().min() {
        return Ok(Some(first));
    }
    let last = find([
        ("SELECT sku FROM stock WHERE sku > ? ORDER BY sku DESC LIMIT 1 OFFSET ?", 0),
        ("SELECT sku FROM movements WHERE sku > ? ORDER BY sku DESC LIMIT 1 OFFSET ?", 0),
        ("SELECT sku FROM reservation_lines WHERE sku > ? ORDER BY sku DESC LIMIT 1 OFFSET ?", 0),
    ])?;
    Ok(last.into_iter().max())
}

/// The SKUs behind `after`, up to `last`, in SKU order. One that has no row of its own any more, but movements or
/// reservations, is there with none on hand.
///
/// # Errors
/// When the database fails.
pub fn audit_stock(
    tx: &mut Tx<'_>,
    after: Option<&Sku>,
    last: &Sku,
) -> Result<Vec<StockEntry>, DbError> {
    let range = (after.map_or("", Sku::as_str), last);
    let rows = tx.query(
        "SELECT sku, on_hand, held, committed, updated_at, keyed FROM stock \
         WHERE sku > ? AND sku <= ? AND location = ? ORDER BY sku",
        p![range.0, range.1, MAIN],
        |row| {
            let keyed = row.get::<bool>(5)?;
            let (on_hand, held, committed) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let entry = lone_entry(row.get(0)?);
            let keys = keyed.then(KeyCount::default);
            Ok(StockEntry { on_hand, held, committed, keys, updated_at: row.get(4)?, ..entry })
        },
    )?;
    let mut entries: BTreeMap<Sku, StockEntry> =
        rows.into_iter().map(|entry| (entry.sku.clone(), entry)).collect();
    let mut entry = |sku: Sku, change: &dyn Fn(&mut StockEntry)| {
        change(entries.entry(sku.clone()).or_insert_with(|| lone_entry(sku)));
    };
    for (sku, (sum, moved)) in sum_movements(tx, range)? {
        entry(sku, &|entry| (entry.movements, entry.moved) = (sum, moved));
    }
    for (sku, (held, committed, gone)) in sum_reservations(tx, range)? {
        entry(sku, &|entry| {
            (entry.held_by_reservations, entry.committed_by_reservations) = (held, committed);
            entry.gone = gone;
        });
    }
    for (sku, written_off) in sum_written_off(tx, range)? {
        entry(sku, &|entry| entry.gone.written_off = written_off);
    }
    for (sku, keys) in count_keys(tx, range)? {
        entry(sku, &|entry| entry.keys = Some(keys));
    }
    Ok(entries.into_values().collect())
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

/// The SKUs behind one, up to another.
type Range<'a> = (&'a str, &'a Sku);

/// What is summed, by SKU.
type BySku<T> = Vec<(Sku, T)>;

/// The sum of a SKU's movements, and those of what left and came back.
fn sum_movements(tx: &mut Tx<'_>, (after, last): Range<'_>) -> Result<BySku<(i64, Gone)>, DbError> {
    tx.query(SUM_MOVEMENTS, p![after, last, MAIN], |row| {
        let (shipped, returned) = (row.get(2)?, row.get(3)?);
        let moved = Gone { shipped, returned, written_off: row.get(4)? };
        Ok((row.get(0)?, (row.get(1)?, moved)))
    })
}

/// The pieces of each SKU that reservations hold, that they have committed, and that have left.
fn sum_reservations(
    tx: &mut Tx<'_>,
    (after, last): Range<'_>,
) -> Result<BySku<(i64, i64, Gone)>, DbError> {
    tx.query(SUM_RESERVATIONS, p![after, last, MAIN], |row| {
        let gone = Gone { shipped: row.get(3)?, returned: row.get(4)?, written_off: 0 };
        Ok((row.get(0)?, (row.get(1)?, row.get(2)?, gone)))
    })
}

/// The pieces of each SKU that came back and cannot be sold again.
fn sum_written_off(tx: &mut Tx<'_>, (after, last): Range<'_>) -> Result<BySku<i64>, DbError> {
    tx.query(SUM_WRITTEN_OFF, p![true, after, last, MAIN], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The licence keys that no buyer has seen, by SKU, where there are any.
fn count_keys(tx: &mut Tx<'_>, (after, last): Range<'_>) -> Result<BySku<KeyCount>, DbError> {
    tx.query(
        "SELECT sku, COUNT(*), COUNT(reservation_id) FROM licence_keys \
         WHERE sku > ? AND sku <= ? AND location = ? AND revealed_at IS NULL GROUP BY sku",
        p![after, last, MAIN],
        |row| Ok((row.get(0)?, KeyCount { unseen: row.get(1)?, assigned: row.get(2)? })),
    )
}

/// At most `limit` reservations that are open or have left, behind `after`, in the order of their ids and
/// attempts.
///
/// # Errors
/// When the database fails.
pub fn audit_reservations(
    tx: &mut Tx<'_>,
    after: Option<(Uuid, u32)>,
    limit: usize,
) -> Result<Vec<ReservationEntry>, DbError> {
    let (id, attempt) = after.unwrap_or((Uuid::nil(), 0));
    let mut entries = tx.query(
        "SELECT id, attempt, state, updated_at FROM reservations \
         WHERE id >= ? AND (id > ? OR attempt > ?) AND state IN ('held', 'committed', 'shipped') \
         ORDER BY id, attempt LIMIT ?",
        p![id, id, attempt, bound(limit)],
        |row| {
            Ok(ReservationEntry {
                reservation_id: row.get(0)?,
                attempt: row.get(1)?,
                state: read_state(&row.get::<String>(2)?)?,
                lines: Vec::new(),
                updated_at: row.get(3)?,
            })
        },
    )?;
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        let mut lines = lines_between(tx, first.reservation_id, last.reservation_id)?;
        for entry in &mut entries {
            let key = (entry.reservation_id.uuid(), entry.attempt);
            entry.lines = lines.remove(&key).unwrap_or_default();
        }
    }
    Ok(entries)
}

type LinesByAttempt = BTreeMap<(Uuid, u32), Vec<ReservedLine>>;

fn lines_between(
    tx: &mut Tx<'_>,
    first: ReservationId,
    last: ReservationId,
) -> Result<LinesByAttempt, DbError> {
    let rows = tx.query(
        "SELECT reservation_id, attempt, sku, quantity, shipped, returned FROM reservation_lines \
         WHERE reservation_id >= ? AND reservation_id <= ? \
         ORDER BY reservation_id, attempt, sku",
        p![first, last],
        |row| {
            let attempt = (row.get::<Uuid>(0)?, row.get(1)?);
            let (sku, quantity) = (row.get(2)?, row.get(3)?);
            let line = ReservedLine { sku, quantity, shipped: row.get(4)?, returned: row.get(5)? };
            Ok((attempt, line))
        },
    )?;
    let mut lines = LinesByAttempt::new();
    for (attempt, line) in rows {
        lines.entry(attempt).or_default().push(line);
    }
    Ok(lines)
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

//! The books as the audit reads them: each number from its own rows, so that a difference shows. A page
//! is one range of keys, and its sums are read for that range at once.

use std::collections::BTreeMap;

use techtrove_core::{Quantity, Sku, TypedId};
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
    "movements l WHERE l.sku >= ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const SUM_RESERVATIONS: Sql = sums!(
    "CASE WHEN r.state = 'held' THEN l.quantity - l.shipped ELSE 0 END"
    "CASE WHEN r.state = 'committed' THEN l.quantity - l.shipped ELSE 0 END"
    "l.shipped"
    "l.returned",
    "reservation_lines l JOIN reservations r ON r.id = l.reservation_id AND r.attempt = l.attempt \
     WHERE l.sku >= ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
);

const SUM_WRITTEN_OFF: Sql = sums!(
    "CASE WHEN r.restocked = ? THEN 0 ELSE l.quantity END",
    "return_lines l JOIN returns r ON r.id = l.return_id \
     WHERE l.sku >= ? AND l.sku <= ? AND l.location = ? GROUP BY l.sku"
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
    let counted = [
        (
            "SELECT sku FROM stock WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?",
            skus.saturating_sub(1),
        ),
        ("SELECT sku FROM movements WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
        ("SELECT sku FROM reservation_lines WHERE sku > ? ORDER BY sku LIMIT 1 OFFSET ?", rows),
    ];
    let mut end: Option<Sku> = None;
    for (statement, skipped) in counted {
        let found = tx.query_opt(statement, p![after, bound(skipped)], |row| row.get(0))?;
        end = [end, found].into_iter().flatten().min();
    }
    if end.is_none() {
        end =
            tx.query_one("SELECT MAX(sku) FROM stock WHERE sku > ?", p![after], |row| row.get(0))?;
    }
    Ok(end)
}

/// The SKUs behind `after`, up to `last`, in SKU order.
///
/// # Errors
/// When the database fails.
pub fn audit_stock(
    tx: &mut Tx<'_>,
    after: Option<&Sku>,
    last: &Sku,
) -> Result<Vec<StockEntry>, DbError> {
    let mut entries = tx.query(
        "SELECT sku, on_hand, held, committed, updated_at, keyed FROM stock \
         WHERE location = ? AND sku > ? AND sku <= ? ORDER BY sku",
        p![MAIN, after.map_or("", Sku::as_str), last],
        |row| {
            Ok(StockEntry {
                sku: row.get(0)?,
                on_hand: row.get(1)?,
                held: row.get(2)?,
                committed: row.get(3)?,
                movements: 0,
                held_by_reservations: 0,
                committed_by_reservations: 0,
                moved: Gone::default(),
                gone: Gone::default(),
                keys: row.get::<bool>(5)?.then(KeyCount::default),
                updated_at: row.get(4)?,
            })
        },
    )?;
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        let (first, last) = (first.sku.clone(), last.sku.clone());
        let moved = sum_movements(tx, &first, &last)?;
        let reserved = sum_reservations(tx, &first, &last)?;
        let written_off = sum_written_off(tx, &first, &last)?;
        let keys = count_keys(tx, &first, &last)?;
        for entry in &mut entries {
            if let Some((sum, moved)) = moved.get(&entry.sku) {
                (entry.movements, entry.moved) = (*sum, *moved);
            }
            if let Some((held, committed, gone)) = reserved.get(&entry.sku) {
                entry.held_by_reservations = *held;
                entry.committed_by_reservations = *committed;
                entry.gone = *gone;
            }
            entry.gone.written_off = written_off.get(&entry.sku).copied().unwrap_or(0);
            entry.keys = keys.get(&entry.sku).copied().or(entry.keys);
        }
    }
    Ok(entries)
}

/// The sum of a SKU's movements, and those of what left and came back.
fn sum_movements(
    tx: &mut Tx<'_>,
    first: &Sku,
    last: &Sku,
) -> Result<BTreeMap<Sku, (i64, Gone)>, DbError> {
    let sums = tx.query(SUM_MOVEMENTS, p![first, last, MAIN], |row| {
        let (shipped, returned) = (row.get(2)?, row.get(3)?);
        let moved = Gone { shipped, returned, written_off: row.get(4)? };
        Ok((row.get(0)?, (row.get(1)?, moved)))
    })?;
    Ok(sums.into_iter().collect())
}

/// The pieces of each SKU that reservations hold, that they have committed, and that have left.
fn sum_reservations(
    tx: &mut Tx<'_>,
    first: &Sku,
    last: &Sku,
) -> Result<BTreeMap<Sku, (i64, i64, Gone)>, DbError> {
    let sums = tx.query(SUM_RESERVATIONS, p![first, last, MAIN], |row| {
        let gone = Gone { shipped: row.get(3)?, returned: row.get(4)?, written_off: 0 };
        Ok((row.get(0)?, (row.get(1)?, row.get(2)?, gone)))
    })?;
    Ok(sums.into_iter().collect())
}

/// The pieces of each SKU that came back and cannot be sold again.
fn sum_written_off(
    tx: &mut Tx<'_>,
    first: &Sku,
    last: &Sku,
) -> Result<BTreeMap<Sku, i64>, DbError> {
    let sums = tx.query(SUM_WRITTEN_OFF, p![true, first, last, MAIN], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(sums.into_iter().collect())
}

/// The licence keys that no buyer has seen, by SKU, where there are any.
fn count_keys(
    tx: &mut Tx<'_>,
    first: &Sku,
    last: &Sku,
) -> Result<BTreeMap<Sku, KeyCount>, DbError> {
    let counts = tx.query(
        "SELECT sku, COUNT(*), COUNT(reservation_id) FROM licence_keys \
         WHERE sku >= ? AND sku <= ? AND location = ? AND revealed_at IS NULL GROUP BY sku",
        p![first, last, MAIN],
        |row| Ok((row.get(0)?, KeyCount { unseen: row.get(1)?, assigned: row.get(2)? })),
    )?;
    Ok(counts.into_iter().collect())
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

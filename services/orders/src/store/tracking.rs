//! The history of an order as a log, and the tickets that open its stream. An entry's number is made by
//! the statement which appends it, behind the lock on the order's row that its transaction holds
//! already: so numbers have no gap, and whoever has read up to one has missed nothing before it.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Params, Row, Sql, Tx, p};
use techtrove_orders_api::OrderId;

use crate::domain::{
    Entry, EntryKind, HistoryEntry, Order, entry_kind_from_word, entry_kind_word, status_from_word,
    status_word,
};

/// How many entries are read at once.
const BATCH: i64 = 100;

const APPEND: Sql = Sql::new(
    "INSERT INTO order_history (order_id, entry_no, status, at, note, kind, data) \
     SELECT ?, n.next_no, ?, ?, ?, ?, ? FROM \
     (SELECT COALESCE(MAX(entry_no), 0) + 1 AS next_no FROM order_history WHERE order_id = ?) n",
);

/// The statement which appends a station to the order's history. Its transaction has changed or locked
/// the order's row before.
#[must_use]
pub fn status_row<'a>(order: &'a Order, entry: &'a HistoryEntry) -> (Sql, Params<'a>) {
    let (status, kind) = (status_word(entry.status), entry_kind_word(EntryKind::Status));
    let data: Option<&str> = None;
    (APPEND, p![order.id, status, entry.at, entry.note, kind, data, order.id])
}

/// The statement which appends what else became of the order, `data` being JSON as clients see it. Its
/// transaction has changed or locked the order's row before.
#[must_use]
pub fn entry_row<'a>(order: &'a Order, kind: EntryKind, data: &'a str) -> (Sql, Params<'a>) {
    let (status, kind) = (status_word(order.status), entry_kind_word(kind));
    let note: Option<&str> = None;
    (APPEND, p![order.id, status, order.updated_at, note, kind, data, order.id])
}

/// The next entries after `after`, a hundred at most; none of an attempt that was refused.
///
/// # Errors
/// When the database fails.
pub fn list_entries_after(
    tx: &mut Tx<'_>,
    order: OrderId,
    after: u64,
) -> Result<Vec<Entry>, DbError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    tx.query(
        "SELECT h.entry_no, h.kind, h.data, h.status, h.at, h.note FROM order_history h \
         JOIN orders o ON o.id = h.order_id WHERE h.order_id = ? AND h.entry_no > ? \
         AND o.refused = ? ORDER BY h.entry_no LIMIT ?",
        p![order, after, false, BATCH],
        read_entry,
    )
}

/// The number of the newest entry; 0 when there is none.
///
/// # Errors
/// When the database fails.
pub fn newest_entry(tx: &mut Tx<'_>, order: OrderId) -> Result<u64, DbError> {
    tx.query_one(
        "SELECT COALESCE(MAX(entry_no), 0) FROM order_history WHERE order_id = ?",
        p![order],
        |row| Ok(u64::try_from(row.get::<i64>(0)?).unwrap_or(0)),
    )
}

fn read_entry(row: &Row<'_>) -> Result<Entry, DbError> {
    let kind = row.get::<String>(1)?;
    let data = match row.get::<Option<String>>(2)? {
        Some(data) => data,
        None => serde_json::to_string(&read_station(row, 3)?).map_err(DbError::decode)?,
    };
    Ok(Entry {
        number: u64::try_from(row.get::<i64>(0)?).map_err(DbError::decode)?,
        kind: entry_kind_from_word(&kind).map_err(DbError::decode)?,
        data,
    })
}

/// A station, from status, time and note in this column and the next ones.
pub(super) fn read_station(row: &Row<'_>, first: usize) -> Result<HistoryEntry, DbError> {
    let status = row.get::<String>(first)?;
    let status = status_from_word(&status).map_err(DbError::decode)?;
    Ok(HistoryEntry { status, at: row.get(first + 1)?, note: row.get(first + 2)? })
}

/// Stores a ticket for the stream of `order`.
///
/// # Errors
/// When the database fails.
pub fn insert_ticket(
    tx: &mut Tx<'_>,
    order: OrderId,
    hash: &[u8; 32],
    expires_at: Timestamp,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO stream_tickets (hash, order_id, expires_at) VALUES (?, ?, ?)",
        p![hash.as_slice(), order, expires_at],
    )?;
    Ok(())
}

/// Uses up the ticket; whether there was one for this order which had not expired by `now`. Of two who
/// use it at once, one is told so.
///
/// # Errors
/// When the database fails.
pub fn use_ticket(
    tx: &mut Tx<'_>,
    order: OrderId,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, DbError> {
    let used = tx.execute(
        "DELETE FROM stream_tickets WHERE hash = ? AND order_id = ? AND expires_at > ?",
        p![hash.as_slice(), order, now],
    )?;
    Ok(used == 1)
}

/// Removes the tickets which had expired by `now`.
///
/// # Errors
/// When the database fails.
pub fn prune_tickets(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, DbError> {
    tx.execute("DELETE FROM stream_tickets WHERE expires_at <= ?", p![now])
}

//! The orders' book: what the other services' books must mirror, page by page. What belongs to the orders of a
//! page is read for all of them at once.

use std::collections::BTreeMap;

use techtrove_core::{Money, Sku, TypedId as _};
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_orders_api::{OrderEntry, OrderId, ReturnClaim, StockClaim};
use techtrove_payments_api::PaymentId;
use uuid::Uuid;

use crate::domain::{status_from_word, step_from_word, stock_claim};

/// A sum of BIGINTs is wider than one on PostgreSQL and MySQL, and each casts in its own words.
macro_rules! select_entries {
    ($integer:literal) => {
        concat!(
            "SELECT o.id, o.status, o.payment_id, o.total, o.currency, o.captured, o.updated_at, \
             s.step, o.refunded, o.shipping - o.discount, o.tax, o.prices_include_tax, \
             (SELECT CAST(SUM(l.quantity * l.unit_price) AS ",
            $integer,
            ") FROM order_lines l WHERE l.order_id = o.id) \
             FROM orders o LEFT JOIN sagas s ON s.order_id = o.id \
             WHERE o.id > ? ORDER BY o.id LIMIT ?"
        )
    };
}

const ENTRIES: Sql = Sql::new(select_entries!("BIGINT")).mysql(select_entries!("SIGNED"));

/// Up to `limit` orders behind `after`, in the order of their ids.
///
/// # Errors
/// When the database fails.
pub fn list_entries(
    tx: &mut Tx<'_>,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderEntry>, DbError> {
    let after = after.map_or(Uuid::nil(), OrderId::uuid);
    let mut entries = tx.query(ENTRIES, p![after, limit], read_entry)?;
    let Some(last) = entries.last().map(|entry| entry.id) else { return Ok(entries) };
    let mut unshipped = list_unshipped(tx, after, last)?;
    let mut returns = list_returns(tx, after, last)?;
    for entry in &mut entries {
        if entry.stock != StockClaim::Nothing {
            entry.lines = unshipped.remove(&entry.id).unwrap_or_default();
        }
        entry.returns = returns.remove(&entry.id).unwrap_or_default();
    }
    Ok(entries)
}

/// SKU and pieces of the lines that have not left, of all orders behind `after` up to `last`.
fn list_unshipped(
    tx: &mut Tx<'_>,
    after: Uuid,
    last: OrderId,
) -> Result<BTreeMap<OrderId, Vec<(Sku, u32)>>, DbError> {
    let rows = tx.query(
        "SELECT order_id, sku, quantity - shipped FROM order_lines \
         WHERE order_id > ? AND order_id <= ? AND quantity > shipped ORDER BY order_id, line_no",
        p![after, last],
        |row| Ok((row.get::<OrderId>(0)?, (row.get::<Sku>(1)?, row.get::<u32>(2)?))),
    )?;
    let mut lines: BTreeMap<OrderId, Vec<_>> = BTreeMap::new();
    for (order, line) in rows {
        lines.entry(order).or_default().push(line);
    }
    Ok(lines)
}

/// What came back of these orders, as inventory was told.
fn list_returns(
    tx: &mut Tx<'_>,
    after: Uuid,
    last: OrderId,
) -> Result<BTreeMap<OrderId, Vec<ReturnClaim>>, DbError> {
    let pieces = tx.query(
        "SELECT r.order_id, r.id, r.restock, o.sku, l.quantity FROM returns r \
         JOIN return_lines l ON l.return_id = r.id \
         JOIN order_lines o ON o.order_id = r.order_id AND o.line_no = l.line_no \
         WHERE r.order_id > ? AND r.order_id <= ? AND r.booking = 'booked' \
         ORDER BY r.order_id, r.return_no, l.line_no",
        p![after, last],
        |row| {
            let of = (row.get::<OrderId>(0)?, row.get::<Uuid>(1)?, row.get::<bool>(2)?);
            Ok((of, (row.get(3)?, row.get(4)?)))
        },
    )?;
    let mut returns: BTreeMap<OrderId, Vec<ReturnClaim>> = BTreeMap::new();
    for ((order, id, restock), line) in pieces {
        let claims = returns.entry(order).or_default();
        match claims.last_mut().filter(|claim| claim.id == id) {
            Some(claim) => claim.lines.push(line),
            None => claims.push(ReturnClaim { id, restock, lines: vec![line] }),
        }
    }
    Ok(returns)
}

/// An order's entry, but for its lines and returns.
fn read_entry(row: &Row<'_>) -> Result<OrderEntry, DbError> {
    let status = row.get::<String>(1)?;
    let status = status_from_word(&status).map_err(DbError::decode)?;
    let step = row.get::<Option<String>>(7)?;
    let step = step.map(|word| step_from_word(&word)).transpose().map_err(DbError::decode)?;
    let tax = if row.get(11)? { 0 } else { row.get::<i64>(10)? };
    let lines = row.get::<Option<i64>>(12)?.unwrap_or(0);
    Ok(OrderEntry {
        id: row.get(0)?,
        status,
        stock: stock_claim(status, step),
        lines: Vec::new(),
        payment: row.get::<PaymentId>(2)?.uuid(),
        total: Money::new(row.get(3)?, row.get(4)?),
        parts: lines.saturating_add(row.get(9)?).saturating_add(tax),
        captured: row.get(5)?,
        refunded: row.get(8)?,
        returns: Vec::new(),
        settled: step.is_none(),
        updated_at: row.get(6)?,
    })
}

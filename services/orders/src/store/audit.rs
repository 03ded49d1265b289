//! The orders' book: what the other services' books must mirror, page by page.

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
             o.return_count, \
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
    let found = tx.query(ENTRIES, p![after, limit], read_entry)?;
    let mut entries = Vec::with_capacity(found.len());
    for (mut entry, has_returns) in found {
        if has_returns {
            entry.returns = list_returns(tx, entry.id)?;
        }
        entries.push(entry);
    }
    for entry in entries.iter_mut().filter(|entry| entry.stock != StockClaim::Nothing) {
        entry.lines = tx.query(
            "SELECT sku, quantity - shipped FROM order_lines \
             WHERE order_id = ? AND quantity > shipped ORDER BY line_no",
            p![entry.id],
            |row| Ok((row.get::<Sku>(0)?, row.get::<u32>(1)?)),
        )?;
    }
    Ok(entries)
}

/// What came back of an order, as inventory was told.
fn list_returns(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<ReturnClaim>, DbError> {
    let pieces = tx.query(
        "SELECT r.id, r.restock, o.sku, l.quantity FROM returns r \
         JOIN return_lines l ON l.return_id = r.id \
         JOIN order_lines o ON o.order_id = r.order_id AND o.line_no = l.line_no \
         WHERE r.order_id = ? AND r.booking = 'booked' ORDER BY r.return_no, l.line_no",
        p![id],
        |row| Ok((row.get::<Uuid>(0)?, row.get::<bool>(1)?, (row.get(2)?, row.get(3)?))),
    )?;
    let mut claims: Vec<ReturnClaim> = Vec::new();
    for (id, restock, line) in pieces {
        match claims.last_mut().filter(|claim| claim.id == id) {
            Some(claim) => claim.lines.push(line),
            None => claims.push(ReturnClaim { id, restock, lines: vec![line] }),
        }
    }
    Ok(claims)
}

/// An order's entry, and whether it has returns.
fn read_entry(row: &Row<'_>) -> Result<(OrderEntry, bool), DbError> {
    let status = row.get::<String>(1)?;
    let status = status_from_word(&status).map_err(DbError::decode)?;
    let step = row.get::<Option<String>>(7)?;
    let step = step.map(|word| step_from_word(&word)).transpose().map_err(DbError::decode)?;
    let tax = if row.get(11)? { 0 } else { row.get::<i64>(10)? };
    let lines = row.get::<Option<i64>>(13)?.unwrap_or(0);
    let entry = OrderEntry {
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
    };
    Ok((entry, row.get::<i64>(12)? > 0))
}

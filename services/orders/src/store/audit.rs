//! The orders' book: what the other services' books must mirror, page by page.

use techtrove_core::{Money, Sku, TypedId as _};
use techtrove_db::{DbError, Row, Tx, p};
use techtrove_orders_api::{OrderEntry, OrderId, StockClaim};
use techtrove_payments_api::PaymentId;
use uuid::Uuid;

use crate::domain::{status_from_word, step_from_word, stock_claim};

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
    let mut entries = tx.query(
        "SELECT o.id, o.status, o.payment_id, o.total, o.currency, o.captured, o.updated_at, \
         s.step, o.refunded FROM orders o LEFT JOIN sagas s ON s.order_id = o.id \
         WHERE o.id > ? ORDER BY o.id LIMIT ?",
        p![after, limit],
        read_entry,
    )?;
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

fn read_entry(row: &Row<'_>) -> Result<OrderEntry, DbError> {
    let status = row.get::<String>(1)?;
    let status = status_from_word(&status).map_err(DbError::decode)?;
    let step = row.get::<Option<String>>(7)?;
    let step = step.map(|word| step_from_word(&word)).transpose().map_err(DbError::decode)?;
    Ok(OrderEntry {
        id: row.get(0)?,
        status,
        stock: stock_claim(status, step),
        lines: Vec::new(),
        payment: row.get::<PaymentId>(2)?.uuid(),
        total: Money::new(row.get(3)?, row.get(4)?),
        captured: row.get(5)?,
        refunded: row.get(8)?,
        settled: step.is_none(),
        updated_at: row.get(6)?,
    })
}

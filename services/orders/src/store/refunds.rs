//! The refunds of orders, numbered within each.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Params, Row, Sql, Tx, p};
use techtrove_orders_api::OrderId;
use techtrove_payments_api::RefundId;

use crate::domain::{Order, Refund, RefundStatus, refund_status_from_word, refund_status_word};

const INSERT_REFUND: Sql = Sql::new(
    "INSERT INTO refunds (id, order_id, refund_no, status, amount, reason, claim, created_at, \
     updated_at, ask_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

const END_REFUND: Sql =
    Sql::new("UPDATE refunds SET status = ?, failure_code = ?, updated_at = ? WHERE id = ?");

/// Puts the next question about a refund off until then.
pub(super) fn put_off(tx: &mut Tx<'_>, id: RefundId, until: Timestamp) -> Result<(), DbError> {
    tx.execute("UPDATE refunds SET ask_at = ? WHERE id = ?", p![until, id])?;
    Ok(())
}

/// Has payments asked about the order's pending refunds by then.
pub(super) fn hurry(tx: &mut Tx<'_>, order: OrderId, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE refunds SET ask_at = ? WHERE order_id = ? AND status = 'pending'";
    tx.execute(sql, p![now, order])?;
    Ok(())
}

/// The statements which store these refunds of the order, new ones and ended ones.
pub(super) fn changed<'a>(
    order: &'a Order,
    refunds: &'a [Refund],
) -> impl Iterator<Item = (Sql, Params<'a>)> {
    refunds.iter().map(|refund| match refund.status {
        RefundStatus::Pending => (INSERT_REFUND, row(order, refund)),
        RefundStatus::Succeeded | RefundStatus::Failed => {
            let status = refund_status_word(refund.status);
            (END_REFUND, p![status, refund.failure_code, refund.updated_at, refund.id])
        }
    })
}

fn row<'a>(order: &Order, refund: &'a Refund) -> Params<'a> {
    let place = order.refunds.iter().position(|known| known.id == refund.id);
    let number = place.unwrap_or(order.refunds.len()).saturating_add(1);
    p![
        refund.id,
        order.id,
        i64::try_from(number).unwrap_or(i64::MAX),
        refund_status_word(refund.status),
        refund.amount,
        refund.reason,
        refund.claim.as_ref().map(<[u8; 32]>::as_slice),
        refund.created_at,
        refund.updated_at,
        refund.ask_at,
    ]
}

/// Refunds as [`read_refund`] reads them; the first column is their order.
macro_rules! select_refunds {
    ($rest:expr) => {
        concat!(
            "SELECT order_id, id, status, amount, reason, claim, created_at, updated_at, \
             failure_code, ask_at FROM refunds ",
            $rest
        )
    };
}

pub(super) use select_refunds;

/// The refunds of an order, in the order in which they were asked for.
pub(super) fn of_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<Refund>, DbError> {
    tx.query(select_refunds!("WHERE order_id = ? ORDER BY refund_no"), p![id], read_refund)
}

/// A refund.
pub(super) fn read_refund(row: &Row<'_>) -> Result<Refund, DbError> {
    let status = row.get::<String>(2)?;
    let created_at = row.get(6)?;
    Ok(Refund {
        id: row.get(1)?,
        status: refund_status_from_word(&status).map_err(DbError::decode)?,
        amount: row.get(3)?,
        reason: row.get(4)?,
        claim: row.get(5)?,
        failure_code: row.get(8)?,
        created_at,
        updated_at: row.get(7)?,
        // Those that were asked for before this was kept.
        ask_at: row.get::<Option<_>>(9)?.unwrap_or(created_at),
    })
}

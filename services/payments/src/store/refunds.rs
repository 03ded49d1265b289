//! Refunds by their callers' ids.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx, p};
use techtrove_payments_api::{PaymentId, RefundId};

use crate::{
    app::RefundOrder,
    domain::{Begun, KnownRefund, OperationState},
};

const INSERT_REFUND: &str = "INSERT INTO refunds (id, payment_id, operation, amount, reason, \
     created_at) VALUES (?, ?, ?, ?, ?, ?)";

const SELECT_REFUND: &str = "SELECT r.payment_id, r.amount, o.state FROM refunds r \
     JOIN operations o ON o.payment_id = r.payment_id AND o.number = r.operation WHERE r.id = ?";

/// Writes the refund that the operation just begun is for.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the id is known.
pub fn insert_refund(
    tx: &mut Tx<'_>,
    begun: &Begun,
    order: &RefundOrder,
    now: Timestamp,
) -> Result<(), DbError> {
    let (payment, operation) = (begun.payment.id, begun.operation.number);
    let params = p![order.id, payment, operation, begun.operation.amount, order.reason, now];
    tx.execute(INSERT_REFUND, params)?;
    Ok(())
}

/// What is stored under the refund's id, seen from the payment it is asked for.
///
/// # Errors
/// When the database does not answer.
pub fn lookup_refund(
    tx: &mut Tx<'_>,
    id: RefundId,
    payment: PaymentId,
) -> Result<Option<KnownRefund>, DbError> {
    tx.query_opt(SELECT_REFUND, p![id], |row| {
        let owner: PaymentId = row.get(0)?;
        Ok(KnownRefund {
            same_payment: owner == payment,
            amount: row.get(1)?,
            state: OperationState::from_word(&row.get::<String>(2)?).map_err(DbError::decode)?,
        })
    })
}

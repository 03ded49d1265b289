//! Refunds by their callers' ids.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx, p};
use techtrove_payments_api::{PaymentId, RefundId};

use super::payments::{all_matched, booked};
use crate::{
    app::RefundOrder,
    domain::{Begun, KnownRefund, OperationState, Settlement, status_word},
    error::Error,
};

const INSERT_REFUND: &str = "INSERT INTO refunds (id, payment_id, operation, amount, reason, \
     created_at, look_at) VALUES (?, ?, ?, ?, ?, ?, ?)";

const SELECT_REFUND: &str = "SELECT r.payment_id, r.amount, o.state, r.failure_code FROM refunds r \
     JOIN operations o ON o.payment_id = r.payment_id AND o.number = r.operation WHERE r.id = ?";

const SELECT_MADE: &str = "SELECT r.operation, r.amount FROM refunds r \
     JOIN operations o ON o.payment_id = r.payment_id AND o.number = r.operation \
     WHERE r.id = ? AND r.payment_id = ? AND o.state = 'done'";

pub(super) const FAIL_REFUND: &str = "UPDATE refunds SET failure_code = ?, failed_at = ?, \
     look_at = NULL WHERE payment_id = ? AND operation = ? AND failure_code IS NULL";

const SELECT_DUE: &str = "SELECT r.id, r.payment_id, r.created_at, r.look_at FROM refunds r \
     JOIN operations o ON o.payment_id = r.payment_id AND o.number = r.operation \
     WHERE r.look_at <= ? AND o.state = 'done' ORDER BY r.look_at, r.id LIMIT ?";

const MOVE_LOOK: &str = "UPDATE refunds SET look_at = ? WHERE id = ? AND look_at = ?";

const UNMAKE_PAYMENT: &str = "UPDATE payments SET status = ?, refunded = ?, version = ?, \
     updated_at = ? WHERE id = ? AND version = ? AND open_operation IS NULL";

const UNMAKE_OPERATION: &str =
    "UPDATE operations SET state = ? WHERE payment_id = ? AND number = ? AND state = 'done'";

/// The first line of a refund's operation in the ledger that is free once it was made.
const FIRST_FREE_LINE: i64 = 2;

/// A refund that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeRefund {
    /// The number of its operation.
    pub operation: i64,
    /// Minor units.
    pub amount: i64,
}

/// A refund that is to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueLook {
    /// Which refund.
    pub refund: RefundId,
    /// Its payment.
    pub payment: PaymentId,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Since when it is to be looked at.
    pub due: Timestamp,
}

/// Writes the refund that the operation just begun is for, and when it is looked at once it is made.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the id is known.
pub fn insert_refund(
    tx: &mut Tx<'_>,
    begun: &Begun,
    order: &RefundOrder,
    (now, look): (Timestamp, Option<Timestamp>),
) -> Result<(), DbError> {
    let (payment, operation) = (begun.payment.id, begun.operation.number);
    let params = p![order.id, payment, operation, begun.operation.amount, order.reason, now, look];
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
            failure_code: row.get(3)?,
        })
    })
}

/// The refund of this payment, if it was made.
///
/// # Errors
/// When the database does not answer.
pub fn made_refund(
    tx: &mut Tx<'_>,
    id: RefundId,
    payment: PaymentId,
) -> Result<Option<MadeRefund>, DbError> {
    tx.query_opt(SELECT_MADE, p![id, payment], |row| {
        Ok(MadeRefund { operation: row.get(0)?, amount: row.get(1)? })
    })
}

/// Up to `limit` refunds that were made and are to be looked at by `now`, the longest waiting first.
///
/// # Errors
/// When the database does not answer.
pub fn due_looks(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<DueLook>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(SELECT_DUE, p![now, limit], |row| {
        let (refund, payment) = (row.get(0)?, row.get(1)?);
        Ok(DueLook { refund, payment, asked_at: row.get(2)?, due: row.get(3)? })
    })
}

/// Stores when a refund is looked at next, if at all; false when somebody else did, or it has failed.
///
/// # Errors
/// When the database does not answer.
pub fn move_look(
    tx: &mut Tx<'_>,
    look: &DueLook,
    next: Option<Timestamp>,
) -> Result<bool, DbError> {
    Ok(tx.execute(MOVE_LOOK, p![next, look.refund, look.due])? == 1)
}

/// Writes that a refund which was made has failed after all, and books it.
///
/// # Errors
/// [`Error::Overtaken`] when the payment or the refund is no longer as it was read.
pub fn unmake_refund(
    tx: &mut Tx<'_>,
    refund: MadeRefund,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<(), Error> {
    let (payment, number) = (&settlement.payment, refund.operation);
    let read_version = payment.version - 1;
    let status = status_word(payment.status);
    let mut statements = vec![
        (
            UNMAKE_PAYMENT,
            p![status, payment.refunded, payment.version, now, payment.id, read_version],
        ),
        (UNMAKE_OPERATION, p![settlement.state.word(), payment.id, number]),
        (FAIL_REFUND, p![settlement.failure_code, now, payment.id, number]),
    ];
    let rows = statements.len() + 2 * settlement.bookings.len();
    statements.extend(booked(settlement, number, FIRST_FREE_LINE, &now));
    all_matched(tx, &statements, rows)
}

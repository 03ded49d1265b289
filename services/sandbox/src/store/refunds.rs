//! The refunds of charges, each under its key.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Row, Rows, Sql, Tx, p};

use super::{parsed, read_key};
use crate::domain::{FailureCode, Key, Refund, RefundStatus};

const INSERT: &str = "INSERT INTO refunds (charge_key, refund_key, amount, status, failure_code, \
     created_at) VALUES (?, ?, ?, ?, ?, ?)";

const UPDATE: &str =
    "UPDATE refunds SET status = ?, failure_code = ? WHERE charge_key = ? AND refund_key = ?";

const SELECT: &str = "SELECT refund_key, amount, status, failure_code FROM refunds \
     WHERE charge_key = ? ORDER BY refund_key";

const WAITING: &str = "SELECT refund_key FROM refunds \
     WHERE charge_key = ? AND status = 'pending' AND created_at <= ? ORDER BY refund_key";

pub(super) const OF_PAGE: Rows = Rows::of(
    "refunds",
    Sql::new(
        "SELECT charge_key, refund_key, amount, status, failure_code FROM refunds \
         WHERE charge_key > ? AND charge_key <= ? ORDER BY charge_key, refund_key",
    ),
);

/// Writes a new refund of the charge under `key`.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the refund's key is known.
pub fn insert_refund(
    tx: &mut Tx<'_>,
    key: &Key,
    refund: &Refund,
    now: Timestamp,
) -> Result<(), DbError> {
    let failure = refund.failure.map(FailureCode::as_str);
    let (own, status) = (refund.key.as_str(), refund.status.as_str());
    tx.execute(INSERT, p![key.as_str(), own, refund.amount, status, failure, now])?;
    Ok(())
}

/// Writes how a refund of the charge under `key` stands from now on.
///
/// # Errors
/// When the database does not answer.
pub fn update_refund(tx: &mut Tx<'_>, key: &Key, refund: &Refund) -> Result<(), DbError> {
    let failure = refund.failure.map(FailureCode::as_str);
    let (own, status) = (refund.key.as_str(), refund.status.as_str());
    tx.execute(UPDATE, p![status, failure, key.as_str(), own])?;
    Ok(())
}

/// The refunds of the charge under `key`, in the order of their keys.
///
/// # Errors
/// When the database does not answer.
pub fn refunds(tx: &mut Tx<'_>, key: &Key) -> Result<Vec<Refund>, DbError> {
    tx.query(SELECT, p![key.as_str()], |row| read_refund(row, 0))
}

/// Those refunds of the charge under `key` that wait for their bank, and were asked for by then.
///
/// # Errors
/// When the database does not answer.
pub fn refunds_waiting(tx: &mut Tx<'_>, key: &Key, before: Timestamp) -> Result<Vec<Key>, DbError> {
    tx.query(WAITING, p![key.as_str(), before], |row| read_key(row, 0))
}

/// A refund, from this column on.
pub(super) fn read_refund(row: &Row<'_>, first: usize) -> Result<Refund, DbError> {
    let status = row.get::<String>(first + 2)?;
    Ok(Refund {
        key: read_key(row, first)?,
        amount: row.get(first + 1)?,
        status: status.parse::<RefundStatus>().map_err(DbError::decode)?,
        failure: parsed(row.get(first + 3)?)?,
    })
}

//! Operations by themselves: the open one of a payment, and all that are open and due.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Params, Row, Sql, Tx, p};
use techtrove_payments_api::PaymentId;

use crate::domain::{Operation, OperationKind};

pub(super) const INSERT_OPERATION: &str = "INSERT INTO operations (payment_id, number, kind, state, \
     open_slot, amount, provider_key, attempts, next_attempt_at, opened_at, closed_at) \
     VALUES (?, ?, ?, 'open', 1, ?, ?, 0, ?, ?, NULL)";

const SELECT_OPERATION: &str = "SELECT number, kind, amount, provider_key, opened_at FROM operations \
     WHERE payment_id = ? AND number = ?";

const SELECT_DUE: &str = "SELECT payment_id, number, attempts FROM operations \
     WHERE open_slot = 1 AND next_attempt_at <= ? ORDER BY next_attempt_at, payment_id LIMIT ?";

const CLAIM: &str = "UPDATE operations SET attempts = attempts + 1, next_attempt_at = ? \
     WHERE payment_id = ? AND number = ? AND attempts = ? AND open_slot = 1";

/// An authorisation which waits for the customer is nobody's fault, and not counted.
const SUMMARY: Sql = Sql::new(
    "SELECT CAST(COUNT(*) AS BIGINT), MIN(o.opened_at) FROM operations o \
     JOIN payments p ON p.id = o.payment_id \
     WHERE o.open_slot = 1 AND (o.kind <> 'authorize' OR p.customer_action IS NULL)",
)
.mysql(
    "SELECT CAST(COUNT(*) AS SIGNED), MIN(o.opened_at) FROM operations o \
     JOIN payments p ON p.id = o.payment_id \
     WHERE o.open_slot = 1 AND (o.kind <> 'authorize' OR p.customer_action IS NULL)",
);

/// An operation that is asked about again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOperation {
    /// Its payment.
    pub payment: PaymentId,
    /// Its number within the payment.
    pub number: i64,
    /// How often it was asked about by itself.
    pub attempts: i64,
}

/// All open operations that wait for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSummary {
    /// How many there are.
    pub count: u64,
    /// When the oldest began.
    pub oldest: Option<Timestamp>,
}

pub(super) fn operation_params<'a>(
    payment: &'a PaymentId,
    operation: &'a Operation,
    due: &'a Timestamp,
) -> Params<'a> {
    p![
        payment,
        operation.number,
        operation.kind.word(),
        operation.amount,
        operation.provider_key,
        due,
        operation.opened_at
    ]
}

pub(super) fn lookup_operation(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    number: i64,
) -> Result<Operation, DbError> {
    tx.query_one(SELECT_OPERATION, p![payment, number], read_operation)
}

fn read_operation(row: &Row<'_>) -> Result<Operation, DbError> {
    Ok(Operation {
        number: row.get(0)?,
        kind: OperationKind::from_word(&row.get::<String>(1)?).map_err(DbError::decode)?,
        amount: row.get(2)?,
        provider_key: row.get(3)?,
        opened_at: row.get(4)?,
    })
}

/// Up to `limit` open operations that are to be asked about by `now`, the longest waiting first.
///
/// # Errors
/// When the database does not answer.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<OpenOperation>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(SELECT_DUE, p![now, limit], |row| {
        Ok(OpenOperation { payment: row.get(0)?, number: row.get(1)?, attempts: row.get(2)? })
    })
}

/// Takes the next try of `operation` and stores when the one after it is due; false when somebody else
/// took it, or it has ended.
///
/// # Errors
/// When the database does not answer.
pub fn claim(tx: &mut Tx<'_>, operation: &OpenOperation, next: Timestamp) -> Result<bool, DbError> {
    let params = p![next, operation.payment, operation.number, operation.attempts];
    Ok(tx.execute(CLAIM, params)? == 1)
}

/// How many operations wait for a provider, and since when.
///
/// # Errors
/// When the database does not answer.
pub fn open_summary(tx: &mut Tx<'_>) -> Result<OpenSummary, DbError> {
    tx.query_one(SUMMARY, [], |row| {
        let count: i64 = row.get(0)?;
        Ok(OpenSummary { count: u64::try_from(count).unwrap_or(0), oldest: row.get(1)? })
    })
}

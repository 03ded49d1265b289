//! Payments as staff and customers see them: with the times of their beginning and last change, one or
//! many, newest first.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_payments_api::{PaymentId, PaymentStatus};
use uuid::Uuid;

use super::payments::{read_payment, with_operation};
use crate::domain::{Payment, status_word};

/// A payment with the times of its beginning and last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The payment.
    pub payment: Payment,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A payment's columns, from tables and under conditions.
macro_rules! select {
    ($tail:literal) => {
        Sql::new(concat!(
            "SELECT p.id, p.reference, p.provider, p.amount, p.currency, p.status, p.captured, \
             p.refunded, p.decline_code, p.open_operation, p.version, p.owner, p.customer_action, \
             p.provider_reference, p.action_url, p.created_at, p.updated_at FROM ",
            $tail
        ))
    };
}

const ONE: Sql = select!("payments p WHERE p.id = ?");

const ALL: Sql = select!("payments p WHERE p.id < ? ORDER BY p.id DESC LIMIT ?");

/// What is open is found by the key that allows one open operation only.
const UNKNOWN: Sql = select!(
    "operations o JOIN payments p ON p.id = o.payment_id \
     WHERE o.open_slot = 1 AND o.payment_id < ? \
     AND (o.kind = 'void' OR (o.kind = 'authorize' AND p.customer_action IS NULL)) \
     ORDER BY o.payment_id DESC LIMIT ?"
);

const AWAITING_CUSTOMER: Sql = select!(
    "operations o JOIN payments p ON p.id = o.payment_id \
     WHERE o.open_slot = 1 AND o.payment_id < ? \
     AND o.kind = 'authorize' AND p.customer_action = 'required' \
     ORDER BY o.payment_id DESC LIMIT ?"
);

const SETTLED: Sql = select!(
    "payments p WHERE p.id < ? AND p.status = ? AND NOT EXISTS \
     (SELECT 1 FROM operations o WHERE o.open_slot = 1 AND o.payment_id = p.id \
      AND o.kind IN ('authorize', 'void')) \
     ORDER BY p.id DESC LIMIT ?"
);

/// Whose refund the provider has not told of.
const REFUND_PENDING: Sql = select!(
    "operations o JOIN payments p ON p.id = o.payment_id \
     WHERE o.open_slot = 1 AND o.kind = 'refund' AND o.payment_id < ? \
     AND p.status = COALESCE(?, p.status) ORDER BY o.payment_id DESC LIMIT ?"
);

/// Who was not given back what they were to be, and nobody has tried since.
const REFUND_FAILED: Sql = select!(
    "payments p WHERE p.id IN (SELECT r.payment_id FROM refunds r WHERE r.failure_code IS NOT NULL \
      AND NOT EXISTS (SELECT 1 FROM refunds later WHERE later.payment_id = r.payment_id \
       AND later.id <> r.id AND later.created_at >= r.failed_at)) \
     AND p.id < ? AND p.status = COALESCE(?, p.status) ORDER BY p.id DESC LIMIT ?"
);

/// What is the matter with a payment's refunds, so that somebody may have to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundTrouble {
    /// The provider has not told of one.
    Pending,
    /// One was refused or has failed, and none was asked for since.
    Failed,
}

/// The payment `id` with its times.
///
/// # Errors
/// When the database does not answer.
pub fn lookup_dated(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<Dated>, DbError> {
    tx.query_opt(ONE, p![id], read_row)?.map(|row| row.dated(tx)).transpose()
}

/// Up to `limit` payments older than `before` that stand at `status` and have this `trouble`, newest first.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx<'_>,
    (status, trouble): (Option<PaymentStatus>, Option<RefundTrouble>),
    before: Option<PaymentId>,
    limit: usize,
) -> Result<Vec<Dated>, DbError> {
    let before = before.map_or(Uuid::max(), techtrove_core::TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = match status {
        status if let Some(trouble) = trouble => {
            let sql = match trouble {
                RefundTrouble::Pending => REFUND_PENDING,
                RefundTrouble::Failed => REFUND_FAILED,
            };
            tx.query(sql, p![before, status.map(status_word), limit], read_row)?
        }
        None => tx.query(ALL, p![before, limit], read_row)?,
        Some(PaymentStatus::Unknown) => tx.query(UNKNOWN, p![before, limit], read_row)?,
        Some(PaymentStatus::RequiresAction) => {
            tx.query(AWAITING_CUSTOMER, p![before, limit], read_row)?
        }
        Some(status) => tx.query(SETTLED, p![before, status_word(status), limit], read_row)?,
    };
    rows.into_iter().map(|row| row.dated(tx)).collect()
}

/// A payment whose open operation is still to be read.
struct Found {
    payment: Payment,
    open: Option<i64>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Found {
    fn dated(self, tx: &mut Tx<'_>) -> Result<Dated, DbError> {
        let Self { payment, open, created_at, updated_at } = self;
        let payment = with_operation(tx, payment, open)?;
        Ok(Dated { payment, created_at, updated_at })
    }
}

fn read_row(row: &Row<'_>) -> Result<Found, DbError> {
    let (payment, open) = read_payment(row)?;
    Ok(Found { payment, open, created_at: row.get(15)?, updated_at: row.get(16)? })
}

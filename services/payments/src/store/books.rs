//! The books as the audit reads them: payments beside the sums of their ledger entries.

use std::collections::BTreeMap;

use techtrove_core::Money;
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentId, PaymentStatus};
use uuid::Uuid;

use crate::domain::{Account, CustomerAction, status_from_word};

const SELECT_PAGE: &str = "SELECT id, reference, provider, amount, currency, status, updated_at, \
     customer_action FROM payments WHERE id > ? ORDER BY id LIMIT ?";

const SUM_PAGE: Sql = Sql::new(
    "SELECT payment_id, account, CAST(SUM(amount) AS BIGINT) FROM ledger_entries \
     WHERE payment_id > ? AND payment_id <= ? AND account IN ('sales', 'refunds') \
     GROUP BY payment_id, account",
)
.mysql(
    "SELECT payment_id, account, CAST(SUM(amount) AS SIGNED) FROM ledger_entries \
     WHERE payment_id > ? AND payment_id <= ? AND account IN ('sales', 'refunds') \
     GROUP BY payment_id, account",
);

const BALANCES: Sql = Sql::new(
    "SELECT currency, CAST(SUM(amount) AS BIGINT), CAST(COUNT(*) AS BIGINT) FROM ledger_entries \
     GROUP BY currency ORDER BY currency",
)
.mysql(
    "SELECT currency, CAST(SUM(amount) AS SIGNED), CAST(COUNT(*) AS SIGNED) FROM ledger_entries \
     GROUP BY currency ORDER BY currency",
);

/// Up to `limit` payments behind `after`, in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub fn page(
    tx: &mut Tx<'_>,
    after: Option<PaymentId>,
    limit: usize,
) -> Result<Vec<PaymentEntry>, DbError> {
    let after = after.map_or(Uuid::nil(), techtrove_core::TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut entries = tx.query(SELECT_PAGE, p![after, limit], read_entry)?;
    let Some(last) = entries.last().map(|entry| entry.id) else { return Ok(entries) };
    let sums: BTreeMap<(PaymentId, String), i64> = tx
        .query(SUM_PAGE, p![after, last], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
        .into_iter()
        .collect();
    for entry in &mut entries {
        let sum = |account: Account| {
            sums.get(&(entry.id, account.word().to_owned())).copied().unwrap_or(0)
        };
        (entry.captured, entry.refunded) =
            (sum(Account::Sales).saturating_neg(), sum(Account::Refunds));
    }
    Ok(entries)
}

fn read_entry(row: &Row<'_>) -> Result<PaymentEntry, DbError> {
    let awaits_customer =
        row.get::<Option<String>>(7)?.as_deref() == Some(CustomerAction::Required.word());
    let status = match status_from_word(&row.get::<String>(5)?).map_err(DbError::decode)? {
        PaymentStatus::Unknown if awaits_customer => PaymentStatus::RequiresAction,
        status => status,
    };
    Ok(PaymentEntry {
        id: row.get(0)?,
        reference: row.get::<Option<Uuid>>(1)?.unwrap_or(Uuid::nil()),
        provider: row.get::<Option<String>>(2)?.unwrap_or_default(),
        status,
        amount: Money::new(row.get(3)?, row.get(4)?),
        captured: 0,
        refunded: 0,
        updated_at: row.get(6)?,
    })
}

/// The sum of all entries in each currency; zero, or something is wrong.
///
/// # Errors
/// When the database does not answer.
pub fn balances(tx: &mut Tx<'_>) -> Result<Vec<LedgerBalance>, DbError> {
    tx.query(BALANCES, [], |row| {
        let entries: i64 = row.get(2)?;
        Ok(LedgerBalance {
            currency: row.get(0)?,
            balance: row.get(1)?,
            entries: u64::try_from(entries).unwrap_or(0),
        })
    })
}

//! The books as the audit reads them: payments beside the sums of their ledger entries.

use techtrove_core::{BookPage, Currency, Money};
use techtrove_db::{Book, DbError, Row, Rows, Sql, Tx, Wanted, p};
use techtrove_payments_api::{
    Asked, Booked, LedgerBalance, OpenKind, PaymentEntry, PaymentStatus, RefundEntry, RefundState,
};
use uuid::Uuid;

use crate::domain::{CustomerAction, OperationKind, OperationState, status_from_word};

const PAYMENTS: Rows = Rows::of(
    "payments, operations",
    Sql::new(
        "SELECT p.id, p.reference, p.provider, p.amount, p.currency, p.status, p.updated_at, \
         p.customer_action, p.captured, p.refunded, p.open_operation, o.number, o.kind \
         FROM payments p LEFT JOIN operations o ON o.payment_id = p.id AND o.open_slot = 1 \
         WHERE p.id > ? ORDER BY p.id LIMIT ?",
    ),
);

const OPERATIONS: Rows = Rows::of(
    "operations",
    Sql::new(
        "SELECT payment_id, amount, kind, state FROM operations WHERE payment_id > ? AND payment_id <= ? \
         ORDER BY payment_id, number",
    ),
);

const REFUNDS: Rows = Rows::of(
    "refunds, operations",
    Sql::new(
        "SELECT r.payment_id, r.id, r.amount, o.amount, o.provider_key, o.state \
         FROM refunds r JOIN operations o ON o.payment_id = r.payment_id AND o.number = r.operation \
         WHERE r.payment_id > ? AND r.payment_id <= ? ORDER BY r.payment_id, r.operation",
    ),
);

/// A sum of BIGINTs is wider than one on PostgreSQL and MySQL, and each casts in its own words.
macro_rules! sum_page {
    ($integer:literal, $($account:literal)+) => {
        concat!(
            "SELECT payment_id, MIN(currency), MAX(currency)",
            $(", CAST(SUM(CASE account WHEN '", $account, "' THEN amount ELSE 0 END) AS ", $integer, ")",)+
            " FROM ledger_entries WHERE payment_id > ? AND payment_id <= ? GROUP BY payment_id"
        )
    };
    ($integer:literal) => {
        sum_page!(
            $integer,
            "authorized_at_provider" "authorized_by_customer" "provider_receivable" "sales" "refunds"
        )
    };
}

const BOOKED: Rows =
    Rows::of("ledger_entries", Sql::new(sum_page!("BIGINT")).mysql(sum_page!("SIGNED")));

const LAST_OF_PAGE: &str = "SELECT payment_id FROM ledger_entries WHERE payment_id > ? \
     ORDER BY payment_id LIMIT 1 OFFSET ?";

/// Grouping would sort all entries; of currencies there are few.
const CURRENCIES: &str =
    "SELECT DISTINCT currency FROM ledger_entries WHERE payment_id > ? AND payment_id <= ?";

const BALANCE: Sql = Sql::new(
    "SELECT CAST(SUM(amount) AS BIGINT), CAST(COUNT(*) AS BIGINT) FROM ledger_entries \
     WHERE payment_id > ? AND payment_id <= ? AND currency = ?",
)
.mysql(
    "SELECT CAST(SUM(amount) AS SIGNED), CAST(COUNT(*) AS SIGNED) FROM ledger_entries \
     WHERE payment_id > ? AND payment_id <= ? AND currency = ?",
);

/// The page of payments that is wanted, in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted<Uuid>) -> Result<BookPage<PaymentEntry>, DbError> {
    let mut book = Book::read(tx, wanted, &PAYMENTS, read_entry)?;
    let booked = book.details(tx, &BOOKED, read_booked)?;
    let refunds = book.details(tx, &REFUNDS, read_refund)?;
    let operations = book.details(tx, &OPERATIONS, read_captured)?;
    let mut payments = book.by_key();
    for (id, (first, last, sums)) in booked {
        if let Some(entry) = payments.get_mut(&id) {
            let currency = entry.amount.currency;
            let other_currency = (first, last) != (currency, currency);
            entry.booked = Booked { other_currency, ..sums };
        }
    }
    for (id, refund) in refunds {
        if let Some(entry) = payments.get_mut(&id) {
            entry.refunds.push(refund);
        }
    }
    for (id, captured) in operations {
        if let Some(entry) = payments.get_mut(&id) {
            entry.asked.captures.extend(captured);
        }
    }
    Ok(book.finish())
}

fn read_entry(row: &Row<'_>) -> Result<PaymentEntry, DbError> {
    let action = row.get::<Option<String>>(7)?;
    let action = action.map(|word| CustomerAction::from_word(&word)).transpose();
    let awaits_customer = action.map_err(DbError::decode)? == Some(CustomerAction::Required);
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
        captured: row.get(8)?,
        refunded: row.get(9)?,
        booked: Booked::default(),
        refunds: Vec::new(),
        asked: read_asked(row)?,
        updated_at: row.get(6)?,
    })
}

/// What the provider is asked now.
fn read_asked(row: &Row<'_>) -> Result<Asked, DbError> {
    let kind = row.get::<Option<String>>(12)?;
    let kind = kind.map(|word| OperationKind::from_word(&word)).transpose();
    let open = kind.map_err(DbError::decode)?.map(|kind| match kind {
        OperationKind::Authorize => OpenKind::Authorize,
        OperationKind::Capture => OpenKind::Capture,
        OperationKind::Void => OpenKind::Void,
        OperationKind::Refund => OpenKind::Refund,
    });
    let misnamed = row.get::<Option<i64>>(10)? != row.get::<Option<i64>>(11)?;
    Ok(Asked { open, misnamed, captures: Vec::new() })
}

/// What an operation took, if it is a capture that was made.
fn read_captured(row: &Row<'_>) -> Result<Option<i64>, DbError> {
    let kind = OperationKind::from_word(&row.get::<String>(2)?).map_err(DbError::decode)?;
    let state = OperationState::from_word(&row.get::<String>(3)?).map_err(DbError::decode)?;
    let made = (kind, state) == (OperationKind::Capture, OperationState::Done);
    Ok(made.then_some(row.get(1)?))
}

type BookedInCurrencies = (Currency, Currency, Booked);

fn read_booked(row: &Row<'_>) -> Result<BookedInCurrencies, DbError> {
    let booked = Booked {
        authorized_at_provider: row.get(3)?,
        authorized_by_customer: row.get(4)?,
        provider_receivable: row.get(5)?,
        sales: row.get(6)?,
        refunds: row.get(7)?,
        other_currency: false,
    };
    Ok((row.get(1)?, row.get(2)?, booked))
}

fn read_refund(row: &Row<'_>) -> Result<RefundEntry, DbError> {
    let state = OperationState::from_word(&row.get::<String>(5)?).map_err(DbError::decode)?;
    Ok(RefundEntry {
        id: row.get(1)?,
        amount: row.get(2)?,
        asked: row.get(3)?,
        key: row.get(4)?,
        state: match state {
            OperationState::Open => RefundState::Open,
            OperationState::Done => RefundState::Made,
            OperationState::Refused | OperationState::Superseded => RefundState::NotMade,
        },
    })
}

/// The sums, by currency, of the next `entries` entries behind `after` and of the rest of the last one's payment,
/// and which payment that is; none when nothing is behind it. Each sum is zero, or something is wrong.
///
/// # Errors
/// When the database does not answer.
pub fn balances(
    tx: &mut Tx<'_>,
    after: Option<Uuid>,
    entries: usize,
) -> Result<(Vec<LedgerBalance>, Option<Uuid>), DbError> {
    let after = after.unwrap_or_default();
    let skipped = i64::try_from(entries).unwrap_or(i64::MAX);
    let next = tx.query_opt(LAST_OF_PAGE, p![after, skipped], |row| row.get::<Uuid>(0))?;
    let last = next.unwrap_or(Uuid::max());
    let mut currencies = tx.query(CURRENCIES, p![after, last], |row| row.get::<String>(0))?;
    currencies.sort();
    let balance = |currency: String| {
        tx.query_one(BALANCE, p![after, last, currency], |row| {
            let entries = u64::try_from(row.get::<i64>(1)?).unwrap_or(0);
            Ok(LedgerBalance { currency: currency.clone(), balance: row.get(0)?, entries })
        })
    };
    let balances = currencies.into_iter().map(balance).collect::<Result<_, _>>()?;
    Ok((balances, next))
}

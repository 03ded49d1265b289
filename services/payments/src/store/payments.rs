//! Payments and their operations: found, begun, ended.

use techtrove_core::{Currency, Money, Timestamp, planted};
use techtrove_db::{DbError, Params, Row, Tx, p};
use techtrove_payments_api::PaymentId;
use uuid::Uuid;

use super::{
    operations::{INSERT_OPERATION, lookup_operation, operation_params},
    refunds::FAIL_REFUND,
};
use crate::{
    domain::{
        Begun, CustomerAction, OperationState, Payment, Settlement, Terms, status_from_word,
        status_word,
    },
    error::Error,
};

const INSERT_PAYMENT: &str = "INSERT INTO payments (id, reference, provider, owner, amount, \
     currency, status, captured, refunded, decline_code, open_operation, version, created_at, \
     updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, NULL, ?, ?, ?, ?)";

const SELECT_PAYMENT: &str = "SELECT id, reference, provider, amount, currency, status, captured, \
     refunded, decline_code, open_operation, version, owner, customer_action, provider_reference, \
     action_url FROM payments \
     WHERE id = ?";

const LOCK_PAYMENT: &str = "SELECT id, reference, provider, amount, currency, status, captured, \
     refunded, decline_code, open_operation, version, owner, customer_action, provider_reference, \
     action_url FROM payments \
     WHERE id = ? FOR UPDATE";

const BEGIN_OPERATION: &str = "UPDATE payments SET open_operation = ?, version = ?, \
     decline_code = ?, updated_at = ? WHERE id = ? AND version = ?";

const NAME_CHARGE: &str = "UPDATE payments SET provider_reference = ? \
     WHERE id = ? AND open_operation = ? AND provider_reference IS NULL";

const REQUIRE_ACTION: &str = "UPDATE payments SET customer_action = ?, action_url = ?, updated_at = ? \
     WHERE id = ? AND open_operation = ? AND customer_action IS NULL";

const END_PAYMENT: &str = "UPDATE payments SET status = ?, captured = ?, refunded = ?, \
     customer_action = ?, decline_code = ?, open_operation = NULL, version = ?, updated_at = ? \
     WHERE id = ? AND open_operation = ?";

const END_OPERATION: &str = "UPDATE operations SET state = ?, open_slot = NULL, closed_at = ? \
     WHERE payment_id = ? AND number = ? AND open_slot = 1";

const INSERT_BOOKING: &str = "INSERT INTO ledger_entries (payment_id, operation, line, account, \
     amount, currency, created_at) VALUES (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?)";

/// Writes a new payment with its authorisation open; `due` is when it is asked about by itself.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the id is known.
pub fn insert(
    tx: &mut Tx<'_>,
    begun: &Begun,
    now: Timestamp,
    due: Timestamp,
) -> Result<(), DbError> {
    let payment = &begun.payment;
    tx.execute_many(&[
        (INSERT_PAYMENT, payment_params(payment, &now)),
        (INSERT_OPERATION, operation_params(&payment.id, &begun.operation, &due)),
    ])?;
    Ok(())
}

fn payment_params<'a>(payment: &'a Payment, now: &'a Timestamp) -> Params<'a> {
    let terms = payment.terms.as_ref();
    p![
        payment.id,
        terms.map(|terms| terms.reference),
        terms.map(|terms| terms.provider.as_str()),
        terms.and_then(|terms| terms.owner).filter(|_| !planted("payment-of-nobody")),
        payment.amount(),
        payment.currency,
        status_word(payment.status),
        payment.open.as_ref().map(|open| open.number),
        payment.version,
        now,
        now
    ]
}

/// Writes a payment that was given up before it was asked for.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the id is known.
pub fn insert_never(tx: &mut Tx<'_>, never: &Payment, now: Timestamp) -> Result<(), DbError> {
    tx.execute(INSERT_PAYMENT, payment_params(never, &now))?;
    Ok(())
}

/// The payment `id` with its open operation, when there is one.
///
/// # Errors
/// When the database does not answer.
pub fn lookup(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<Payment>, DbError> {
    let found = tx.query_opt(SELECT_PAYMENT, p![id], read_payment)?;
    found.map(|(payment, open)| with_operation(tx, payment, open)).transpose()
}

/// As [`lookup`], and the payment stays as it is until the transaction ends: for decisions which rest
/// on more than its row.
///
/// # Errors
/// When the database does not answer.
pub fn lock(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<Payment>, DbError> {
    let found = tx.query_opt(LOCK_PAYMENT, p![id], read_payment)?;
    found.map(|(payment, open)| with_operation(tx, payment, open)).transpose()
}

/// The payment with its operation of the number `open`, when there is one.
pub(super) fn with_operation(
    tx: &mut Tx<'_>,
    mut payment: Payment,
    open: Option<i64>,
) -> Result<Payment, DbError> {
    if let Some(number) = open {
        payment.open = Some(lookup_operation(tx, payment.id, number)?);
    }
    Ok(payment)
}

/// The payment in a row, and the number of its open operation.
pub(super) fn read_payment(row: &Row<'_>) -> Result<(Payment, Option<i64>), DbError> {
    let amount: i64 = row.get(3)?;
    let currency: Currency = row.get(4)?;
    let reference: Option<Uuid> = row.get(1)?;
    let provider: Option<String> = row.get(2)?;
    let owner = row.get(11)?;
    let action: Option<String> = row.get(12)?;
    let terms = reference.zip(provider).map(|(reference, provider)| Terms {
        reference,
        provider,
        owner,
        amount: Money::new(amount, currency),
    });
    let payment = Payment {
        id: row.get(0)?,
        terms,
        currency,
        status: status_from_word(&row.get::<String>(5)?).map_err(DbError::decode)?,
        captured: row.get(6)?,
        refunded: row.get(7)?,
        action: action
            .map(|word| CustomerAction::from_word(&word))
            .transpose()
            .map_err(DbError::decode)?,
        action_url: row.get(14)?,
        decline_code: row.get(8)?,
        provider_reference: row.get(13)?,
        open: None,
        version: row.get(10)?,
    };
    Ok((payment, row.get(9)?))
}

/// Opens an operation, in the place of the one it supersedes. The guard is the version that was read;
/// it holds together with the key that allows one open operation only.
///
/// # Errors
/// [`Error::Overtaken`] when the payment is no longer as it was read.
pub fn begin(tx: &mut Tx<'_>, begun: &Begun, now: Timestamp, due: Timestamp) -> Result<(), Error> {
    let (payment, operation) = (&begun.payment, &begun.operation);
    let read_version = payment.version - 1;
    let guard =
        p![operation.number, payment.version, payment.decline_code, now, payment.id, read_version];
    let mut statements = vec![(BEGIN_OPERATION, guard)];
    if let Some(number) = begun.supersedes {
        let state = OperationState::Superseded.word();
        statements.push((END_OPERATION, p![state, now, payment.id, number]));
    }
    statements.push((INSERT_OPERATION, operation_params(&payment.id, operation, &due)));
    all_matched(tx, &statements, statements.len())
}

/// Notes what the provider calls the charge, before money is asked for by the open operation `number`.
///
/// # Errors
/// [`Error::Overtaken`] when it is no longer open, or another name was noted before.
pub fn name_charge(
    tx: &mut Tx<'_>,
    id: PaymentId,
    number: i64,
    reference: &str,
) -> Result<(), Error> {
    all_matched(tx, &[(NAME_CHARGE, p![reference, id, number])], 1)
}

/// Notes that the provider waits for the customer before it ends the open operation `number`.
///
/// # Errors
/// [`Error::Overtaken`] when it is no longer open, or this was noted before.
pub fn require_action(
    tx: &mut Tx<'_>,
    payment: &Payment,
    number: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let action = payment.action.map(CustomerAction::word);
    let params = p![action, payment.action_url, now, payment.id, number];
    all_matched(tx, &[(REQUIRE_ACTION, params)], 1)
}

/// Ends the open operation `number` with what the provider told, and books it.
///
/// # Errors
/// [`Error::Overtaken`] when it is no longer open.
pub fn end(
    tx: &mut Tx<'_>,
    number: i64,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<(), Error> {
    let payment = &settlement.payment;
    let id = payment.id;
    let mut statements = vec![
        (
            END_PAYMENT,
            p![
                status_word(payment.status),
                payment.captured,
                payment.refunded,
                payment.action.map(CustomerAction::word),
                payment.decline_code,
                payment.version,
                now,
                id,
                number
            ],
        ),
        (END_OPERATION, p![settlement.state.word(), now, id, number]),
    ];
    if let Some(code) = &settlement.failure_code {
        statements.push((FAIL_REFUND, p![code, now, id, number]));
    }
    let rows = statements.len() + 2 * settlement.bookings.len();
    statements.extend(booked(settlement, number, 0, &now));
    all_matched(tx, &statements, rows)
}

/// The statements which book what a settlement books under the operation `number`, from line `first` on.
pub(super) fn booked<'a>(
    settlement: &'a Settlement,
    number: i64,
    first: i64,
    now: &'a Timestamp,
) -> impl Iterator<Item = (&'static str, Params<'a>)> {
    let Settlement { payment, bookings, .. } = settlement;
    (first..).step_by(2).zip(bookings).map(move |(line, booking)| {
        let (debit, credit) = (booking.debit.word(), booking.credit.word());
        let booked = p![
            payment.id,
            number,
            line,
            debit,
            booking.amount,
            payment.currency,
            now,
            payment.id,
            number,
            line + 1,
            credit,
            -booking.amount,
            payment.currency,
            now
        ];
        (INSERT_BOOKING, booked)
    })
}

/// Runs guarded statements, which match `rows` rows when nobody was faster. Who was, has changed the
/// guarding row, or written the row that a unique key allows once.
pub(super) fn all_matched(
    tx: &mut Tx<'_>,
    statements: &[(&'static str, Params<'_>)],
    rows: usize,
) -> Result<(), Error> {
    match tx.execute_many(statements) {
        Ok(matched) if usize::try_from(matched) == Ok(rows) => Ok(()),
        Ok(_) | Err(DbError::UniqueViolation { .. }) => Err(Error::Overtaken),
        Err(error) => Err(error.into()),
    }
}

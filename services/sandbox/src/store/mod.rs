//! The provider's books: charges and the ledger, and nobody else's. A change of a charge and its entry
//! are written together; the ledger's primary key refuses to book the same thing twice.

mod refunds;
mod webhooks;

pub use refunds::{insert_refund, refunds, refunds_waiting, update_refund};
pub use webhooks::{
    Webhook, announce, announce_refund, claim_webhook, delete_webhook, webhooks_due,
};

use std::str::FromStr;

use techtrove_core::{BookPage, Currency, Money, Timestamp};
use techtrove_db::{Book, DbError, Migration, MigrationSet, Params, Row, Rows, Sql, Tx, Wanted, p};

use crate::domain::{Charge, DeclineCode, Entry, EntryKind, Key, Refund, Status, Terms, Token};

/// One step of the tables' history, from its three files of one name.
macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
            mysql: include_str!(concat!("../../migrations/mysql/", $file, ".sql")),
        }
    };
}

/// The tables of sandbox.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "sandbox",
    migrations: &[
        migration!(1, "charges", "0001_charges"),
        migration!(2, "ledger", "0002_ledger"),
        migration!(3, "actions", "0003_actions"),
        migration!(4, "webhooks", "0004_webhooks"),
        migration!(5, "refunds", "0005_refunds"),
    ],
};

const INSERT_CHARGE: &str = "INSERT INTO charges (charge_key, amount, currency, token, status, \
     captured, refunded, decline_code, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE_CHARGE: &str = "UPDATE charges SET token = ?, status = ?, captured = ?, refunded = ?, \
     decline_code = ?, updated_at = ? WHERE charge_key = ?";

const INSERT_ENTRY: &str =
    "INSERT INTO ledger (charge_key, entry, amount, currency, created_at) VALUES (?, ?, ?, ?, ?)";

const SELECT_CHARGE: &str = "SELECT charge_key, amount, currency, token, status, captured, refunded, \
     decline_code FROM charges WHERE charge_key = ?";

const LOCK_CHARGE: &str = "SELECT charge_key, amount, currency, token, status, captured, refunded, \
     decline_code FROM charges WHERE charge_key = ? FOR UPDATE";

const CHARGES: Rows = Rows::of(
    "charges",
    Sql::new(
        "SELECT charge_key, amount, currency, token, status, captured, refunded, decline_code \
         FROM charges WHERE charge_key > ? ORDER BY charge_key LIMIT ?",
    ),
);

const ENTRIES: Rows = Rows::of(
    "ledger",
    Sql::new(
        "SELECT charge_key, entry, amount, currency FROM ledger \
         WHERE charge_key > ? AND charge_key <= ? ORDER BY charge_key, entry",
    ),
);

/// A charge beside what the ledger says of it, each in minor units, and its refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The charge.
    pub charge: Charge,
    /// Reserved, ever.
    pub authorized: i64,
    /// Taken.
    pub captured: i64,
    /// Reserved and set free.
    pub voided: i64,
    /// Given back, less what has failed after all.
    pub refunded: i64,
    /// Whether an entry is in another currency than the charge.
    pub other_currency: bool,
    /// The charge's refunds, in the order of their keys.
    pub refunds: Vec<Refund>,
}

/// Writes a new charge and its entry.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the key is known.
pub fn insert(
    tx: &mut Tx<'_>,
    charge: &Charge,
    entry: Option<&Entry>,
    now: Timestamp,
) -> Result<(), DbError> {
    let money = charge.terms.map(|terms| terms.money);
    let insert = p![
        charge.key.as_str(),
        money.map_or(0, |money| money.amount),
        money.map(|money| money.currency),
        charge.terms.map(|terms| terms.token.as_str()),
        charge.status.as_str(),
        charge.captured,
        charge.refunded,
        charge.decline_code.map(DeclineCode::as_str),
        now,
        now
    ];
    write(tx, (INSERT_CHARGE, insert), charge, entry, now).map(|_| ())
}

/// Writes what became of a charge, and its entry.
///
/// # Errors
/// When the database does not answer, or the entry was booked before.
pub fn update(
    tx: &mut Tx<'_>,
    charge: &Charge,
    entry: Option<&Entry>,
    now: Timestamp,
) -> Result<(), DbError> {
    let status = charge.status.as_str();
    let decline_code = charge.decline_code.map(DeclineCode::as_str);
    let token = charge.terms.map(|terms| terms.token.as_str());
    let (captured, refunded) = (charge.captured, charge.refunded);
    let update = p![token, status, captured, refunded, decline_code, now, charge.key.as_str()];
    write(tx, (UPDATE_CHARGE, update), charge, entry, now).map(|_| ())
}

fn write(
    tx: &mut Tx<'_>,
    change: (&'static str, Params<'_>),
    charge: &Charge,
    entry: Option<&Entry>,
    now: Timestamp,
) -> Result<u64, DbError> {
    let Some(entry) = entry else { return tx.execute_many(&[change]) };
    let (label, money) = (entry.kind.label(), entry.money);
    let booked = p![charge.key.as_str(), label, money.amount, money.currency, now];
    tx.execute_many(&[change, (INSERT_ENTRY, booked)])
}

/// The charge under `key`, also one that was voided before it was asked for.
///
/// # Errors
/// When the database does not answer.
pub fn lookup(tx: &mut Tx<'_>, key: &Key) -> Result<Option<Charge>, DbError> {
    tx.query_opt(SELECT_CHARGE, p![key.as_str()], read_charge)
}

/// The charge under `key`, locked until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub fn lock(tx: &mut Tx<'_>, key: &Key) -> Result<Option<Charge>, DbError> {
    tx.query_opt(LOCK_CHARGE, p![key.as_str()], read_charge)
}

/// The page of charges that is wanted, in the order of their keys, each beside its ledger.
///
/// # Errors
/// When the database does not answer.
pub fn list(tx: &mut Tx<'_>, wanted: &Wanted<String>) -> Result<BookPage<Listed>, DbError> {
    let mut book =
        Book::read(tx, wanted, &CHARGES, |row| Ok(Listed::without_entries(read_charge(row)?)))?;
    let entries = book.details(tx, &ENTRIES, |row| {
        Ok((row.get::<String>(1)?, Money::new(row.get(2)?, row.get(3)?)))
    })?;
    let refunds = book.details(tx, &refunds::OF_PAGE, |row| refunds::read_refund(row, 1))?;
    let mut charges = book.by_key();
    for (key, (label, money)) in entries {
        if let Some(listed) = charges.get_mut(&key) {
            listed.add(&label, money);
        }
    }
    for (key, refund) in refunds {
        if let Some(listed) = charges.get_mut(&key) {
            listed.refunds.push(refund);
        }
    }
    Ok(book.finish())
}

impl Listed {
    fn without_entries(charge: Charge) -> Self {
        let (authorized, captured, voided, refunded) = (0, 0, 0, 0);
        let (other_currency, refunds) = (false, Vec::new());
        Self { charge, authorized, captured, voided, refunded, other_currency, refunds }
    }

    fn add(&mut self, label: &str, Money { amount, currency }: Money) {
        let charged = self.charge.terms.as_ref().map(|terms| terms.money.currency);
        self.other_currency |= charged != Some(currency);
        let sum = match label {
            "authorized" => &mut self.authorized,
            "captured" => &mut self.captured,
            "voided" => &mut self.voided,
            _ => &mut self.refunded,
        };
        let failed = label.starts_with(EntryKind::REFUND_FAILED);
        *sum = sum.saturating_add(if failed { -amount } else { amount });
    }
}

fn read_key(row: &Row<'_>, index: usize) -> Result<Key, DbError> {
    row.get::<String>(index)?.parse().map_err(DbError::decode)
}

fn read_charge(row: &Row<'_>) -> Result<Charge, DbError> {
    let amount: i64 = row.get(1)?;
    let currency: Option<Currency> = row.get(2)?;
    let token: Option<Token> = parsed(row.get(3)?)?;
    let terms = currency
        .zip(token)
        .map(|(currency, token)| Terms { money: Money::new(amount, currency), token });
    Ok(Charge {
        key: read_key(row, 0)?,
        terms,
        status: row.get::<String>(4)?.parse::<Status>().map_err(DbError::decode)?,
        captured: row.get(5)?,
        refunded: row.get(6)?,
        decline_code: parsed(row.get(7)?)?,
    })
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(text: Option<String>) -> Result<Option<T>, DbError> {
    text.map(|text| text.parse()).transpose().map_err(DbError::decode)
}

//! Which kinds of mails people want none of, by their account or address ([`Recipient::key`]).

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx, p};

use crate::domain::Kind;
#[cfg(doc)]
use crate::domain::Recipient;

/// The kinds that whoever has this key wants none of.
///
/// # Errors
/// When the database fails.
pub fn list_refusals(tx: &mut Tx<'_>, key: &str) -> Result<Vec<Kind>, DbError> {
    tx.query("SELECT kind FROM refusals WHERE recipient = ? ORDER BY kind", p![key], |row| {
        row.get::<String>(0)?.parse().map_err(DbError::decode)
    })
}

/// Whether whoever has this key wants none of this kind.
///
/// # Errors
/// When the database fails.
pub fn is_refused(tx: &mut Tx<'_>, key: &str, kind: Kind) -> Result<bool, DbError> {
    let found = tx.query_opt(
        "SELECT since FROM refusals WHERE recipient = ? AND kind = ?",
        p![key, kind.as_str()],
        |row| row.get::<Timestamp>(0),
    )?;
    Ok(found.is_some())
}

/// Stores that whoever has this key wants none of this kind.
///
/// # Errors
/// [`DbError::UniqueViolation`] when that is stored already; or when the database fails.
pub fn insert_refusal(
    tx: &mut Tx<'_>,
    key: &str,
    kind: Kind,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO refusals (recipient, kind, since) VALUES (?, ?, ?)",
        p![key, kind.as_str(), now],
    )?;
    Ok(())
}

/// Stores that whoever has this key wants mails of this kind.
///
/// # Errors
/// When the database fails.
pub fn delete_refusal(tx: &mut Tx<'_>, key: &str, kind: Kind) -> Result<(), DbError> {
    tx.execute("DELETE FROM refusals WHERE recipient = ? AND kind = ?", p![key, kind.as_str()])?;
    Ok(())
}

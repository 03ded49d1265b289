//! The hashes of secrets that were sent by mail, and the addresses that are still to be sent one because
//! their password was forgotten.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx, p};
use techtrove_identity_api::{MailedSecretId, UserId};
use uuid::Uuid;

use crate::domain::{MailedSecret, Purpose};

/// Stores what is kept of a secret about to be mailed.
///
/// # Errors
/// When the database fails.
pub fn insert_secret(
    tx: &mut Tx<'_>,
    id: MailedSecretId,
    hash: &[u8; 32],
    purpose: Purpose,
    secret: &MailedSecret,
) -> Result<(), DbError> {
    let MailedSecret { user_id, email_folded, expires_at } = secret;
    tx.execute(
        "INSERT INTO mailed_secrets (id, secret_hash, user_id, purpose, email_folded, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?)",
        p![id, hash.as_slice(), user_id, purpose.as_str(), email_folded, expires_at],
    )?;
    Ok(())
}

/// What the secret of this id is for, and its hash, while it leads somewhere at `now`.
///
/// # Errors
/// When the database fails.
pub fn lookup_live_secret(
    tx: &mut Tx<'_>,
    id: MailedSecretId,
    now: Timestamp,
) -> Result<Option<(Purpose, Vec<u8>)>, DbError> {
    tx.query_opt(
        "SELECT purpose, secret_hash FROM mailed_secrets WHERE id = ? AND expires_at > ?",
        p![id, now],
        |row| Ok((row.get::<String>(0)?.parse().map_err(DbError::decode)?, row.get(1)?)),
    )
}

/// What is known of a presented secret, if it was ever mailed for this purpose.
///
/// # Errors
/// When the database fails.
pub fn lookup_secret(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    purpose: Purpose,
) -> Result<Option<MailedSecret>, DbError> {
    tx.query_opt(
        "SELECT user_id, email_folded, expires_at FROM mailed_secrets \
         WHERE secret_hash = ? AND purpose = ?",
        p![hash.as_slice(), purpose.as_str()],
        |row| {
            let (user_id, email_folded, expires_at) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(MailedSecret { user_id, email_folded, expires_at })
        },
    )
}

/// Forgets all secrets of a user for this purpose.
///
/// # Errors
/// When the database fails.
pub fn delete_secrets(tx: &mut Tx<'_>, user: UserId, purpose: Purpose) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM mailed_secrets WHERE user_id = ? AND purpose = ?",
        p![user, purpose.as_str()],
    )?;
    Ok(())
}

/// Forgets the secrets that have ended by `now`.
///
/// # Errors
/// When the database fails.
pub fn prune_secrets(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, DbError> {
    tx.execute("DELETE FROM mailed_secrets WHERE expires_at <= ?", p![now])
}

/// Remembers that the password of this address was forgotten, whether there is such an account or not.
///
/// # Errors
/// When the database fails.
pub fn insert_forgotten(tx: &mut Tx<'_>, id: Uuid, email_folded: &str) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO forgotten_passwords (id, email_folded) VALUES (?, ?)",
        p![id, email_folded],
    )?;
    Ok(())
}

/// Takes the first address whose password was forgotten.
///
/// # Errors
/// When the database fails.
pub fn take_forgotten(tx: &mut Tx<'_>) -> Result<Option<String>, DbError> {
    let first = tx.query_opt(
        "SELECT id, email_folded FROM forgotten_passwords ORDER BY id LIMIT 1 FOR UPDATE",
        p![],
        |row| Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?)),
    )?;
    let Some((id, email_folded)) = first else { return Ok(None) };
    tx.execute("DELETE FROM forgotten_passwords WHERE id = ?", p![id])?;
    Ok(Some(email_folded))
}

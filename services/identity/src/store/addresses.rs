//! The addresses that users keep. A user's row is locked before one is added, so that they are counted
//! one after the other.

use techtrove_core::TypedId;
use techtrove_db::{DbError, Row, Tx, p};
use techtrove_identity_api::{Address, AddressId, UserId};
use uuid::Uuid;

use crate::domain::KeptAddress;

/// How many addresses the user keeps.
///
/// # Errors
/// When the database fails.
pub fn count_addresses(tx: &mut Tx<'_>, user: UserId) -> Result<i64, DbError> {
    let count =
        tx.query_opt("SELECT COUNT(*) FROM addresses WHERE user_id = ?", p![user], |row| {
            row.get(0)
        })?;
    Ok(count.unwrap_or(0))
}

/// Stores a new address.
///
/// # Errors
/// When the database fails.
pub fn insert_address(tx: &mut Tx<'_>, kept: &KeptAddress) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO addresses (id, user_id, address, version, created_at) VALUES (?, ?, ?, ?, ?)",
        p![kept.id, kept.user_id, to_json(&kept.address)?, kept.version, kept.created_at],
    )?;
    Ok(())
}

/// Stores what an address, which is locked, says from now on, with its version.
///
/// # Errors
/// When the database fails.
pub fn update_address(tx: &mut Tx<'_>, kept: &KeptAddress) -> Result<(), DbError> {
    tx.execute(
        "UPDATE addresses SET address = ?, version = ? WHERE id = ?",
        p![to_json(&kept.address)?, kept.version, kept.id],
    )?;
    Ok(())
}

/// Forgets an address.
///
/// # Errors
/// When the database fails.
pub fn delete_address(tx: &mut Tx<'_>, id: AddressId) -> Result<(), DbError> {
    tx.execute("DELETE FROM addresses WHERE id = ?", p![id])?;
    Ok(())
}

/// The user's address of this id, if they keep such a one.
///
/// # Errors
/// When the database fails.
pub fn lookup_address(
    tx: &mut Tx<'_>,
    user: UserId,
    id: AddressId,
) -> Result<Option<KeptAddress>, DbError> {
    tx.query_opt(
        "SELECT id, user_id, address, version, created_at FROM addresses \
         WHERE id = ? AND user_id = ?",
        p![id, user],
        read_address,
    )
}

/// The same, locked.
///
/// # Errors
/// When the database fails.
pub fn lock_address(
    tx: &mut Tx<'_>,
    user: UserId,
    id: AddressId,
) -> Result<Option<KeptAddress>, DbError> {
    tx.query_opt(
        "SELECT id, user_id, address, version, created_at FROM addresses \
         WHERE id = ? AND user_id = ? FOR UPDATE",
        p![id, user],
        read_address,
    )
}

/// At most `limit` of the user's addresses that are older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_addresses(
    tx: &mut Tx<'_>,
    user: UserId,
    before: Option<AddressId>,
    limit: usize,
) -> Result<Vec<KeptAddress>, DbError> {
    let before = before.map_or(Uuid::max(), TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(
        "SELECT id, user_id, address, version, created_at FROM addresses \
         WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        p![user, before, limit],
        read_address,
    )
}

fn read_address(row: &Row<'_>) -> Result<KeptAddress, DbError> {
    // The error of a text that does not fit may quote it: an address is for nobody's log.
    let address = serde_json::from_str(&row.get::<String>(2)?);
    Ok(KeptAddress {
        id: row.get(0)?,
        user_id: row.get(1)?,
        address: address.map_err(|_| DbError::decode("an address"))?,
        version: row.get(3)?,
        created_at: row.get(4)?,
    })
}

fn to_json(address: &Address) -> Result<String, DbError> {
    serde_json::to_string(address).map_err(|_| DbError::decode("an address"))
}

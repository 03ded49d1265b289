//! Users and their roles.

use techtrove_core::{EmailAddress, Timestamp};
use techtrove_db::{DbError, Row, Tx, p};
use techtrove_identity_api::{Role, UserId};

use crate::domain::User;

/// Stores a new user with their roles.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the address is used.
pub fn insert_user(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO users (id, email, email_folded, name, password_hash, created_at) \
         VALUES (?, ?, ?, ?, ?, ?)",
        p![
            user.id,
            user.email.as_str(),
            user.email.folded(),
            user.name,
            user.password_hash,
            user.created_at
        ],
    )?;
    for role in &user.roles {
        tx.execute(
            "INSERT INTO user_roles (user_id, role) VALUES (?, ?)",
            p![user.id, role.as_str()],
        )?;
    }
    Ok(())
}

/// The user of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_user(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>, DbError> {
    let found = tx.query_opt(
        "SELECT id, email, name, password_hash, created_at FROM users WHERE id = ?",
        p![id],
        read_user,
    )?;
    with_roles(tx, found)
}

/// The user of this address, whatever its case, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_user_by_email(tx: &mut Tx<'_>, folded: &str) -> Result<Option<User>, DbError> {
    let found = tx.query_opt(
        "SELECT id, email, name, password_hash, created_at FROM users WHERE email_folded = ?",
        p![folded],
        read_user,
    )?;
    with_roles(tx, found)
}

fn read_user(row: &Row<'_>) -> Result<User, DbError> {
    Ok(User {
        id: row.get(0)?,
        email: row.get::<String>(1)?.parse::<EmailAddress>().map_err(DbError::decode)?,
        name: row.get(2)?,
        password_hash: row.get(3)?,
        roles: Vec::new(),
        created_at: row.get::<Timestamp>(4)?,
    })
}

fn with_roles(tx: &mut Tx<'_>, user: Option<User>) -> Result<Option<User>, DbError> {
    let Some(mut user) = user else { return Ok(None) };
    user.roles = tx.query(
        "SELECT role FROM user_roles WHERE user_id = ? ORDER BY role",
        p![user.id],
        |row| row.get::<String>(0)?.parse::<Role>().map_err(DbError::decode),
    )?;
    Ok(Some(user))
}

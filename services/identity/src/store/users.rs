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
    insert_roles(tx, user.id, &user.roles)
}

/// The administrators, locked in one order, so that changes of roles happen one after the other.
///
/// # Errors
/// When the database fails.
pub fn lock_admins(tx: &mut Tx<'_>) -> Result<Vec<UserId>, DbError> {
    tx.query(
        "SELECT user_id FROM user_roles WHERE role = ? ORDER BY user_id FOR UPDATE",
        p![Role::Admin.as_str()],
        |row| row.get(0),
    )
}

/// Gives a user who exists these roles and no others.
///
/// # Errors
/// When the database fails.
pub fn replace_roles(tx: &mut Tx<'_>, id: UserId, roles: &[Role]) -> Result<(), DbError> {
    tx.execute("DELETE FROM user_roles WHERE user_id = ?", p![id])?;
    insert_roles(tx, id, roles)
}

fn insert_roles(tx: &mut Tx<'_>, id: UserId, roles: &[Role]) -> Result<(), DbError> {
    for role in roles {
        tx.execute("INSERT INTO user_roles (user_id, role) VALUES (?, ?)", p![id, role.as_str()])?;
    }
    Ok(())
}

/// What a user is; nothing, if there is no such user.
///
/// # Errors
/// When the database fails.
pub fn list_roles(tx: &mut Tx<'_>, id: UserId) -> Result<Vec<Role>, DbError> {
    tx.query("SELECT role FROM user_roles WHERE user_id = ? ORDER BY role", p![id], |row| {
        row.get::<String>(0)?.parse::<Role>().map_err(DbError::decode)
    })
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
    user.roles = list_roles(tx, user.id)?;
    Ok(Some(user))
}

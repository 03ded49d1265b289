//! Users and their roles.

use techtrove_core::{Timestamp, TypedId};
use techtrove_db::{DbError, Row, Tx, p};
use techtrove_identity_api::{GrantedCategory, Role, UserId};
use uuid::Uuid;

use crate::domain::{Preferences, Profile, User};

/// What [`read_user`] reads, in its order.
macro_rules! columns {
    () => {
        "id, email, password_hash, created_at, disabled_at, version, name, display_name, phone, \
         locale, preferences, email_verified_at, pending_email, categories"
    };
}

/// Stores a new user with their roles.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the address is used.
pub fn insert_user(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO users (id, email, email_folded, name, locale, password_hash, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        p![
            user.id,
            user.email.as_str(),
            user.email.folded(),
            user.profile.name,
            user.profile.locale,
            user.password_hash,
            user.created_at
        ],
    )?;
    insert_roles(tx, user.id, &user.roles)
}

/// The administrators who may come in, locked in one order, so that changes of what users are and may
/// happen one after the other.
///
/// # Errors
/// When the database fails.
pub fn lock_admins(tx: &mut Tx<'_>) -> Result<Vec<UserId>, DbError> {
    tx.query(
        "SELECT r.user_id FROM user_roles r JOIN users u ON u.id = r.user_id \
         WHERE r.role = ? AND u.disabled_at IS NULL ORDER BY r.user_id FOR UPDATE",
        p![Role::Admin.as_str()],
        |row| row.get(0),
    )
}

/// Gives a user who exists these roles and no others. What stays is not touched: whoever waits for its
/// lock must find it again.
///
/// # Errors
/// When the database fails.
pub fn replace_roles(tx: &mut Tx<'_>, id: UserId, roles: &[Role]) -> Result<(), DbError> {
    let before = list_roles(tx, id)?;
    for role in before.iter().filter(|role| !roles.contains(role)) {
        let statement = "DELETE FROM user_roles WHERE user_id = ? AND role = ?";
        tx.execute(statement, p![id, role.as_str()])?;
    }
    let new: Vec<Role> = roles.iter().copied().filter(|role| !before.contains(role)).collect();
    insert_roles(tx, id, &new)
}

fn insert_roles(tx: &mut Tx<'_>, id: UserId, roles: &[Role]) -> Result<(), DbError> {
    for role in roles {
        tx.execute("INSERT INTO user_roles (user_id, role) VALUES (?, ?)", p![id, role.as_str()])?;
    }
    Ok(())
}

/// Stores what a user, whose row is locked, says of themselves and which address they want to have, with
/// its version.
///
/// # Errors
/// When the database fails.
pub fn update_profile(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    let Profile { name, display_name, phone, locale, preferences } = &user.profile;
    let preferences = serde_json::to_string(preferences).map_err(DbError::decode)?;
    tx.execute(
        "UPDATE users SET name = ?, display_name = ?, phone = ?, locale = ?, preferences = ?, \
         pending_email = ?, version = ? WHERE id = ?",
        p![
            name,
            display_name,
            phone,
            locale,
            preferences,
            user.pending_email,
            user.version,
            user.id
        ],
    )?;
    Ok(())
}

/// Stores which address a user, whose row is locked, has and wants, with its version.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the address is used.
pub fn update_email(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    tx.execute(
        "UPDATE users SET email = ?, email_folded = ?, email_verified_at = ?, pending_email = ?, \
         version = ? WHERE id = ?",
        p![
            user.email.as_str(),
            user.email.folded(),
            user.email_verified_at,
            user.pending_email,
            user.version,
            user.id
        ],
    )?;
    Ok(())
}

/// Stores another password of a user, as its hash.
///
/// # Errors
/// When the database fails.
pub fn update_password(tx: &mut Tx<'_>, id: UserId, hash: &str) -> Result<(), DbError> {
    tx.execute("UPDATE users SET password_hash = ? WHERE id = ?", p![hash, id])?;
    Ok(())
}

/// Says since when a user may not come in; nothing for one who may.
///
/// # Errors
/// When the database fails.
pub fn set_disabled(
    tx: &mut Tx<'_>,
    id: UserId,
    disabled_at: Option<Timestamp>,
) -> Result<(), DbError> {
    tx.execute("UPDATE users SET disabled_at = ? WHERE id = ?", p![disabled_at, id])?;
    Ok(())
}

/// Limits a user, as far as they are a manager, to categories; to none of them or nothing at all.
///
/// # Errors
/// When the database fails.
pub fn set_categories(
    tx: &mut Tx<'_>,
    id: UserId,
    categories: Option<&[GrantedCategory]>,
) -> Result<(), DbError> {
    let json = categories.map(serde_json::to_string).transpose().map_err(DbError::decode)?;
    tx.execute("UPDATE users SET categories = ? WHERE id = ?", p![json, id])?;
    Ok(())
}

/// What a user is; nothing, if there is no such user.
///
/// # Errors
/// When the database fails.
pub fn list_roles(tx: &mut Tx<'_>, id: UserId) -> Result<Vec<Role>, DbError> {
    tx.query("SELECT role FROM user_roles WHERE user_id = ? ORDER BY role", p![id], |row| {
        read_role(row, 0)
    })
}

/// The user of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_user(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>, DbError> {
    let found = tx.query_opt(
        concat!("SELECT ", columns!(), " FROM users WHERE id = ?"),
        p![id],
        read_user,
    )?;
    with_roles(tx, found)
}

/// The same, locked.
///
/// # Errors
/// When the database fails.
pub fn lock_user(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>, DbError> {
    let found = tx.query_opt(
        concat!("SELECT ", columns!(), " FROM users WHERE id = ? FOR UPDATE"),
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
        concat!("SELECT ", columns!(), " FROM users WHERE email_folded = ?"),
        p![folded],
        read_user,
    )?;
    with_roles(tx, found)
}

/// At most `limit` users who came before `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_users(
    tx: &mut Tx<'_>,
    before: Option<UserId>,
    limit: usize,
) -> Result<Vec<User>, DbError> {
    let before = before.map_or(Uuid::max(), TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut users = tx.query(
        concat!("SELECT ", columns!(), " FROM users WHERE id < ? ORDER BY id DESC LIMIT ?"),
        p![before, limit],
        read_user,
    )?;
    let (Some(newest), Some(oldest)) = (users.first(), users.last()) else { return Ok(users) };
    // Their ids stand next to each other, so the roles between the ends are theirs.
    let roles = tx.query(
        "SELECT user_id, role FROM user_roles WHERE user_id BETWEEN ? AND ? ORDER BY user_id, role",
        p![oldest.id, newest.id],
        |row| Ok((row.get::<UserId>(0)?, read_role(row, 1)?)),
    )?;
    for user in &mut users {
        let own = roles.iter().filter(|(id, _)| *id == user.id);
        user.roles = own.map(|(_, role)| *role).collect();
    }
    Ok(users)
}

fn read_user(row: &Row<'_>) -> Result<User, DbError> {
    Ok(User {
        id: row.get(0)?,
        email: row.get(1)?,
        email_verified_at: row.get(11)?,
        pending_email: row.get(12)?,
        categories: read_categories(row, 13)?,
        password_hash: row.get(2)?,
        roles: Vec::new(),
        created_at: row.get(3)?,
        disabled_at: row.get(4)?,
        version: row.get(5)?,
        profile: Profile {
            name: row.get(6)?,
            display_name: row.get(7)?,
            phone: row.get(8)?,
            locale: row.get(9)?,
            preferences: read_preferences(row.get(10)?)?,
        },
    })
}

fn read_preferences(stored: Option<String>) -> Result<Preferences, DbError> {
    let Some(text) = stored else { return Ok(Preferences::new()) };
    // The error of a text that does not fit may quote it: what somebody prefers is for nobody's log.
    serde_json::from_str(&text).map_err(|_| DbError::decode("preferences"))
}

/// The categories that a user is limited to, as they are stored.
pub(super) fn read_categories(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<Vec<GrantedCategory>>, DbError> {
    let stored = row.get::<Option<String>>(column)?;
    stored.map(|json| serde_json::from_str(&json)).transpose().map_err(DbError::decode)
}

fn read_role(row: &Row<'_>, column: usize) -> Result<Role, DbError> {
    row.get::<String>(column)?.parse().map_err(DbError::decode)
}

fn with_roles(tx: &mut Tx<'_>, user: Option<User>) -> Result<Option<User>, DbError> {
    let Some(mut user) = user else { return Ok(None) };
    user.roles = list_roles(tx, user.id)?;
    Ok(Some(user))
}

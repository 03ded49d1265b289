//! An administrator says what a user is, of which categories a manager, and whether they may come in. The administrators are locked
//! first, so that of two changes at once the second sees what the first left, and somebody always
//! remains who can give roles.

use techtrove_db::Tx;
use techtrove_identity_api::{GrantedCategory, Role, UserId};

use super::App;
use crate::{
    domain::{User, leaves_no_admin},
    error::Error,
    store,
};

/// Gives the user these roles and no others.
///
/// # Errors
/// [`Error::NotAdmin`] when `admin` is none any more, [`Error::UnknownUser`], [`Error::LastAdmin`], or
/// when the database fails.
pub async fn set_roles(
    app: &App,
    admin: UserId,
    id: UserId,
    roles: Vec<Role>,
) -> Result<User, Error> {
    let user = app.db.write("identity.set_roles", move |tx| {
        let (admins, mut user) = lock(tx, admin, id)?;
        if leaves_no_admin(&admins, id, &roles) {
            return Err(Error::LastAdmin);
        }
        store::replace_roles(tx, id, &roles)?;
        user.roles = store::list_roles(tx, id)?;
        Ok(user)
    });
    let user = user.await?;
    tracing::info!(user_id = %id, admin_id = %admin, roles = ?user.roles, "roles changed");
    Ok(user)
}

/// Limits the user, as far as they are a manager, to these categories; to nothing, when there are none.
///
/// # Errors
/// [`Error::NotAdmin`] when `admin` is none any more, [`Error::UnknownUser`], or when the database fails.
pub async fn set_grants(
    app: &App,
    admin: UserId,
    id: UserId,
    categories: Option<Vec<GrantedCategory>>,
) -> Result<User, Error> {
    let user = app.db.write("identity.set_grants", move |tx| -> Result<_, Error> {
        let (_, user) = lock(tx, admin, id)?;
        store::set_categories(tx, id, categories.as_deref())?;
        Ok(User { categories: categories.clone(), ..user })
    });
    let user = user.await?;
    tracing::info!(user_id = %id, admin_id = %admin, "grants changed");
    Ok(user)
}

/// Keeps the user out, and ends all their sessions.
///
/// # Errors
/// As [`set_roles`].
pub async fn disable_user(app: &App, admin: UserId, id: UserId) -> Result<User, Error> {
    let now = app.clock.now();
    let user = app.db.write("identity.disable_user", move |tx| {
        let (admins, mut user) = lock(tx, admin, id)?;
        if leaves_no_admin(&admins, id, &[]) {
            return Err(Error::LastAdmin);
        }
        user.disabled_at = user.disabled_at.or(Some(now));
        store::set_disabled(tx, id, user.disabled_at)?;
        store::end_sessions(tx, id, None, now)?;
        Ok(user)
    });
    let user = user.await?;
    tracing::info!(user_id = %id, admin_id = %admin, "user disabled");
    Ok(user)
}

/// Lets the user come in again.
///
/// # Errors
/// [`Error::NotAdmin`] when `admin` is none any more, [`Error::UnknownUser`], or when the database fails.
pub async fn enable_user(app: &App, admin: UserId, id: UserId) -> Result<User, Error> {
    let user = app.db.write("identity.enable_user", move |tx| -> Result<_, Error> {
        let (_, user) = lock(tx, admin, id)?;
        store::set_disabled(tx, id, None)?;
        Ok(User { disabled_at: None, ..user })
    });
    let user = user.await?;
    tracing::info!(user_id = %id, admin_id = %admin, "user enabled");
    Ok(user)
}

/// The administrators, of whom `admin` is one, and the user who is about to change, locked.
fn lock(tx: &mut Tx<'_>, admin: UserId, id: UserId) -> Result<(Vec<UserId>, User), Error> {
    let admins = store::lock_admins(tx)?;
    if !admins.contains(&admin) {
        return Err(Error::NotAdmin);
    }
    let user = store::lock_user(tx, id)?.ok_or(Error::UnknownUser)?;
    Ok((admins, user))
}

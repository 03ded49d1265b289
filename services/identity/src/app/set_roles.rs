//! An administrator says what a user is. The administrators are locked first, so that of two changes at
//! once the second sees what the first left, and somebody always remains who can give roles.

use techtrove_db::Tx;
use techtrove_identity_api::{Role, UserId};

use super::App;
use crate::{
    domain::{self, User},
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
    let user = app.db.write("identity.set_roles", move |tx| change(tx, admin, id, &roles)).await?;
    tracing::info!(user_id = %id, admin_id = %admin, roles = ?user.roles, "roles changed");
    Ok(user)
}

fn change(tx: &mut Tx<'_>, admin: UserId, id: UserId, roles: &[Role]) -> Result<User, Error> {
    let admins = store::lock_admins(tx)?;
    if !admins.contains(&admin) {
        return Err(Error::NotAdmin);
    }
    let mut user = store::lookup_user(tx, id)?.ok_or(Error::UnknownUser)?;
    if domain::leaves_no_admin(&admins, id, roles) {
        return Err(Error::LastAdmin);
    }
    store::replace_roles(tx, id, roles)?;
    user.roles = store::list_roles(tx, id)?;
    Ok(user)
}

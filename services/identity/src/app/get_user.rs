//! Staff look at a user's account.

use techtrove_identity_api::{Role, UserId};

use super::App;
use crate::{domain::User, error::Error, store};

/// The user of this id.
///
/// # Errors
/// [`Error::UnknownUser`], or when the database fails.
pub async fn get_user(app: &App, id: UserId) -> Result<User, Error> {
    let found =
        app.db.read("identity.get_user", move |tx| store::lookup_user(tx, id).map_err(Error::from));
    found.await?.ok_or(Error::UnknownUser)
}

/// What a user is at this moment; nothing, if there is no such user.
///
/// # Errors
/// When the database fails.
pub async fn list_roles(app: &App, id: UserId) -> Result<Vec<Role>, Error> {
    let roles =
        app.db.read("identity.roles", move |tx| store::list_roles(tx, id).map_err(Error::from));
    roles.await
}

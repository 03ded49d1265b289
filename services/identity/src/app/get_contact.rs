//! How to write to a user, for the services that are about to.

use techtrove_identity_api::{Contact, UserId};

use super::App;
use crate::{error::Error, store};

/// The user's address, name and language.
///
/// # Errors
/// [`Error::UnknownUser`], or when the database fails.
pub async fn get_contact(app: &App, id: UserId) -> Result<Contact, Error> {
    let found = app
        .db
        .lookup("identity.contact", move |tx| store::lookup_user(tx, id).map_err(Error::from))
        .await?;
    let user = found.ok_or(Error::UnknownUser)?;
    Ok(Contact { email: user.email, name: user.profile.name, locale: user.profile.locale })
}

//! Whose an address is, for staff who look for somebody's things.

use techtrove_core::EmailAddress;
use techtrove_identity_api::UserId;

use super::App;
use crate::{error::Error, store};

/// The user of this address, whatever its case, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn find_user(app: &App, email: &EmailAddress) -> Result<Option<UserId>, Error> {
    let folded = email.folded();
    let found = app.db.read("identity.find_user", move |tx| {
        store::lookup_user_by_email(tx, &folded).map_err(Error::from)
    });
    Ok(found.await?.map(|user| user.id))
}

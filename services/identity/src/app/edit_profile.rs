//! A user changes what they say of themselves.

use techtrove_http::IfMatch;
use techtrove_identity_api::UserId;

use super::App;
use crate::{
    domain::{ProfileEdit, User},
    error::Error,
    store,
};

/// Edits the user's profile, unless it is not what they saw. An edit that changes nothing leaves the
/// version as it is.
///
/// # Errors
/// [`Error::UnknownUser`], [`Error::Refused`] when the version is another, [`Error::Invalid`], or when
/// the database fails.
pub async fn edit_profile(
    app: &App,
    id: UserId,
    if_match: IfMatch,
    edit: ProfileEdit,
) -> Result<User, Error> {
    let edited = app.db.write("identity.edit_profile", move |tx| {
        let mut user = store::lock_user(tx, id)?.ok_or(Error::UnknownUser)?;
        if_match.check(user.version)?;
        let profile = user.profile.edited(edit.clone()).map_err(Error::Invalid)?;
        if profile != user.profile {
            user.version += 1;
            user.profile = profile;
            store::update_profile(tx, &user)?;
        }
        Ok(user)
    });
    edited.await
}

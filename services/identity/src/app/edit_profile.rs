//! A user changes what they say of themselves, and which address they want to have.

use techtrove_core::EmailAddress;
use techtrove_db::Tx;
use techtrove_http::IfMatch;
use techtrove_identity_api::UserId;

use super::{App, get_user, mailing::Mailing};
use crate::{
    domain::{ProfileEdit, Purpose, User},
    error::Error,
    events, store,
};

/// Edits the user's profile, unless it is not what they saw. An edit that changes nothing leaves the
/// version as it is. Another `email` waits until it is shown to be theirs, which a mail to it asks for.
///
/// # Errors
/// [`Error::UnknownUser`], [`Error::Refused`] when the version is another, [`Error::Invalid`],
/// [`Error::EmailTaken`], [`Error::TooManyAttempts`], or when the database fails.
pub async fn edit_profile(
    app: &App,
    id: UserId,
    if_match: IfMatch,
    edit: ProfileEdit,
    email: Option<EmailAddress>,
) -> Result<User, Error> {
    let email = match email {
        Some(email) => admit(app, id, email).await?,
        None => None,
    };
    let mailing = Mailing::new(app, Purpose::VerifyEmail);
    let edited = app.db.write("identity.edit_profile", move |tx| {
        let before = store::lock_user(tx, id)?.ok_or(Error::UnknownUser)?;
        if_match.check(before.version)?;
        let profile = before.profile.edited(edit.clone()).map_err(Error::Invalid)?;
        let mut user = User { profile, ..before.clone() };
        if let Some(email) = &email {
            user.pending_email = ask(tx, &user, email, &mailing)?;
        }
        if user.profile != before.profile || user.pending_email != before.pending_email {
            user.version += 1;
            store::update_profile(tx, &user)?;
        }
        Ok(user)
    });
    edited.await
}

/// The address that the user asks for, unless they have asked for too many. Whoever says the one that they
/// have is not refused for it, and is not mailed again and again.
async fn admit(app: &App, id: UserId, email: EmailAddress) -> Result<Option<EmailAddress>, Error> {
    let user = get_user(app, id).await?;
    let same = user.email == email;
    if same && user.email_verified_at.is_some() {
        return Ok(Some(email));
    }
    match app.slowing.admit_address(id, app.clock.now()) {
        Err(_) if same => Ok(None),
        admitted => admitted.map(|()| Some(email)),
    }
}

/// Asks the user to show that an address is theirs, unless that is known; answers the one that waits for
/// it.
fn ask(
    tx: &mut Tx<'_>,
    user: &User,
    email: &EmailAddress,
    mailing: &Mailing,
) -> Result<Option<EmailAddress>, Error> {
    if *email == user.email && user.email_verified_at.is_some() {
        return Ok(None);
    }
    let owner = store::lookup_user_by_email(tx, &email.folded())?;
    if owner.is_some_and(|owner| owner.id != user.id) {
        return Err(Error::EmailTaken);
    }
    let (secret_id, expires_at) = mailing.secret(tx, user, email)?;
    mailing.tell(tx, &events::verification_requested(user, email, secret_id, expires_at))?;
    Ok((*email != user.email).then(|| email.clone()))
}

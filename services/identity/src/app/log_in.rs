//! A person signs in. Whether the account exists shows neither in the words nor in the time; that it is
//! disabled is told to whoever knows its password.

use techtrove_db::Tx;

use super::{App, SignedIn, session::NewSession, slowing::Visitor};
use crate::{
    domain::{Device, User},
    error::Error,
    store,
};

/// Signs in whoever knows the password of the address's account.
///
/// # Errors
/// [`Error::InvalidCredentials`], [`Error::Disabled`], [`Error::TooManyAttempts`], or when hashing or
/// the database fails.
pub async fn log_in(
    app: &App,
    email_folded: String,
    password: String,
    device: Device,
) -> Result<SignedIn, Error> {
    let email = email_folded.clone();
    let found = app.db.lookup("identity.lookup_user", move |tx| -> Result<_, Error> {
        let Some(user) = store::lookup_user_by_email(tx, &email)? else { return Ok(None) };
        let known = store::list_known_addresses(tx, user.id)?;
        Ok(Some((user, known)))
    });
    let (user, known) = found.await?.unzip();
    let visitor = Visitor::new(&email_folded, &device, known.as_deref().unwrap_or_default());
    app.slowing.admit(&visitor, app.clock.now())?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let matches = app.hasher.matches(password, hash).await?;
    let user = user.filter(|_| matches).ok_or(Error::InvalidCredentials)?;
    app.slowing.welcome(&visitor);
    let session = NewSession::of(app, user.id, device);
    let started = session.clone();
    let user = app.db.write("identity.log_in", move |tx| start(tx, &user, &started)).await?;
    session.signed_in(app, user)
}

/// Starts the session of a user who is still as they were when the password was compared: whoever ends
/// the sessions of a user meanwhile would miss this one.
fn start(tx: &mut Tx<'_>, seen: &User, session: &NewSession) -> Result<User, Error> {
    let user = store::lock_user(tx, seen.id)?.ok_or(Error::InvalidCredentials)?;
    if user.password_hash != seen.password_hash {
        return Err(Error::InvalidCredentials);
    }
    if user.disabled_at.is_some() {
        return Err(Error::Disabled);
    }
    session.start(tx)?;
    Ok(user)
}

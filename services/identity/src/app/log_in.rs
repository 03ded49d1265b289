//! A person signs in. Whether the account exists shows neither in the words nor in the time.

use super::{App, SignedIn, session::NewSession};
use crate::{error::Error, store};

/// Signs in whoever knows the password of the address's account.
///
/// # Errors
/// [`Error::InvalidCredentials`], or when hashing or the database fails.
pub async fn log_in(app: &App, email_folded: String, password: String) -> Result<SignedIn, Error> {
    let user = app
        .db
        .read("identity.lookup_user", move |tx| {
            store::lookup_user_by_email(tx, &email_folded).map_err(Error::from)
        })
        .await?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let matches = app.hasher.matches(password, hash).await?;
    let user = user.filter(|_| matches).ok_or(Error::InvalidCredentials)?;
    let session = NewSession::of(app, user.id);
    let started = session.clone();
    app.db.write("identity.log_in", move |tx| started.start(tx).map_err(Error::from)).await?;
    session.signed_in(app, user)
}

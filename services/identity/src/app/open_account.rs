//! The owner of the data folder opens accounts of any kind and says whether they may come in, whatever
//! administrators there are: what a demo shop begins with, and how it is closed to strangers.

use techtrove_identity_api::{Role, UserId};

use super::{App, Registration, register};
use crate::{error::Error, store};

/// Makes an account with these roles; who is not `let_in` cannot come in from the first moment on.
///
/// # Errors
/// [`Error::EmailTaken`], or when hashing or the database fails.
pub async fn open_account(
    app: &App,
    registration: Registration,
    roles: Vec<Role>,
    let_in: bool,
) -> Result<UserId, Error> {
    let mut user = register::new_user(app, registration, Role::Customer).await?;
    user.roles = roles;
    let (id, now) = (user.id, user.created_at);
    let job = move |tx: &mut techtrove_db::Tx<'_>| -> Result<(), Error> {
        register::insert(tx, &user)?;
        Ok(store::set_disabled(tx, id, (!let_in).then_some(now))?)
    };
    app.db.write("identity.open_account", job).await?;
    tracing::info!(user_id = %id, let_in, "account opened by the shop's owner");
    Ok(id)
}

/// Lets the user come in, or keeps them out and ends their sessions.
///
/// # Errors
/// [`Error::UnknownUser`], or when the database fails.
pub async fn let_in(app: &App, id: UserId, let_in: bool) -> Result<(), Error> {
    let now = app.clock.now();
    let job = move |tx: &mut techtrove_db::Tx<'_>| -> Result<(), Error> {
        store::lock_admins(tx)?;
        let user = store::lock_user(tx, id)?.ok_or(Error::UnknownUser)?;
        if let_in {
            return Ok(store::set_disabled(tx, id, None)?);
        }
        store::set_disabled(tx, id, user.disabled_at.or(Some(now)))?;
        Ok(store::end_sessions(tx, id, None, now)?)
    };
    app.db.write("identity.let_in", job).await?;
    tracing::info!(user_id = %id, let_in, "access changed by the shop's owner");
    Ok(())
}

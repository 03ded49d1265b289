//! Somebody presents what was mailed to an address: it is theirs.

use techtrove_bus::record;
use techtrove_core::Timestamp;
use techtrove_db::DbError;

use super::{App, mailing::context};
use crate::{
    domain::{Purpose, Secret, User, Verification, judge_verification},
    error::Error,
    events, store,
};

/// Takes the address for the user's; where it is the one that they want to have, they have it from now on.
/// Presented again, it changes nothing.
///
/// # Errors
/// [`Error::InvalidToken`], [`Error::EmailTaken`] when somebody else has the address by now, or when the
/// database fails.
pub async fn verify_email(app: &App, secret: &Secret) -> Result<(), Error> {
    let (hash, now) = (secret.hash(), app.clock.now());
    let (moves, verifies) = (context(app), context(app));
    let verified = app.db.write("identity.verify_email", move |tx| {
        let secret = store::lookup_secret(tx, &hash, Purpose::VerifyEmail)?;
        let secret = secret.ok_or(Error::InvalidToken)?;
        let before = store::lock_user(tx, secret.user_id)?.ok_or(Error::InvalidToken)?;
        let after = match judge_verification(&secret, &before, now) {
            Verification::Refused => return Err(Error::InvalidToken),
            Verification::Known => return Ok(()),
            Verification::Verified => User { email_verified_at: Some(now), ..before.clone() },
            Verification::Moved => moved(&before, now),
        };
        store::update_email(tx, &after).map_err(|error| match error {
            DbError::UniqueViolation { .. } => Error::EmailTaken,
            error => error.into(),
        })?;
        if after.email != before.email {
            record(tx, &moves, &events::email_changed(&after, &before.email))?;
        }
        record(tx, &verifies, &events::email_verified(&after))?;
        Ok(())
    });
    verified.await
}

/// The user with the address that they wanted.
fn moved(before: &User, now: Timestamp) -> User {
    let mut user = before.clone();
    user.email = user.pending_email.take().unwrap_or(user.email);
    User { email_verified_at: Some(now), version: before.version + 1, ..user }
}

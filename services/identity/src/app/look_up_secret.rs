//! Somebody follows the link in a mail: whom its secret belongs to is told, and nothing changes, since mail
//! programs follow links by themselves.

use techtrove_identity_api::SecretOwner;

use super::App;
use crate::{
    domain::{Purpose, Secret, Verification, judge_verification, may_reset},
    error::Error,
    store,
};

/// The owner of the secret, while it leads somewhere.
///
/// # Errors
/// When the database fails.
pub async fn look_up_secret(
    app: &App,
    purpose: Purpose,
    secret: &Secret,
) -> Result<Option<SecretOwner>, Error> {
    let (hash, now) = (secret.hash(), app.clock.now());
    let found = app.db.read("identity.look_up_secret", move |tx| -> Result<_, Error> {
        let Some(secret) = store::lookup_secret(tx, &hash, purpose)? else { return Ok(None) };
        let user = store::lookup_user(tx, secret.user_id)?;
        Ok(user.filter(|user| match purpose {
            Purpose::VerifyEmail => judge_verification(&secret, user, now) != Verification::Refused,
            Purpose::ResetPassword => may_reset(&secret, user, now),
        }))
    });
    Ok(found.await?.map(|user| SecretOwner { locale: user.profile.locale }))
}

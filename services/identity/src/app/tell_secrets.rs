//! A mail is about to be written or shown: its secret is made again from its id. It is told to the other
//! services alone, and only as long as it leads somewhere.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx};
use techtrove_identity_api::{MailedSecret, MailedSecretId, ToldSecret};

use super::App;
use crate::{domain::MailKey, error::Error, store};

/// The secrets of these ids that lead somewhere; others are left out.
///
/// # Errors
/// When the database fails.
pub async fn tell_secrets(app: &App, ids: Vec<MailedSecretId>) -> Result<Vec<ToldSecret>, Error> {
    let (key, now) = (app.mail_key.clone(), app.clock.now());
    let told = app.db.read("identity.tell_secrets", move |tx| {
        let told = ids.iter().filter_map(|id| tell(tx, &key, *id, now).transpose());
        told.collect::<Result<Vec<_>, DbError>>().map_err(Error::from)
    });
    told.await
}

/// The secret, unless it has ended, was used, or was made with another key than the one of now.
fn tell(
    tx: &mut Tx<'_>,
    key: &MailKey,
    id: MailedSecretId,
    now: Timestamp,
) -> Result<Option<ToldSecret>, DbError> {
    let Some((purpose, hash)) = store::lookup_live_secret(tx, id, now)? else { return Ok(None) };
    let secret = key.secret(purpose, id);
    let made = secret.hash().as_slice() == hash;
    Ok(made.then(|| ToldSecret { id, secret: MailedSecret::new(secret.expose()) }))
}

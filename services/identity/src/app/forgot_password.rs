//! Somebody has forgotten a password. Whoever asks is answered before it is looked whether there is such an
//! account, so that neither words nor time tell; a worker looks, and a mail says the rest.

use std::time::Duration;

use techtrove_core::EmailAddress;
use techtrove_runtime::{Shutdown, Worker};

use super::{App, mailing::Mailing};
use crate::{domain::Purpose, error::Error, events, store};

/// How often the worker looks by itself, for what another replica was asked.
const ROUND: Duration = Duration::from_secs(5);

/// How often secrets that have ended are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(10 * 60);

/// Remembers that the password of this address was forgotten. Who asks too often is answered the same.
///
/// # Errors
/// When the database fails.
pub async fn forgot_password(app: &App, email: &EmailAddress) -> Result<(), Error> {
    let email_folded = email.folded();
    if app.slowing.admit_mail(&email_folded, app.clock.now()).is_err() {
        tracing::info!("somebody forgets a password again and again");
        return Ok(());
    }
    let id = app.ids.uuid();
    let remembered = app.db.write("identity.forgot_password", move |tx| {
        store::insert_forgotten(tx, id, &email_folded).map_err(Error::from)
    });
    remembered.await?;
    app.forgotten.notify_one();
    Ok(())
}

/// Sends a mail to each account whose password was forgotten.
pub fn mail_resets(app: App) -> Worker {
    Worker::new("identity.forgotten_passwords", move |shutdown: Shutdown| {
        let app = app.clone();
        async move {
            while !shutdown.has_begun() {
                if !mail_next(&app).await? {
                    let asked = tokio::time::timeout(ROUND, app.forgotten.notified());
                    // Time is up or somebody asked: either way it is looked again.
                    let _ = shutdown.until_begun(asked).await;
                }
            }
            Ok::<(), Error>(())
        }
    })
}

/// Sends the next mail, if there is such an account and its owner may come in; tells whether there may be
/// more.
async fn mail_next(app: &App) -> Result<bool, Error> {
    let mailing = Mailing::new(app, Purpose::ResetPassword);
    let sent = app.db.write("identity.mail_reset", move |tx| -> Result<_, Error> {
        let Some(email_folded) = store::take_forgotten(tx)? else { return Ok(false) };
        let user = store::lookup_user_by_email(tx, &email_folded)?;
        if let Some(user) = user.filter(|user| user.disabled_at.is_none()) {
            let (secret_id, expires_at) = mailing.secret(tx, &user, &user.email)?;
            mailing.tell(tx, &events::reset_requested(&user, secret_id, expires_at))?;
        }
        Ok(true)
    });
    sent.await
}

/// Forgets mailed secrets that have ended.
pub fn prune_secrets(app: App) -> Worker {
    Worker::new("identity.mailed_secrets", move |shutdown: Shutdown| {
        let app = app.clone();
        async move {
            while shutdown.pause(PRUNE_EVERY).await {
                let now = app.clock.now();
                let pruned = app.db.write("identity.prune_secrets", move |tx| {
                    store::prune_secrets(tx, now).map_err(Error::from)
                });
                pruned.await?;
            }
            Ok::<(), Error>(())
        }
    })
}

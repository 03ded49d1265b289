//! Support sends a mail once more, to whom it went before: as a mail of its own, since mail programs
//! hide a second one with the same `Message-ID`.

use techtrove_db::Tx;
use techtrove_http::idempotency::{Key, Once, once};
use techtrove_notifications_api::NotificationId;

use super::App;
use crate::{
    domain::{Fresh, MailState, NewMail, Record},
    error::Error,
    store,
};

/// A mail that was sent again.
#[derive(Clone, Debug)]
pub struct Resent {
    /// The new mail's record.
    pub record: Record,
    /// Its subject.
    pub subject: String,
}

/// Sends the mail again, once per key, and not while such a copy is still on its way: however many press the
/// button, its recipient gets one. Whether its link still leads somewhere is asked before.
///
/// # Errors
/// [`Error::UnknownMail`], [`Error::StillQueued`], [`Error::Forgotten`], [`Error::LinkEnded`],
/// [`Error::Unsubscribed`], or when identity cannot be reached or the database fails.
pub async fn resend(
    app: &App,
    id: NotificationId,
    key: Option<Key>,
) -> Result<Once<Resent>, Error> {
    // Whoever repeats a key is answered as before, whether or not identity can be asked now.
    let live = match has_live_link(app, id).await {
        Err(Error::Identity(error)) => {
            tracing::warn!(%error, "identity does not tell whether a link leads somewhere");
            None
        }
        asked => Some(asked?),
    };
    let fresh: NotificationId = app.ids.next();
    let (now, app) = (app.clock.now(), app.clone());
    let db = app.db.clone();
    db.write("notifications.resend", move |tx| {
        let fresh = Fresh { id: fresh, domain: &app.mail_domain, now };
        once(tx, key.as_ref(), |tx| {
            let record = write_again(tx, &app, (id, live), &fresh)?;
            let subject = app.subject(&record).unwrap_or_default();
            Ok(Resent { record, subject })
        })
    })
    .await
}

/// Whether the mail's link leads somewhere, or it needs none.
async fn has_live_link(app: &App, id: NotificationId) -> Result<bool, Error> {
    let found = app.db.read("notifications.find_letter", move |tx| {
        store::lookup_record(tx, id).map_err(Error::from)
    });
    let Some(letter) = found.await?.and_then(|record| record.letter) else { return Ok(true) };
    let Some(secret) = letter.secret_id() else { return Ok(true) };
    Ok(app.secrets(std::iter::once(&letter)).await?.contains_key(&secret))
}

fn write_again(
    tx: &mut Tx<'_>,
    app: &App,
    (id, live): (NotificationId, Option<bool>),
    fresh: &Fresh<'_>,
) -> Result<Record, Error> {
    let record = store::lookup_record(tx, id)?.ok_or(Error::UnknownMail(id))?;
    let original = record.original.unwrap_or(record.id);
    store::lock_mail(tx, original)?;
    if record.state == MailState::Queued
        || store::has_copy_queued(tx, original, &record.recipient.email)?
    {
        return Err(Error::StillQueued);
    }
    let letter = record.letter.as_ref().ok_or(Error::Forgotten)?.stored()?;
    if !live.ok_or(Error::LinkUnknown)? {
        return Err(Error::LinkEnded);
    }
    if record.kind.is_optional() && store::is_refused(tx, &record.recipient.key(), record.kind)? {
        return Err(Error::Unsubscribed);
    }
    let state = app.first_state(&record.recipient);
    store::insert_mail(tx, &NewMail::again(record, letter, state, fresh))?;
    store::lookup_record(tx, fresh.id)?.ok_or(Error::UnknownMail(fresh.id))
}

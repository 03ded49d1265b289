//! Which kinds of mails people want none of: said by users of their account, and by anybody with the
//! link in a mail.

use std::sync::Arc;

use techtrove_db::Tx;
use techtrove_identity_api::UserId;

use super::App;
use crate::{
    domain::{Kind, Record},
    error::Error,
    store,
};

/// How often a job may collide with another's insert before it is an error.
const TRIES: usize = 3;

/// The kinds that a user wants none of.
///
/// # Errors
/// When the database fails.
pub async fn list_refusals(app: &App, user: UserId) -> Result<Vec<Kind>, Error> {
    let key = user.to_string();
    app.db
        .read("notifications.list_refusals", move |tx| {
            store::list_refusals(tx, &key).map_err(Error::from)
        })
        .await
}

/// Stores which optional kinds a user wants (`true`) and which not.
///
/// # Errors
/// When the database fails.
pub async fn set_preferences(
    app: &App,
    user: UserId,
    wanted: Vec<(Kind, bool)>,
) -> Result<(), Error> {
    let (key, now) = (user.to_string(), app.clock.now());
    write(app, move |tx| {
        for (kind, wanted) in &wanted {
            if *wanted {
                store::delete_refusal(tx, &key, *kind)?;
            } else if !store::is_refused(tx, &key, *kind)? {
                store::insert_refusal(tx, &key, *kind, now)?;
            }
        }
        Ok(())
    })
    .await
}

/// The mail whose link has this token.
///
/// # Errors
/// [`Error::Token`] when it is of no mail of this shop, or of one that cannot be refused; or when the
/// database fails.
pub async fn mail_of_token(app: &App, token: &str) -> Result<Record, Error> {
    let id = app.unsubscribe.read(token)?;
    let found = app
        .db
        .read("notifications.mail_of_token", move |tx| {
            store::lookup_record(tx, id).map_err(Error::from)
        })
        .await?;
    found.filter(|record| record.kind.is_optional()).ok_or(Error::Token)
}

/// Stores that the recipient of the mail whose link has this token wants no more of its kind; answers
/// with that mail. Asking again changes nothing.
///
/// # Errors
/// As [`mail_of_token`].
pub async fn unsubscribe(app: &App, token: &str) -> Result<Record, Error> {
    let record = mail_of_token(app, token).await?;
    let (key, kind, now) = (record.recipient.key(), record.kind, app.clock.now());
    write(app, move |tx| {
        if !store::is_refused(tx, &key, kind)? {
            store::insert_refusal(tx, &key, kind, now)?;
        }
        Ok(())
    })
    .await?;
    Ok(record)
}

/// Runs a transaction, again when another stored the same refusal at the same moment.
async fn write<F>(app: &App, job: F) -> Result<(), Error>
where
    F: Fn(&mut Tx<'_>) -> Result<(), Error> + Send + Sync + 'static,
{
    let job = Arc::new(job);
    let mut tried = 1;
    loop {
        let again = Arc::clone(&job);
        match app.db.write("notifications.set_refusals", move |tx| again(tx)).await {
            Err(error) if error.is_race() && tried < TRIES => tried += 1,
            done => return done,
        }
    }
}

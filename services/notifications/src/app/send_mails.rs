//! Sends the mails that are due. Each is claimed before it is sent, so that two replicas don't send the
//! same; a crash between sending and noting it sends a second copy with the same `Message-ID`.

use std::time::Duration;

use futures::{StreamExt, stream};
use techtrove_notifications_api::NotificationId;

use super::{App, SendError, sender::Line};
use crate::{
    domain::{Letter, MailState, Record, next_attempt},
    error::Error,
    store,
};

/// How many mails are sent at the same time.
const AT_ONCE: usize = 4;

/// For how long a claimed mail is nobody else's. Longer than a mail server can take.
const CLAIM: Duration = Duration::from_secs(300);

/// Sends up to `limit` mails that are due, oldest first, and tells how many were found.
///
/// # Errors
/// When the database fails; a mail that could not be sent is noted and tried again later.
pub async fn send_mails(app: &App, limit: u32) -> Result<usize, Error> {
    let Some(sender) = &app.sender else { return Ok(0) };
    let now = app.clock.now();
    let due = app
        .db
        .read("notifications.list_due", move |tx| {
            store::list_due(tx, now, limit).map_err(Error::from)
        })
        .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let (found, line) = (due.len(), sender.line());
    let outcomes: Vec<Result<(), Error>> = stream::iter(due)
        .map(|id| send_one(app, &line, id))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    outcomes.into_iter().collect::<Result<(), Error>>()?;
    Ok(found)
}

async fn send_one(app: &App, line: &Line<'_>, id: NotificationId) -> Result<(), Error> {
    let (now, until) = (app.clock.now(), app.clock.now().plus(CLAIM));
    let claimed = app
        .db
        .write("notifications.claim_mail", move |tx| {
            store::claim_mail(tx, id, now, until).map_err(Error::from)
        })
        .await?;
    match claimed {
        Some(mail) => {
            let outcome = hand_over(app, line, &mail).await;
            note(app, &mail, outcome).await
        }
        None => Ok(()),
    }
}

async fn hand_over(app: &App, line: &Line<'_>, mail: &Record) -> Result<(), SendError> {
    let letter = mail.letter.as_ref().ok_or(SendError::Forgotten)?;
    let secrets = app.secrets(std::iter::once(letter)).await?;
    if letter.secret_id().is_some_and(|id| !secrets.contains_key(&id)) {
        return Err(SendError::Ended);
    }
    let content = app.content(mail, letter, &secrets).map_err(SendError::refused)?;
    line.send(mail, content, app.unsubscribe_link(mail)).await
}

/// Stores what became of an attempt.
async fn note(app: &App, mail: &Record, outcome: Result<(), SendError>) -> Result<(), Error> {
    let (id, now) = (mail.id, app.clock.now());
    let (state, again) = match &outcome {
        Ok(()) => (MailState::Sent, None),
        Err(SendError::Refused(_) | SendError::Forgotten | SendError::Ended) => {
            (MailState::Failed, None)
        }
        Err(SendError::Later(_) | SendError::Away(_)) => match next_attempt(mail.attempts, now) {
            Some(at) => (MailState::Queued, Some(at)),
            None => (MailState::Failed, None),
        },
    };
    if let Err(error) = &outcome {
        log_failure(mail, state, error);
    }
    let spent = state == MailState::Sent && mail.letter.as_ref().is_some_and(Letter::tells_secret);
    app.db
        .write("notifications.note_attempt", move |tx| {
            if spent {
                store::forget_letter(tx, id)?;
            }
            store::note_attempt(tx, id, state, again, now).map_err(Error::from)
        })
        .await
}

/// Says that a mail was not sent, without its recipient, which a mail server's words may contain.
fn log_failure(mail: &Record, state: MailState, error: &SendError) {
    let (id, attempts, state) = (mail.id, mail.attempts, state.as_str());
    match error {
        SendError::Refused(_) | SendError::Forgotten | SendError::Ended => {
            tracing::warn!(%id, attempts, state, "mail refused for good")
        }
        SendError::Away(away) => {
            tracing::warn!(%id, attempts, state, %away, "the secret of a mail is not told")
        }
        SendError::Later(cause) => {
            let status = cause.status().map(|code| code.to_string());
            tracing::warn!(%id, attempts, state, status, timeout = cause.is_timeout(), "mail not sent");
        }
    }
}

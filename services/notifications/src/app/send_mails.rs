//! Sends the mails that are due. Each is claimed before it is sent, so that two replicas don't send the
//! same; a crash between sending and noting it sends a second copy with the same `Message-ID`.

use std::time::Duration;

use futures::{StreamExt, stream};
use techtrove_notifications_api::NotificationId;

use super::{App, SendError, Sender, smtp::Line};
use crate::{
    domain::{Attempt, Letter, MailState, Record, next_attempt},
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
        .map(|id| send_one(app, (sender, &line), id))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    line.close().await;
    outcomes.into_iter().collect::<Result<(), Error>>()?;
    Ok(found)
}

/// Who sends, and the line for this round.
type Way<'a> = (&'a Sender, &'a Line<'a>);

async fn send_one(app: &App, way: Way<'_>, id: NotificationId) -> Result<(), Error> {
    let (now, until) = (app.clock.now(), app.clock.now().plus(CLAIM));
    let claimed = app
        .db
        .write("notifications.claim_mail", move |tx| {
            store::claim_mail(tx, id, now, until).map_err(Error::from)
        })
        .await?;
    match claimed {
        Some(mail) => {
            let outcome = hand_over(app, way, &mail).await;
            note(app, &mail, outcome).await
        }
        None => Ok(()),
    }
}

async fn hand_over(app: &App, (sender, line): Way<'_>, mail: &Record) -> Result<(), SendError> {
    let letter = mail.letter.as_ref().ok_or(SendError::Forgotten)?;
    let secrets = app.secrets(std::iter::once(letter)).await?;
    if letter.secret_id().is_some_and(|id| !secrets.contains_key(&id)) {
        return Err(SendError::Ended);
    }
    let content = app.content(mail, letter, &secrets).map_err(SendError::unwritten)?;
    sender.send(line, mail, content, app.unsubscribe_link(mail)).await
}

/// Stores what became of an attempt.
async fn note(app: &App, mail: &Record, outcome: Result<(), SendError>) -> Result<(), Error> {
    let (id, now) = (mail.id, app.clock.now());
    let again = match &outcome {
        Err(error) if error.may_pass() => next_attempt(mail.attempts, now),
        _ => None,
    };
    let state = match (&outcome, again) {
        (Ok(()), _) => MailState::Sent,
        (Err(_), Some(_)) => MailState::Queued,
        (Err(_), None) => MailState::Failed,
    };
    let last_error = outcome.as_ref().err().map(SendError::reason);
    metrics::counter!("mail_attempts_total", "outcome" => state.as_str()).increment(1);
    if let Err(error) = &outcome {
        log_failure(mail, state, error);
    }
    let spent = state == MailState::Sent && mail.letter.as_ref().is_some_and(Letter::tells_secret);
    let attempt = Attempt { state, last_error, again };
    app.db
        .write("notifications.note_attempt", move |tx| {
            if spent {
                store::forget_letter(tx, id)?;
            }
            store::note_attempt(tx, id, attempt, now).map_err(Error::from)
        })
        .await
}

/// Says that a mail was not sent, without its recipient, which a mail server's words may contain.
fn log_failure(mail: &Record, state: MailState, error: &SendError) {
    let (id, attempts, reason) = (mail.id, mail.attempts, error.reason().as_str());
    let answer = match error {
        SendError::Refused(untaken) | SendError::Later(untaken) => untaken.answer.as_ref(),
        _ => None,
    };
    let status = answer.and_then(|answer| answer.status()).map(|code| code.to_string());
    if state == MailState::Failed {
        tracing::error!(%id, attempts, reason, status, "a mail is given up");
    } else {
        tracing::warn!(%id, attempts, reason, status, "a mail could not be sent now");
    }
}

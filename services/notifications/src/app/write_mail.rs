//! Stores a mail in the transaction that takes its event, whoever wrote it and whatever about.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Taken};
use techtrove_core::planted;
use techtrove_db::Tx;
use techtrove_notifications_api::NotificationId;

use super::App;
use crate::{
    domain::{Kind, Letter, Matter, NewMail, Recipient, message_id},
    store,
};

/// A mail that an event asks for.
#[derive(Debug)]
pub(super) struct Writing {
    /// The event.
    pub event: Arc<Event>,
    /// Who takes it.
    pub consumer: &'static str,
    /// Whom it is for.
    pub to: Recipient,
    /// What they read, the most wanted first, as far as it is known.
    pub languages: Vec<String>,
    /// Which kind of mail it is.
    pub kind: Kind,
    /// What it tells.
    pub matter: Matter,
}

/// Stores the mail once, however often its event comes, unless its recipient wants none of its kind.
///
/// # Errors
/// When the database cannot be reached: the event comes again.
pub(super) async fn write_mail(app: &App, writing: Writing) -> Result<Taken, HandlerError> {
    let Writing { event, consumer, to, languages, kind, matter } = writing;
    let language = app.language_of(&languages);
    let id: NotificationId = app.ids.next();
    let mail = NewMail {
        id,
        event_id: event.id,
        kind,
        subject_id: event.aggregate_id,
        state: app.first_state(&to),
        recipient: to,
        message_id: message_id(event.id, kind, &app.mail_domain),
        letter: Letter { language, matter }.stored()?,
        original: None,
        created_at: app.clock.now(),
    };
    let (late, taken) = (planted("inbox-after-commit"), Arc::clone(&event));
    let key = kind.is_optional().then(|| mail.recipient.key());
    let handled = app
        .db
        .write("notifications.write_mail", move |tx| {
            if !late && !techtrove_bus::first_time(tx, consumer, &event)? {
                return Ok(Taken::Handled);
            }
            let refused = match &key {
                Some(key) => store::is_refused(tx, key, mail.kind)?,
                None => false,
            };
            if !refused {
                store::insert_mail(tx, &mail)?;
            }
            Ok(Taken::Handled)
        })
        .await;
    if late && handled.is_ok() {
        let job = move |tx: &mut Tx<'_>| techtrove_bus::first_time(tx, consumer, &taken);
        app.db.write("notifications.note_event", job).await?;
    }
    handled
}

//! The mailbox: what was written lately, for whoever tries the shop out.

use techtrove_notifications_api::NotificationId;

use super::App;
use crate::{
    domain::{Content, Record},
    error::Error,
    store,
};

/// A mail that can be read.
#[derive(Clone, Debug)]
pub struct ReadableMail {
    /// The record of it.
    pub record: Record,
    /// What it says.
    pub content: Content,
}

/// At most `limit` mails that are older than `before`, newest first. One whose link leads nowhere any more is
/// shown without it.
///
/// # Errors
/// When the database fails or identity cannot be reached.
pub async fn list_mailbox(
    app: &App,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<ReadableMail>, Error> {
    let found = app
        .db
        .read("notifications.list_mailbox", move |tx| {
            store::list_mails(tx, before, limit).map_err(Error::from)
        })
        .await?;
    let secrets = app.secrets(found.iter().filter_map(|record| record.letter.as_ref())).await?;
    let readable = found.into_iter().filter_map(|mut record| {
        let letter = record.letter.take()?;
        Some((record, letter))
    });
    let rendered = readable.map(|(record, letter)| {
        let content = app.content(&record, &letter, &secrets)?;
        Ok(ReadableMail { record, content })
    });
    rendered.collect()
}

//! The mailbox: what was written lately, for whoever tries the shop out.

use techtrove_notifications_api::NotificationId;

use super::App;
use crate::{domain::Mail, error::Error, store};

/// At most `limit` mails that are older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_mailbox(
    app: &App,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<Mail>, Error> {
    app.db
        .read("notifications.list_mailbox", move |tx| {
            store::list_mails(tx, before, limit).map_err(Error::from)
        })
        .await
}

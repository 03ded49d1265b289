//! The book of the mails about orders, page by page.

use techtrove_core::{BookPage, PageRequest, Problem};
use techtrove_notifications_api::MailEntry;
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// A page of the mails about orders, in the order of the orders' ids and their own.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_mails(app: &App, page: &PageRequest) -> Result<BookPage<MailEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<(Uuid, Uuid)>()?.unwrap_or_default());
    let read = app.db.read("notifications.audit_mails", move |tx| {
        store::audit_mails(tx, after, limit).map_err(Error::from)
    });
    Ok(read.await?)
}

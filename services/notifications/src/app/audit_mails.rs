//! The book of the mails about orders, page by page.

use techtrove_core::{BookPage, PageRequest, Problem};
use techtrove_notifications_api::MailEntry;

use super::App;
use crate::store;

/// A page of the mails about orders, in the order of the orders' ids and their own.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_mails(app: &App, page: &PageRequest) -> Result<BookPage<MailEntry>, Problem> {
    app.db.book_page("notifications.audit_mails", page, store::audit_mails).await
}

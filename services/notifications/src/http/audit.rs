//! Notifications' books, for the audit.

use axum::extract::State;
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{HttpError, Query};
use techtrove_notifications_api::MailEntry;

use crate::app::{self, App};

/// A page of the mails' book.
pub(super) async fn mails(
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<axum::Json<BookPage<MailEntry>>, HttpError> {
    Ok(axum::Json(app::audit_mails(&app, &page).await?))
}

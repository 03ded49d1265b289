//! Notifications' routes: its books for the audit, and the mailbox for whoever tries the shop out.
//! Nothing here is for the public.

mod audit;
mod mailbox;

pub(crate) use mailbox::mailbox;

use axum::{Router, routing::get};

use crate::app::App;

/// What the other services call.
pub(crate) fn internal(app: App) -> Router {
    Router::new().route("/internal/notifications/audit/mails", get(audit::mails)).with_state(app)
}

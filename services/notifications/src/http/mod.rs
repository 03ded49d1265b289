//! Notifications' routes: parse, authorise, call the use case, answer. What mails say is shown in the
//! mailbox alone, to whoever tries the shop out.

mod audit;
mod links;
mod mailbox;
mod notifications;
mod page;
mod preferences;

pub(crate) use mailbox::mailbox;

use axum::{Router, routing::get};
use techtrove_http::routes;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What the gateway shows to the world.
pub(crate) fn public(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::show))
        .routes(routes!(notifications::resend))
        .routes(routes!(notifications::list_own))
        .routes(routes!(preferences::show, preferences::set))
        .routes(routes!(preferences::ask, preferences::unsubscribe))
        .routes(routes!(links::ask_address, links::verify_address))
        .routes(routes!(links::ask_password, links::choose_password))
        .with_state(app)
}

/// What the other services call.
pub(crate) fn internal(app: App) -> Router {
    Router::new().route("/internal/notifications/audit/mails", get(audit::mails)).with_state(app)
}

//! Community's routes: parse, authorise, call the use case, answer.

mod favorites;
mod internal;
mod reviews;
mod votes;

use axum::{Router, routing::get};
use techtrove_http::{CardFree, routes};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What people write, where no card number may stand.
const WRITTEN: CardFree = CardFree::Members(&["title", "body"]);

/// What the gateway shows to the world.
pub(crate) fn public(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(favorites::list))
        .routes(routes!(favorites::add, favorites::remove))
        .routes(routes!(reviews::list, reviews::write))
        .routes(routes!(reviews::show, reviews::edit, reviews::delete))
        .routes(routes!(votes::vote, votes::take_back))
        .layer(WRITTEN.layer())
        .with_state(app)
}

/// What the audit calls.
pub(crate) fn internal(app: App) -> Router {
    Router::new()
        .route("/internal/community/audit/purchases", get(internal::purchases))
        .with_state(app)
}

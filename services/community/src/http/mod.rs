//! Community's routes: parse, authorise, call the use case, answer.

mod favorites;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// What the gateway shows to the world.
pub(crate) fn public(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(favorites::list))
        .routes(routes!(favorites::add, favorites::remove))
        .with_state(app)
}

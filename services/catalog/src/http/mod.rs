//! The catalogue's routes: parse, authorise, call the use case, answer.

mod categories;
mod collections;
mod exports;
mod imports;
mod products;
mod skus;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use techtrove_http::routes;
use techtrove_identity_api::Authenticator;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// The largest body of a product or category, in bytes: as long as a product may be.
const MAX_BODY: usize = 256 * 1_024;

/// What the gateway shows to the world.
pub(crate) fn public(app: App, authenticator: Arc<Authenticator>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(products::list, products::create))
        .routes(routes!(products::read, products::edit, products::archive))
        .routes(routes!(categories::list, categories::create))
        .routes(routes!(categories::read, categories::edit, categories::delete))
        .routes(routes!(collections::list, collections::create))
        .routes(routes!(collections::read, collections::edit, collections::delete))
        .routes(routes!(imports::receive))
        .routes(routes!(exports::export))
        .routes(routes!(imports::read_job))
        .routes(routes!(imports::cancel))
        .with_state(Arc::new(app))
        // One layer made of two: axum boxes a route once for each time that it is layered.
        .layer((Extension(authenticator), DefaultBodyLimit::max(MAX_BODY)))
}

/// What the other services call.
pub(crate) fn internal(app: App) -> Router {
    Router::new()
        .route("/internal/catalog/skus/resolve", post(skus::resolve))
        .route("/internal/catalog/products/{id}/on-sale", get(skus::on_sale))
        .route("/internal/catalog/products/reach", post(products::are_within))
        .with_state(Arc::new(app))
}

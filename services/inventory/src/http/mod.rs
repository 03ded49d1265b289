//! Inventory's routes: parse, authorise, call the use case, answer.

mod adjustments;
mod audit;
mod availability;
mod import;
mod keys;
mod reservations;
mod stock;

use axum::{
    Router,
    routing::{get, post},
};
use techtrove_http::{CardFree, routes};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What the gateway shows to the world.
pub(crate) fn public(app: App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(availability::list_availability))
        .routes(routes!(stock::list_stock))
        .routes(routes!(stock::get_stock, stock::set_stock))
        .routes(routes!(adjustments::adjust))
        .routes(routes!(adjustments::list_movements))
        .routes(routes!(keys::add))
        .layer(CardFree::Members(&["reason"]).layer())
        .with_state(app)
}

/// What the other services call.
pub(crate) fn internal(app: App) -> Router {
    const ATTEMPT: &str = "/internal/inventory/reservations/{id}/{attempt}";
    Router::new()
        .route("/internal/inventory/reservations", post(reservations::hold))
        .route(&format!("{ATTEMPT}/commit"), post(reservations::commit))
        .route(&format!("{ATTEMPT}/release"), post(reservations::release))
        .route(&format!("{ATTEMPT}/ship"), post(reservations::ship))
        .route(&format!("{ATTEMPT}/returns"), post(reservations::take_back))
        .route("/internal/inventory/reservations/{id}/keys", get(keys::sold))
        .route("/internal/inventory/stock", post(import::set_stock))
        .route("/internal/inventory/stock/try", post(import::try_stock))
        .route("/internal/inventory/stock/read", post(import::read_stock))
        .route("/internal/inventory/audit/stock", get(audit::stock))
        .route("/internal/inventory/audit/reservations", get(audit::reservations))
        .route("/internal/inventory/audit/returns", get(audit::returns))
        .route("/internal/inventory/audit/parcels", get(audit::parcels))
        .with_state(app)
}

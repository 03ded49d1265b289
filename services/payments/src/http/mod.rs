//! Payments' routes: parse, authorise, call the use case, answer.

mod audit;
mod payments;
mod public;
mod staff;
mod webhooks;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use techtrove_http::{CardFree, routes};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// What the gateway shows to the world.
pub fn public(app: Arc<App>) -> OpenApiRouter {
    let webhooks = OpenApiRouter::new()
        .routes(routes!(webhooks::receive))
        .layer(DefaultBodyLimit::max(webhooks::MAX_BODY));
    OpenApiRouter::new()
        .routes(routes!(public::list))
        .routes(routes!(public::show))
        .routes(routes!(public::complete))
        .routes(routes!(public::void))
        .layer(CardFree::Whole.layer())
        .merge(webhooks)
        .with_state(app)
}

/// What the other services call.
pub fn internal(app: Arc<App>) -> Router {
    Router::new()
        .route("/internal/payments/payments", post(payments::authorize))
        .route("/internal/payments/payments/{id}", get(payments::show))
        .route("/internal/payments/payments/{id}/reconcile", post(payments::reconcile))
        .route("/internal/payments/payments/{id}/capture", post(payments::capture))
        .route("/internal/payments/payments/{id}/void", post(payments::void))
        .route("/internal/payments/payments/{id}/refunds", post(payments::refund))
        .route("/internal/payments/audit/payments", get(audit::payments))
        .route("/internal/payments/audit/ledger", get(audit::ledger))
        .with_state(app)
}

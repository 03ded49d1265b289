//! Payments' internal routes; there are no public ones yet. Handlers parse, ask the use case, answer.

mod audit;
mod payments;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::app::App;

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

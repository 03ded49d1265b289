//! The books, for `techtrove audit`.

use std::sync::Arc;

use axum::extract::State;
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{HttpError, Json, Query};
use techtrove_payments_api::{LedgerBalance, PaymentEntry};

use crate::app::{self, App};

pub(super) async fn payments(
    State(app): State<Arc<App>>,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<PaymentEntry>>, HttpError> {
    Ok(Json(app::audit_payments(&app, &page).await?))
}

pub(super) async fn ledger(
    State(app): State<Arc<App>>,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<LedgerBalance>>, HttpError> {
    Ok(Json(app::audit_ledger(&app, &page).await?))
}

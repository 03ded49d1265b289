//! What only the audit calls.

use axum::extract::State;
use techtrove_community_api::PurchaseEntry;
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{HttpError, Json, Query};

use crate::app::{self, App};

/// A page of the purchases.
pub(super) async fn purchases(
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<PurchaseEntry>>, HttpError> {
    Ok(Json(app::audit_purchases(&app, &page).await?))
}

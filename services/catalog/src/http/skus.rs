//! What orders asks before it sells.

use std::sync::Arc;

use axum::extract::State;
use techtrove_catalog_api::{ResolveSkusRequest, ResolveSkusResponse};
use techtrove_http::{HttpError, Json};

use crate::app::{self, App};

/// Which SKUs can be sold now, and at which price.
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Json(request): Json<ResolveSkusRequest>,
) -> Result<Json<ResolveSkusResponse>, HttpError> {
    Ok(Json(ResolveSkusResponse { items: app::resolve_skus(&app, request.skus).await? }))
}

//! What orders asks before it sells, and community before a product is kept in mind.

use std::sync::Arc;

use axum::extract::State;
use techtrove_catalog_api::{ProductId, ResolveSkusRequest, ResolveSkusResponse};
use techtrove_http::{HttpError, Json, Path};

use crate::{
    app::{self, App},
    error::Error,
};

/// Which SKUs can be sold now, and at which price.
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Json(request): Json<ResolveSkusRequest>,
) -> Result<Json<ResolveSkusResponse>, HttpError> {
    Ok(Json(ResolveSkusResponse { items: app::resolve_skus(&app, request.skus).await? }))
}

/// Whether there is such a product, and on sale.
pub(super) async fn on_sale(
    State(app): State<Arc<App>>,
    Path(id): Path<ProductId>,
) -> Result<Json<bool>, HttpError> {
    match app::get_product(&app, &id.to_string(), false).await {
        Ok(_) => Ok(Json(true)),
        Err(Error::NotFound(_)) => Ok(Json(false)),
        Err(error) => Err(error.into()),
    }
}

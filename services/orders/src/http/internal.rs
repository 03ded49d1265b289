//! What only our own services call.

use std::sync::Arc;

use axum::extract::State;
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{HttpError, Json, Path, Query};
use techtrove_orders_api::{
    MailQuery, OrderEntry, OrderForMail, OrderId, ParcelClaim, PurchaseClaim,
};

use crate::app::{self, App};

/// What a mail about an order needs.
pub(super) async fn mail(
    State(app): State<Arc<App>>,
    Path(id): Path<OrderId>,
    Query(query): Query<MailQuery>,
) -> Result<Json<OrderForMail>, HttpError> {
    Ok(Json(app::order_for_mail(&app, id, query).await?))
}

/// A page of the orders' book.
pub(super) async fn audit(
    State(app): State<Arc<App>>,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<OrderEntry>>, HttpError> {
    Ok(Json(app::list_entries(&app, &page).await?))
}

/// A page of the parcels.
pub(super) async fn audit_parcels(
    State(app): State<Arc<App>>,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<ParcelClaim>>, HttpError> {
    Ok(Json(app::list_parcels(&app, &page).await?))
}

/// A page of what users have bought.
pub(super) async fn audit_purchases(
    State(app): State<Arc<App>>,
    Query(page): Query<PageRequest>,
) -> Result<Json<BookPage<PurchaseClaim>>, HttpError> {
    Ok(Json(app::list_purchases(&app, &page).await?))
}

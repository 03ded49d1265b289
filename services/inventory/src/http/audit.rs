//! Inventory's books, for the audit.

use axum::extract::State;
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{HttpError, Query};
use techtrove_inventory_api::{ParcelEntry, ReservationEntry, ReturnEntry, StockEntry};

use crate::app::{self, App};

/// A page of the stock book.
pub(super) async fn stock(
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<axum::Json<BookPage<StockEntry>>, HttpError> {
    Ok(axum::Json(app::audit_stock(&app, &page).await?))
}

/// A page of the reservations that are open or have left.
pub(super) async fn reservations(
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<axum::Json<BookPage<ReservationEntry>>, HttpError> {
    Ok(axum::Json(app::audit_reservations(&app, &page).await?))
}

/// A page of what came back.
pub(super) async fn returns(
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<axum::Json<BookPage<ReturnEntry>>, HttpError> {
    Ok(axum::Json(app::audit_returns(&app, &page).await?))
}

/// A page of the parcels that have left.
pub(super) async fn parcels(
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<axum::Json<BookPage<ParcelEntry>>, HttpError> {
    Ok(axum::Json(app::audit_parcels(&app, &page).await?))
}

//! Products and their stock, as catalog tells of them, and stock as an export tells of it.

use axum::extract::State;
use techtrove_catalog_api::ProductChanged;
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json};
use techtrove_inventory_api::{
    ReadStockRequest, ReadStockResponse, SetStockRequest, SetStockResponse,
};

use crate::app::{self, App, MAX_ITEMS};

/// The longest name of a part of an import, in bytes.
const MAX_PART: usize = 200;

/// Makes the SKUs of a product known, how they are sold, and whether they are.
pub(super) async fn hear_of(
    State(app): State<App>,
    Json(product): Json<ProductChanged>,
) -> Result<axum::Json<()>, HttpError> {
    app::make_known_at_once(&app, product).await.map_err(Problem::from)?;
    Ok(axum::Json(()))
}

/// Makes SKUs known and sets their stock where a number is given.
pub(super) async fn set_stock(
    State(app): State<App>,
    Json(request): Json<SetStockRequest>,
) -> Result<axum::Json<SetStockResponse>, HttpError> {
    check(&request)?;
    let SetStockRequest { part, items } = request;
    let items = app::set_stock(&app, &part, items).await.map_err(Problem::from)?;
    Ok(axum::Json(SetStockResponse { items }))
}

/// Tells what would become of each number, and sets none.
pub(super) async fn try_stock(
    State(app): State<App>,
    Json(request): Json<SetStockRequest>,
) -> Result<axum::Json<SetStockResponse>, HttpError> {
    check(&request)?;
    let items = app::try_stock(&app, request.items).await.map_err(Problem::from)?;
    Ok(axum::Json(SetStockResponse { items }))
}

fn check(request: &SetStockRequest) -> Result<(), Problem> {
    if !(1..=MAX_PART).contains(&request.part.len()) {
        return Err(Problem::invalid_field("/part", format!("1 to {MAX_PART} characters")));
    }
    if request.items.len() > MAX_ITEMS {
        return Err(Problem::invalid_field("/items", format!("at most {MAX_ITEMS} items")));
    }
    Ok(())
}

/// How many pieces of SKUs are in the building.
pub(super) async fn read_stock(
    State(app): State<App>,
    Json(request): Json<ReadStockRequest>,
) -> Result<axum::Json<ReadStockResponse>, HttpError> {
    if request.skus.len() > MAX_ITEMS {
        return Err(Problem::invalid_field("/skus", format!("at most {MAX_ITEMS} SKUs")).into());
    }
    let items = app::list_on_hand(&app, request.skus).await.map_err(Problem::from)?;
    Ok(axum::Json(ReadStockResponse { items }))
}

//! The stock of one SKU and of all, for managers.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use techtrove_catalog_api::Reach;
use techtrove_core::{FieldError, Page, PageRequest, Problem, Sku};
use techtrove_http::{
    HttpError, IfMatch, Json, Path, ProblemBody, Query, versioned_json, written_json,
};
use techtrove_identity_api::{Manager, ManagerOf};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{self, App, StockEdit},
    domain::{MAX_COUNT, MAX_THRESHOLD, StockItem},
};

/// New numbers of one SKU.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"on_hand": 1_000_000, "low_stock_threshold": 5}))]
pub(crate) struct StockRequest {
    /// The pieces in the building.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: i64,
    /// Up to how many available pieces stock counts as low; unchanged when absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    low_stock_threshold: Option<i64>,
}

/// Which SKUs, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StockQuery {
    /// Those alone of which at most `low_stock_threshold` pieces are available.
    low_stock: Option<bool>,
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// The numbers of one SKU.
#[derive(Serialize, ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockBody {
    sku: Sku,
    /// Pieces in the building.
    on_hand: i64,
    /// Pieces set aside for somebody who may yet pay.
    held: i64,
    /// Pieces sold and not yet shipped.
    committed: i64,
    /// Pieces that can still be sold: `on_hand − held − committed`; none while they are of the kind that the
    /// product was before it became digital, or physical again.
    available: i64,
    /// Up to how many available pieces stock counts as low.
    low_stock_threshold: i64,
    /// Raised by edits only, never by a sale.
    version: u64,
}

impl From<StockItem> for StockBody {
    fn from(item: StockItem) -> Self {
        let available = item.available();
        let StockItem { sku, stock, version, .. } = item;
        Self {
            sku,
            on_hand: stock.on_hand(),
            held: stock.held(),
            committed: stock.committed(),
            available,
            low_stock_threshold: stock.low_stock_threshold(),
            version,
        }
    }
}

impl StockRequest {
    /// Names every number that is out of range.
    fn check(&self) -> Result<(), Problem> {
        let low = self.low_stock_threshold.unwrap_or(0);
        let fields =
            [("/on_hand", self.on_hand, MAX_COUNT), ("/low_stock_threshold", low, MAX_THRESHOLD)];
        let errors: Vec<FieldError> = fields
            .into_iter()
            .filter(|(_, number, most)| !(0..=*most).contains(number))
            .map(|(pointer, _, most)| {
                FieldError::new(pointer, format!("a number from 0 to {most}"))
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }
}

/// The stock of one SKU.
#[utoipa::path(
    get, path = "/api/v1/inventory/{sku}", operation_id = "get_stock", tag = "inventory",
    params(("sku" = Sku, Path, description = "Which SKU")),
    security(("bearer" = [])),
    responses(
        (status = 200, body = StockBody), (status = 304, description = "Unchanged"),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn get_stock(
    _manager: Manager,
    State(app): State<App>,
    headers: HeaderMap,
    Path(sku): Path<Sku>,
) -> Result<Response, HttpError> {
    let body = StockBody::from(app::get_stock(&app, sku).await.map_err(Problem::from)?);
    Ok(versioned_json(&headers, body.version, &body))
}

/// The stock of all SKUs, in SKU order.
#[utoipa::path(
    get, path = "/api/v1/inventory", operation_id = "list_stock", tag = "inventory",
    params(StockQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, body = Page<StockBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list_stock(
    _manager: Manager,
    State(app): State<App>,
    Query(query): Query<StockQuery>,
) -> Result<Json<Page<StockBody>>, HttpError> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let found = app::list_stock(&app, query.low_stock.unwrap_or(false), &page).await?;
    Ok(Json(found.map(StockBody::from)))
}

/// Sets the stock of one SKU. Refused below what is held and committed (`stock_reserved`). The stock of
/// a digital SKU is its licence keys: another `on_hand` than their number is refused (`stock_is_keys`). A
/// manager who is limited to categories sets that of their products.
#[utoipa::path(
    put, path = "/api/v1/inventory/{sku}", operation_id = "set_stock", tag = "inventory",
    params(
        ("sku" = Sku, Path, description = "Which SKU"),
        ("If-Match" = inline(IfMatch), Header, description = "The ETag that was read"),
    ),
    security(("bearer" = [])),
    request_body = StockRequest,
    responses(
        (status = 200, body = StockBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 412, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 428, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn set_stock(
    ManagerOf { manager, categories }: ManagerOf,
    State(app): State<App>,
    if_match: IfMatch,
    Path(sku): Path<Sku>,
    Json(request): Json<StockRequest>,
) -> Result<Response, HttpError> {
    request.check()?;
    let edit = StockEdit {
        sku,
        if_match,
        on_hand: request.on_hand,
        low_stock_threshold: request.low_stock_threshold,
        editor: manager.0,
        reach: Reach::of(categories),
    };
    let body = StockBody::from(app::edit_stock(&app, edit).await.map_err(Problem::from)?);
    Ok(written_json(body.version, &body))
}

//! Products.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use techtrove_catalog_api::{ProductId, Reach, ReachRequest};
use techtrove_core::{Page, PageRequest, Problem};
use techtrove_http::{
    HttpError, IfMatch, Json, Patch, Path, ProblemBody, Query, created_json,
    idempotency::{IdempotencyKey, Idempotent},
    ready_json, written_json,
};
use techtrove_identity_api::{Caller, ManagerOf, Role};
use utoipa::IntoParams;

use crate::{
    app::{self, App},
    domain::{ListWish, NewProductInput, ProductBody, ProductInput, ShownProduct, Sort, Status},
};

/// Which products, in which order, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Slug or id of a category; those below it count too.
    #[param(min_length = 1, max_length = 100)]
    category: Option<String>,
    /// A brand, whatever its case.
    #[param(min_length = 1, max_length = 100)]
    brand: Option<String>,
    /// The lowest price, in minor units.
    #[param(minimum = 0, maximum = 1_000_000_000_000_i64)]
    price_min: Option<i64>,
    /// The highest price, in minor units; below `price_min` it is refused.
    #[param(minimum = 0, maximum = 1_000_000_000_000_i64)]
    price_max: Option<i64>,
    /// Whether any of it can be bought.
    in_stock: Option<bool>,
    /// The lowest average rating.
    #[param(minimum = 0, maximum = 5)]
    rating_min: Option<f64>,
    /// A part of the name or the brand, whatever its case; descriptions and SKUs are not looked at.
    #[param(min_length = 1, max_length = 100)]
    q: Option<String>,
    /// Managers may ask for those not on sale; `active` when absent.
    #[param(inline)]
    status: Option<Status>,
    /// `newest` when absent, `relevance` with `q`.
    #[param(inline)]
    sort: Option<Sort>,
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// Lists products, filtered and in an order.
#[utoipa::path(
    get, path = "/api/v1/products", operation_id = "list_products", tag = "catalog",
    params(ListQuery), security((), ("bearer" = [])),
    responses(
        (status = 200, body = Page<ProductBody>),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, HttpError> {
    let status = query.status.unwrap_or(Status::Active);
    if status != Status::Active {
        caller.require(Role::Manager)?;
    }
    let usual = if query.q.is_some() { Sort::Relevance } else { Sort::Newest };
    let wish = ListWish {
        status,
        category: query.category,
        brand: query.brand,
        price_min: query.price_min,
        price_max: query.price_max,
        in_stock: query.in_stock,
        rating_min: query.rating_min,
        q: query.q,
        sort: query.sort.unwrap_or(usual),
    };
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let ready = app::list_products(&app, wish, page).await?;
    Ok(ready_json(ready.0.clone()))
}

/// Shows a product by its id or slug.
#[utoipa::path(
    get, path = "/api/v1/products/{id}", operation_id = "get_product", tag = "catalog",
    params(("id" = String, Path, description = "Id or slug")), security((), ("bearer" = [])),
    responses(
        (status = 200, body = ProductBody), (status = 304),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let product = app::get_product(&app, &reference, caller.has(Role::Manager)).await?;
    Ok(product.body.answer(&headers))
}

/// Makes a product.
#[utoipa::path(
    post, path = "/api/v1/products", operation_id = "create_product", tag = "catalog",
    params(("Idempotency-Key" = inline(Option<IdempotencyKey>), Header)),
    request_body(content = NewProductInput, examples(
        ("physical" = (value = json!({
            "name": "GeForce RTX 4090", "brand": "NVIDIA", "status": "active",
            "price": {"amount": 159_900, "currency": "USD"},
            "variants": [{"sku": "GPU-RTX4090-24G"}],
        }))),
        ("digital" = (value = json!({
            "name": "Desktop Pro", "brand": "Acme", "status": "active", "fulfilment": "digital",
            "price": {"amount": 19_900, "currency": "USD"},
            "variants": [{"sku": "OS-DESKTOP-PRO"}],
        }))),
    )),
    security(("bearer" = [])),
    responses(
        (status = 201, body = ProductBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    manager: ManagerOf,
    request: Idempotent<NewProductInput>,
) -> Result<Response, HttpError> {
    let key = request.key(manager.manager.scope(), app.clock.now());
    let outcome =
        app::create_product(&app, Reach::of(manager.categories), request.body.into(), key).await?;
    outcome.respond(|product| {
        let location = format!("/api/v1/products/{}", product.id);
        let version = product.version;
        Ok(created_json(&location, version, &raw(product)?))
    })
}

/// Edits a product.
#[utoipa::path(
    patch, path = "/api/v1/products/{id}", operation_id = "edit_product", tag = "catalog",
    params(("id" = ProductId, Path), ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
    request_body(content((ProductInput = "application/json"), (ProductInput = "application/merge-patch+json"))),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ProductBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 412, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 428, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    manager: ManagerOf,
    Path(id): Path<ProductId>,
    if_match: IfMatch,
    Json(Patch(input)): Json<Patch<ProductInput>>,
) -> Result<Response, HttpError> {
    let product =
        app::edit_product(&app, Reach::of(manager.categories), id, if_match, input).await?;
    let version = product.version;
    Ok(written_json(version, &raw(product)?))
}

/// Archives a product: it is no longer on sale, and kept for the orders that speak of it.
#[utoipa::path(
    delete, path = "/api/v1/products/{id}", operation_id = "archive_product", tag = "catalog",
    params(("id" = ProductId, Path), ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
    security(("bearer" = [])),
    responses(
        (status = 204), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 412, body = ProblemBody),
        (status = 428, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    manager: ManagerOf,
    Path(id): Path<ProductId>,
    if_match: IfMatch,
) -> Result<StatusCode, HttpError> {
    app::archive_product(&app, Reach::of(manager.categories), id, if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether products are within a manager's reach, for orders.
pub(super) async fn are_within(
    State(app): State<Arc<App>>,
    Json(request): Json<ReachRequest>,
) -> Result<axum::Json<bool>, HttpError> {
    Ok(axum::Json(app::are_within(&app, request).await?))
}

/// A product as a part of an answer.
fn raw(product: ShownProduct) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(product.into_json()).map_err(Problem::internal)
}

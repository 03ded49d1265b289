//! Categories.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use techtrove_catalog_api::CategoryId;
use techtrove_core::Page;
use techtrove_http::{
    HttpError, IfMatch, Json, Patch, Path, ProblemBody, created_json,
    idempotency::{IdempotencyKey, Idempotent},
    versioned_json, written_json,
};
use techtrove_identity_api::UnlimitedManager;

use crate::{
    app::{self, App},
    domain::{Category, CategoryInput, CategoryNode, NewCategory},
};

/// Shows all categories as a tree, on one page.
#[utoipa::path(
    get, path = "/api/v1/categories", operation_id = "list_categories", tag = "catalog",
    responses(
        (status = 200, body = Page<CategoryNode>),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, HttpError> {
    let items = app::category_tree(&app).await?;
    Ok(Json(Page { items, next_cursor: None }).into_response())
}

/// Shows a category by its id or slug.
#[utoipa::path(
    get, path = "/api/v1/categories/{id}", operation_id = "get_category", tag = "catalog",
    params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Category), (status = 304), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let category = app::get_category(&app, &reference).await?;
    Ok(versioned_json(&headers, category.version, &category))
}

/// Makes a category.
#[utoipa::path(
    post, path = "/api/v1/categories", operation_id = "create_category", tag = "catalog",
    params(("Idempotency-Key" = inline(Option<IdempotencyKey>), Header)),
    request_body = NewCategory, security(("bearer" = [])),
    responses(
        (status = 201, body = Category),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    UnlimitedManager(manager): UnlimitedManager,
    request: Idempotent<NewCategory>,
) -> Result<Response, HttpError> {
    let key = request.key(manager.scope(), app.clock.now());
    let outcome = app::create_category(&app, request.body.into(), key).await?;
    outcome.respond(|category| {
        let location = format!("/api/v1/categories/{}", category.id);
        Ok(created_json(&location, category.version, &category))
    })
}

/// Edits or moves a category.
#[utoipa::path(
    patch, path = "/api/v1/categories/{id}", operation_id = "edit_category", tag = "catalog",
    params(("id" = CategoryId, Path), ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
    request_body(content((CategoryInput = "application/json"), (CategoryInput = "application/merge-patch+json"))),
    security(("bearer" = [])),
    responses(
        (status = 200, body = Category),
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
    _: UnlimitedManager,
    Path(id): Path<CategoryId>,
    if_match: IfMatch,
    Json(Patch(input)): Json<Patch<CategoryInput>>,
) -> Result<Response, HttpError> {
    let category = app::edit_category(&app, id, if_match, input).await?;
    Ok(written_json(category.version, &category))
}

/// Deletes a category that holds nothing.
#[utoipa::path(
    delete, path = "/api/v1/categories/{id}", operation_id = "delete_category", tag = "catalog",
    params(("id" = CategoryId, Path), ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
    security(("bearer" = [])),
    responses(
        (status = 204), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 412, body = ProblemBody), (status = 428, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    _: UnlimitedManager,
    Path(id): Path<CategoryId>,
    if_match: IfMatch,
) -> Result<StatusCode, HttpError> {
    app::delete_category(&app, id, if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Collections.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use techtrove_catalog_api::CollectionId;
use techtrove_core::{Page, PageRequest};
use techtrove_http::{
    HttpError, IfMatch, Json, Patch, Path, ProblemBody, Query, created_json,
    idempotency::{IdempotencyKey, Idempotent},
    versioned_json, written_json,
};
use techtrove_identity_api::{Caller, Role, UnlimitedManager};

use crate::{
    app::{self, App},
    domain::{Collection, CollectionInput, NewCollection, ShownCollection},
};

/// Lists the collections in their order.
#[utoipa::path(
    get, path = "/api/v1/collections", operation_id = "list_collections", tag = "catalog",
    params(PageRequest),
    responses(
        (status = 200, body = Page<Collection>),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(page): Query<PageRequest>,
) -> Result<Response, HttpError> {
    Ok(Json(app::list_collections(&app, &page).await?).into_response())
}

/// Shows a collection by its id or slug, with its products on sale.
#[utoipa::path(
    get, path = "/api/v1/collections/{id}", operation_id = "get_collection", tag = "catalog",
    params(("id" = String, Path, description = "Id or slug")), security((), ("bearer" = [])),
    responses(
        (status = 200, body = ShownCollection), (status = 304),
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
    let whole = caller.require(Role::Manager).is_ok();
    let shown = app::get_collection(&app, &reference, whole).await?;
    Ok(versioned_json(&headers, shown.collection.version, &shown))
}

/// Makes a collection.
#[utoipa::path(
    post, path = "/api/v1/collections", operation_id = "create_collection", tag = "catalog",
    params(("Idempotency-Key" = inline(Option<IdempotencyKey>), Header)),
    request_body = NewCollection, security(("bearer" = [])),
    responses(
        (status = 201, body = ShownCollection),
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
    request: Idempotent<NewCollection>,
) -> Result<Response, HttpError> {
    let key = request.key(manager.scope(), app.clock.now());
    let outcome = app::create_collection(&app, request.body.into(), key).await?;
    outcome.respond(|shown| {
        let location = format!("/api/v1/collections/{}", shown.collection.id);
        Ok(created_json(&location, shown.collection.version, &shown))
    })
}

/// Edits a collection.
#[utoipa::path(
    patch, path = "/api/v1/collections/{id}", operation_id = "edit_collection", tag = "catalog",
    params(("id" = CollectionId, Path), ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
    request_body(content((CollectionInput = "application/json"), (CollectionInput = "application/merge-patch+json"))),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ShownCollection),
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
    Path(id): Path<CollectionId>,
    if_match: IfMatch,
    Json(Patch(input)): Json<Patch<CollectionInput>>,
) -> Result<Response, HttpError> {
    let shown = app::edit_collection(&app, id, if_match, input).await?;
    Ok(written_json(shown.collection.version, &shown))
}

/// Deletes a collection; its products stay.
#[utoipa::path(
    delete, path = "/api/v1/collections/{id}", operation_id = "delete_collection", tag = "catalog",
    params(("id" = CollectionId, Path), ("If-Match" = inline(IfMatch), Header, description = "The entity tag that was read")),
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
    Path(id): Path<CollectionId>,
    if_match: IfMatch,
) -> Result<StatusCode, HttpError> {
    app::delete_collection(&app, id, if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

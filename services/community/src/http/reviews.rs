//! What customers think of products.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use techtrove_catalog_api::ProductId;
use techtrove_core::{PageRequest, Problem, TypedId};
use techtrove_http::{
    HttpError, IfMatch, Json, Patch, Path, ProblemBody, Query, created_json,
    idempotency::{IdempotencyKey, Idempotent, Scope},
    versioned_json, written_json,
};
use techtrove_identity_api::SignedIn;
use utoipa::IntoParams;

use crate::{
    app::{self, App},
    domain::{NewReview, Review, ReviewChange, ReviewId, ReviewList, ReviewPage, ReviewSort},
};

/// Which order, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewQuery {
    /// `newest` when absent.
    #[param(inline)]
    sort: Option<ReviewSort>,
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// What customers think of a product on sale, and how all of them rate it.
#[utoipa::path(
    get, path = "/api/v1/products/{id}/reviews", operation_id = "list_reviews", tag = "community",
    params(("id" = ProductId, Path, description = "Which product"), ReviewQuery),
    responses(
        (status = 200, body = ReviewPage),
        (status = 400, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Path(product): Path<ProductId>,
    Query(query): Query<ReviewQuery>,
) -> Result<Json<ReviewPage>, HttpError> {
    let list = ReviewList { product, sort: query.sort.unwrap_or_default() };
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    Ok(Json(app::list_reviews(&app, list, &page).await.map_err(Problem::from)?))
}

/// Says what the caller thinks of a product on sale, once per customer and product.
#[utoipa::path(
    post, path = "/api/v1/products/{id}/reviews", operation_id = "write_review", tag = "community",
    params(
        ("id" = ProductId, Path, description = "Which product"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    request_body = NewReview, security(("bearer" = [])),
    responses(
        (status = 201, body = Review, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version and hash"),
        )),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`already_reviewed`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn write(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(product): Path<ProductId>,
    request: Idempotent<NewReview>,
) -> Result<Response, HttpError> {
    let key = request.key(Scope::User(user.sub.uuid()), app.clock.now());
    let outcome = app::write_review(&app, user.sub, product, request.body, key).await;
    outcome
        .map_err(Problem::from)?
        .respond(|review| Ok(created_json(&review.location(), review.version, &review)))
}

/// One review, also of a product that has left the shop.
#[utoipa::path(
    get, path = "/api/v1/reviews/{id}", operation_id = "get_review", tag = "community",
    params(("id" = ReviewId, Path, description = "Which review")),
    responses(
        (status = 200, body = Review, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 304), (status = 404, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<ReviewId>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let review = app::get_review(&app, id).await.map_err(Problem::from)?;
    Ok(versioned_json(&headers, review.version, &review))
}

/// Edits the caller's review. `If-Match` is not required; where it is sent it counts.
#[utoipa::path(
    patch, path = "/api/v1/reviews/{id}", operation_id = "edit_review", tag = "community",
    params(
        ("id" = ReviewId, Path, description = "Which review"),
        ("If-Match" = inline(Option<IfMatch>), Header, description = "The entity tag that was read"),
    ),
    request_body(content((ReviewChange = "application/json"), (ReviewChange = "application/merge-patch+json"))),
    security(("bearer" = [])),
    responses(
        (status = 200, body = Review, headers(("ETag" = String, description = "Its version and hash"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 412, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn edit(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<ReviewId>,
    if_match: Option<IfMatch>,
    Json(Patch(change)): Json<Patch<ReviewChange>>,
) -> Result<Response, HttpError> {
    let edited = app::edit_review(&app, (user.sub, id), if_match, change).await;
    let review = edited.map_err(Problem::from)?;
    Ok(written_json(review.version, &review))
}

/// Removes the caller's review; support removes anybody's. `If-Match` is not required; where it is sent it
/// counts.
#[utoipa::path(
    delete, path = "/api/v1/reviews/{id}", operation_id = "delete_review", tag = "community",
    params(
        ("id" = ReviewId, Path, description = "Which review"),
        ("If-Match" = inline(Option<IfMatch>), Header, description = "The entity tag that was read"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is gone"), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 412, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<ReviewId>,
    if_match: Option<IfMatch>,
) -> Result<StatusCode, HttpError> {
    app::delete_review(&app, &user, id, if_match).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

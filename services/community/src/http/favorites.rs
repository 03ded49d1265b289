//! The favourites of whoever is signed in.

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use techtrove_catalog_api::ProductId;
use techtrove_core::{Page, PageRequest, Problem, Timestamp};
use techtrove_http::{HttpError, Json, NoFields, OptionalJson, Path, ProblemBody, Query};
use techtrove_identity_api::SignedIn;
use utoipa::ToSchema;

use crate::{
    app::{self, App},
    domain::Favorite,
};

/// A product that the caller keeps in mind.
#[derive(Serialize, ToSchema)]
#[schema(as = Favorite)]
pub(crate) struct FavoriteBody {
    /// Which product; it may have left the shop since.
    product_id: ProductId,
    /// Since when.
    added_at: Timestamp,
}

impl From<Favorite> for FavoriteBody {
    fn from(favorite: Favorite) -> Self {
        Self { product_id: favorite.product, added_at: favorite.added_at }
    }
}

/// The caller's favourites, newest first.
#[utoipa::path(
    get, path = "/api/v1/users/me/favorites", operation_id = "list_favorites", tag = "community",
    params(PageRequest),
    security(("bearer" = [])),
    responses(
        (status = 200, body = Page<FavoriteBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<FavoriteBody>>, HttpError> {
    let found = app::list_favorites(&app, user.sub, &page).await?;
    Ok(Json(found.map(FavoriteBody::from)))
}

/// Puts a product on top of the caller's favourites. One that is among them stays where it is.
#[utoipa::path(
    put, path = "/api/v1/users/me/favorites/{product_id}", operation_id = "add_favorite",
    tag = "community",
    params(("product_id" = ProductId, Path, description = "Which product")),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is one of them"), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`too_many_favorites`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn add(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(product): Path<ProductId>,
    _: OptionalJson<NoFields>,
) -> Result<StatusCode, HttpError> {
    app::add_favorite(&app, user.sub, product).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a product from the caller's favourites, also one that has left the shop.
#[utoipa::path(
    delete, path = "/api/v1/users/me/favorites/{product_id}", operation_id = "remove_favorite",
    tag = "community",
    params(("product_id" = ProductId, Path, description = "Which product")),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is none of them"), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn remove(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(product): Path<ProductId>,
) -> Result<StatusCode, HttpError> {
    app::remove_favorite(&app, user.sub, product).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

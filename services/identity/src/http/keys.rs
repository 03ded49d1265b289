//! The public keys (RFC 7517), at the origin's well-known place and under the API's base path.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use techtrove_http::ProblemBody;
use techtrove_identity_api::Jwks;

use crate::app::App;

/// The keys that access tokens are checked with.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "jwks", tag = "identity",
    responses((status = 200, body = Jwks), (status = 429, body = ProblemBody))
)]
pub(crate) async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let fresh = [(header::CACHE_CONTROL, "public, max-age=300")];
    (fresh, Json(app.signing_key.jwks()))
}

/// The same under the base path.
#[utoipa::path(
    get, path = "/api/v1/.well-known/jwks.json", operation_id = "jwks_under_base_path", tag = "identity",
    responses((status = 200, body = Jwks), (status = 429, body = ProblemBody))
)]
pub(crate) async fn jwks_under_base_path(state: State<App>) -> impl IntoResponse {
    jwks(state).await
}

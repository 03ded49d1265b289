//! Administrators, made by whoever owns the machine: an internal route which the gateway never shows.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::Serialize;
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json};
use techtrove_identity_api::UserId;

use super::auth::RegisterRequest;
use crate::app::{self, App};

/// The administrator that was made.
#[derive(Serialize)]
struct AdminCreated {
    user_id: UserId,
}

/// Makes an administrator.
pub(super) async fn create_admin(
    State(app): State<App>,
    Json(request): Json<RegisterRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let user_id = app::create_admin(&app, request.checked()?).await.map_err(Problem::from)?;
    Ok((StatusCode::CREATED, axum::Json(AdminCreated { user_id })))
}

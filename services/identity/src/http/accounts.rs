//! Accounts as the owner of the data folder opens and closes them: internal routes which the gateway
//! never shows.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use techtrove_core::{EmailAddress, Problem};
use techtrove_http::{HttpError, Json, Path};
use techtrove_identity_api::{Role, UserId};

use super::auth::RegisterRequest;
use crate::app::{self, App};

/// An account of any kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenRequest {
    email: EmailAddress,
    password: String,
    name: String,
    roles: BTreeSet<Role>,
    let_in: bool,
}

/// Whether somebody may come in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRequest {
    let_in: bool,
}

/// The account that was made.
#[derive(Serialize)]
struct Opened {
    user_id: UserId,
}

/// Opens an account.
pub(super) async fn open(
    State(app): State<App>,
    Json(request): Json<OpenRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let OpenRequest { email, password, name, roles, let_in } = request;
    let registration = RegisterRequest { email, password, name, locale: None }.checked()?;
    let opened = app::open_account(&app, registration, roles.into_iter().collect(), let_in).await;
    let user_id = opened.map_err(Problem::from)?;
    Ok((StatusCode::CREATED, axum::Json(Opened { user_id })))
}

/// Says whether a user may come in.
pub(super) async fn set_access(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Json(request): Json<AccessRequest>,
) -> Result<StatusCode, HttpError> {
    app::let_in(&app, id, request.let_in).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

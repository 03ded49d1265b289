//! Users, as staff see and change them, and what the other services ask about their roles.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::Deserialize;
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json, Path, ProblemBody};
use techtrove_identity_api::{Admin, Role, Support, UserId};
use utoipa::ToSchema;

use super::auth::UserBody;
use crate::app::{self, App};

/// The most roles that a user is given: each one once.
const MAX_ROLES: usize = 4;

/// What a user is from now on, and nothing else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesRequest {
    #[schema(min_items = 1, max_items = 4, example = json!(["support"]))]
    roles: Vec<Role>,
}

impl RolesRequest {
    fn checked(self) -> Result<Vec<Role>, Problem> {
        if self.roles.is_empty() || self.roles.len() > MAX_ROLES {
            let detail = format!("has 1 to {MAX_ROLES} roles");
            return Err(Problem::invalid_field("/roles", detail));
        }
        Ok(BTreeSet::from_iter(self.roles).into_iter().collect())
    }
}

/// Shows a user to support.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", operation_id = "get_user", tag = "users",
    params(("id" = UserId, Path)), security(("bearer" = [])),
    responses(
        (status = 200, body = UserBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    _: Support,
    Path(id): Path<UserId>,
) -> Result<Json<UserBody>, HttpError> {
    Ok(Json(app::get_user(&app, id).await?.into()))
}

/// Gives a user these roles and no others. What is lost ends within five seconds, what is gained stands
/// in the user's next access token. The last administrator stays one: 409 `last_admin`.
#[utoipa::path(
    put, path = "/api/v1/users/{id}/roles", operation_id = "set_roles", tag = "users",
    params(("id" = UserId, Path)), request_body = RolesRequest, security(("bearer" = [])),
    responses(
        (status = 200, body = UserBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn set_roles(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    Json(request): Json<RolesRequest>,
) -> Result<Json<UserBody>, HttpError> {
    Ok(Json(app::set_roles(&app, admin, id, request.checked()?).await?.into()))
}

/// What a user is at this moment: an internal route which the gateway never shows.
pub(super) async fn list_roles(
    State(app): State<App>,
    Path(id): Path<UserId>,
) -> Result<Json<Vec<Role>>, HttpError> {
    Ok(Json(app::list_roles(&app, id).await?))
}

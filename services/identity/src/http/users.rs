//! Users, as staff see and change them.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use techtrove_core::{EmailAddress, Page, PageRequest, Problem, Timestamp};
use techtrove_http::{HttpError, Json, NoFields, OptionalJson, Path, ProblemBody, Query};
use techtrove_identity_api::{Admin, Role, Support, UserId};
use utoipa::{IntoParams, ToSchema};

use super::grants::Grants;
use crate::{
    app::{self, App},
    domain::{Preferences, Profile, User},
};

/// The most roles that a user is given: each one once.
const MAX_ROLES: usize = 4;

/// A user, as they and staff see them.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: UserId,
    email: EmailAddress,
    /// Whether it is known that the address is theirs.
    email_verified: bool,
    /// The address that they asked for, until they show that it is theirs.
    pending_email: Option<EmailAddress>,
    name: String,
    /// How to call them in public.
    display_name: Option<String>,
    phone: Option<String>,
    /// Their language and region (BCP 47).
    locale: Option<String>,
    /// What they prefer: texts, numbers and booleans by name.
    #[schema(value_type = Object)]
    preferences: Preferences,
    roles: Vec<Role>,
    /// What they may do as a manager.
    grants: Grants,
    /// Whether they may not come in.
    disabled: bool,
    /// Raised by each edit of what they say of themselves.
    version: i64,
    created_at: Timestamp,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        let Profile { name, display_name, phone, locale, preferences } = user.profile;
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            pending_email: user.pending_email,
            name,
            display_name,
            phone,
            locale,
            preferences,
            roles: user.roles,
            grants: Grants { categories: user.categories },
            disabled: user.disabled_at.is_some(),
            version: user.version,
            created_at: user.created_at,
        }
    }
}

/// Which users, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Their address, whatever its case.
    email: Option<EmailAddress>,
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

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

/// Lists users, newest first, to support.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "list_users", tag = "users",
    params(ListQuery), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<UserBody>), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Support,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<UserBody>>, HttpError> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    Ok(Json(app::list_users(&app, query.email, &page).await?.map(UserBody::from)))
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

/// Keeps a user out: they can neither sign in nor refresh, and their sessions end within a minute. The
/// last administrator stays one: 409 `last_admin`.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/disable", operation_id = "disable_user", tag = "users",
    params(("id" = UserId, Path)), security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 200, body = UserBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn disable(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    _: OptionalJson<NoFields>,
) -> Result<Json<UserBody>, HttpError> {
    Ok(Json(app::disable_user(&app, admin, id).await?.into()))
}

/// Lets a user come in again.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/enable", operation_id = "enable_user", tag = "users",
    params(("id" = UserId, Path)), security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 200, body = UserBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn enable(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    _: OptionalJson<NoFields>,
) -> Result<Json<UserBody>, HttpError> {
    Ok(Json(app::enable_user(&app, admin, id).await?.into()))
}

//! Of which categories somebody is a manager.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json, Path, ProblemBody};
use techtrove_identity_api::{Admin, GrantedCategory, UserId};
use utoipa::ToSchema;

use super::users::UserBody;
use crate::app::{self, App};

/// How many categories a manager is limited to.
const MAX_CATEGORIES: usize = 100;

/// The categories whose products a manager may change, with those below them; `null` for all.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"categories": null}))]
pub(crate) struct Grants {
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true, max_items = 100)]
    pub(super) categories: Option<Vec<GrantedCategory>>,
}

impl Grants {
    fn checked(self) -> Result<Option<Vec<GrantedCategory>>, Problem> {
        let Some(categories) = self.categories else { return Ok(None) };
        if categories.len() > MAX_CATEGORIES {
            let detail = format!("has at most {MAX_CATEGORIES} categories");
            return Err(Problem::invalid_field("/categories", detail));
        }
        Ok(Some(BTreeSet::from_iter(categories).into_iter().collect()))
    }
}

/// Limits a manager to the products of categories and of those below them; what is lost ends within five
/// seconds. A limited manager changes neither categories nor collections, and imports nothing.
#[utoipa::path(
    put, path = "/api/v1/users/{id}/grants", operation_id = "set_grants", tag = "users",
    params(("id" = UserId, Path)), request_body = Grants, security(("bearer" = [])),
    responses(
        (status = 200, body = UserBody), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    Json(request): Json<Grants>,
) -> Result<Json<UserBody>, HttpError> {
    Ok(Json(app::set_grants(&app, admin, id, request.checked()?).await?.into()))
}

//! Where users are signed in, and signing out.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use techtrove_core::{Page, PageRequest, Timestamp};
use techtrove_http::{HttpError, Json, NoFields, OptionalJson, Path, ProblemBody, Query, private};
use techtrove_identity_api::{SessionId, SignedIn};
use utoipa::ToSchema;

use crate::{
    app::{self, App},
    domain::LiveSession,
};

/// A session of the caller's.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    id: SessionId,
    /// When they signed in.
    created_at: Timestamp,
    /// When it was renewed last.
    last_used_at: Timestamp,
    /// What the device said of itself then.
    user_agent: Option<String>,
    /// Where it called from then.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionBody {
    fn of(session: LiveSession, current: SessionId) -> Self {
        Self {
            id: session.id,
            created_at: session.started_at,
            last_used_at: session.used_at,
            user_agent: session.device.user_agent,
            address: session.device.address,
            current: session.id == current,
        }
    }
}

/// Signs out: the caller's session ends within a minute, its refresh token at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "log_out", tag = "identity",
    security(("bearer" = [])),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    responses(
        (status = 204, description = "The session has ended"), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn log_out(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    _: OptionalJson<NoFields>,
) -> Result<StatusCode, HttpError> {
    app::log_out(&app, user.sid).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the caller is signed in, newest first.
#[utoipa::path(
    get, path = "/api/v1/users/me/sessions", operation_id = "list_sessions", tag = "users",
    params(PageRequest), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<SessionBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<Response, HttpError> {
    let found = app::list_sessions(&app, user.sub, &page).await?;
    Ok(private(Json(found.map(|session| SessionBody::of(session, user.sid)))))
}

/// Ends one of the caller's sessions within a minute, its refresh token at once.
#[utoipa::path(
    delete, path = "/api/v1/users/me/sessions/{id}", operation_id = "end_session", tag = "users",
    params(("id" = SessionId, Path, description = "Which session")), security(("bearer" = [])),
    responses(
        (status = 204, description = "It has ended"), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn end(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, HttpError> {
    app::end_session(&app, user.sub, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

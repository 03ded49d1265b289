//! Whether reviews helped.

use axum::{extract::State, http::StatusCode};
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json, Path, ProblemBody};
use techtrove_identity_api::SignedIn;

use crate::{
    app::{self, App},
    domain::{NewVote, ReviewId, Vote},
};

/// Says whether somebody else's review helped the caller, whatever they said of it before.
#[utoipa::path(
    put, path = "/api/v1/reviews/{id}/vote", operation_id = "vote_on_review", tag = "community",
    params(("id" = ReviewId, Path, description = "Which review")),
    request_body = NewVote, security(("bearer" = [])),
    responses(
        (status = 200, body = Vote), (status = 400, body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody, description = "`own_review`"),
        (status = 404, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn vote(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<ReviewId>,
    Json(NewVote { helpful }): Json<NewVote>,
) -> Result<Json<Vote>, HttpError> {
    Ok(Json(app::vote(&app, user.sub, id, helpful).await.map_err(Problem::from)?))
}

/// Takes back what the caller said of a review, if they said anything.
#[utoipa::path(
    delete, path = "/api/v1/reviews/{id}/vote", operation_id = "take_vote_back", tag = "community",
    params(("id" = ReviewId, Path, description = "Which review")),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "There is no vote of the caller's"),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn take_back(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Path(id): Path<ReviewId>,
) -> Result<StatusCode, HttpError> {
    app::take_vote_back(&app, user.sub, id).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

//! Passwords that change, and addresses that are shown to be somebody's.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use techtrove_core::EmailAddress;
use techtrove_http::{HttpError, Json, ProblemBody};
use techtrove_identity_api::SignedIn;
use utoipa::ToSchema;

use super::device::Calling;
use crate::{
    app::{self, App},
    domain::Secret,
    error::Error,
};

/// The longest password, in characters; a longer one is nobody's.
const MAX_PASSWORD: usize = 128;

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordRequest {
    #[schema(max_length = 128, format = Password, example = "plum-anchor-42-tide")]
    current_password: String,
    #[schema(min_length = 8, max_length = 128, format = Password, example = "plum-anchor-42-tide")]
    new_password: String,
}

/// A token that came by mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyEmailRequest {
    #[schema(max_length = 128)]
    token: String,
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotPasswordRequest {
    email: EmailAddress,
}

/// A token that came by mail, and the password from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPasswordRequest {
    #[schema(max_length = 128)]
    token: String,
    #[schema(min_length = 8, max_length = 128, format = Password, example = "plum-anchor-42-tide")]
    password: String,
}

/// Changes the caller's password. Their other sessions end, and a mail tells of it.
#[utoipa::path(
    post, path = "/api/v1/auth/change-password", operation_id = "change_password", tag = "identity",
    request_body = ChangePasswordRequest, security(("bearer" = [])),
    responses(
        (status = 204, description = "It is changed"),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody, description = "`wrong_password`"),
        (status = 404, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn change_password(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Calling(device): Calling,
    Json(request): Json<ChangePasswordRequest>,
) -> Result<StatusCode, HttpError> {
    let ChangePasswordRequest { current_password, new_password } = request;
    if current_password.chars().count() > MAX_PASSWORD {
        return Err(Error::WrongPassword.into());
    }
    app::change_password(&app, &user, (current_password, new_password), &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows that an address is its user's, by the token that was mailed there. Where they asked for it to be
/// their account's, it is from now on. A token that is shown again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email", operation_id = "verify_email", tag = "identity",
    request_body = VerifyEmailRequest,
    responses(
        (status = 204, description = "The address is theirs"), (status = 400, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`email_taken`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "`invalid_token`"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn verify_email(
    State(app): State<App>,
    Json(request): Json<VerifyEmailRequest>,
) -> Result<StatusCode, HttpError> {
    app::verify_email(&app, &Secret::presented(&request.token)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a token to an address with which its account's password can be reset, if there is such an
/// account; the answer does not tell.
#[utoipa::path(
    post, path = "/api/v1/auth/forgot-password", operation_id = "forgot_password", tag = "identity",
    request_body = ForgotPasswordRequest,
    responses(
        (status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 400, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    Json(request): Json<ForgotPasswordRequest>,
) -> Result<StatusCode, HttpError> {
    app::forgot_password(&app, &request.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Chooses another password by the token that was mailed, which is good for an hour and once. All sessions
/// end.
#[utoipa::path(
    post, path = "/api/v1/auth/reset-password", operation_id = "reset_password", tag = "identity",
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "The password is another from now on"),
        (status = 400, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "`invalid_token`, or the password is refused"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn reset_password(
    State(app): State<App>,
    Json(request): Json<ResetPasswordRequest>,
) -> Result<StatusCode, HttpError> {
    let secret = Secret::presented(&request.token);
    app::reset_password(&app, &secret, &request.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

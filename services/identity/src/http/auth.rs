//! Making an account and signing in.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use techtrove_core::{EmailAddress, Problem, has_card_number, language_tag};
use techtrove_http::{HttpError, Json, ProblemBody, accepted_languages};
use utoipa::ToSchema;

use super::{device::Calling, users::UserBody};
use crate::{
    app::{self, App, Registration, SignedIn},
    domain::{MAX_NAME, Password, Secret, line},
    error::Error,
};

/// Answers with tokens must not be kept by anybody on the way (RFC 6749, 5.1).
const NO_STORE: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// Makes an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    pub(super) email: EmailAddress,
    #[schema(min_length = 8, max_length = 128, format = Password, example = "plum-anchor-42-tide")]
    pub(super) password: String,
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub(super) name: String,
    /// Their language and region (BCP 47), in which mails are written; what `Accept-Language` wants most
    /// when absent.
    #[serde(default)]
    #[schema(max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", example = "en-GB")]
    pub(super) locale: Option<String>,
}

/// Signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    #[schema(max_length = 128, format = Password, example = "plum-anchor-42-tide")]
    password: String,
}

/// Trades a refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    #[schema(max_length = 128)]
    refresh_token: String,
}

/// A signed-in user with their tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenResponse {
    user: UserBody,
    access_token: String,
    refresh_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: i64,
}

impl From<SignedIn> for TokenResponse {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            user: signed_in.user.into(),
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: signed_in.expires_in,
        }
    }
}

impl RegisterRequest {
    /// The registration, when every value is acceptable.
    pub(super) fn checked(self) -> Result<Registration, Problem> {
        let name = line(&self.name, MAX_NAME);
        let name = name.map_err(|why| Problem::invalid_field("/name", why))?;
        let locale = self.locale.as_deref().map(language_tag).transpose();
        let locale = locale.map_err(|why| Problem::invalid_field("/locale", why))?;
        let password =
            Password::choose(&self.password, self.email.as_str()).map_err(Error::from)?;
        Ok(Registration { name, locale, password, email: self.email })
    }
}

/// Makes an account and signs in. A mail asks to show that the address is theirs.
#[utoipa::path(
    post, path = "/api/v1/auth/register", operation_id = "register", tag = "identity",
    params(("Accept-Language" = Option<String>, Header, description = "What they read, when `locale` is absent")),
    request_body = RegisterRequest,
    responses(
        (status = 201, body = TokenResponse,
            headers(("Location" = String, description = "Where the account is"))),
        (status = 400, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn register(
    State(app): State<App>,
    Calling(device): Calling,
    headers: HeaderMap,
    Json(request): Json<RegisterRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let mut registration = request.checked()?;
    if registration.locale.is_none() {
        let wanted = accepted_languages(&headers);
        registration.locale = wanted.into_iter().find(|tag| !has_card_number(tag));
    }
    let signed_in = app::register(&app, registration, device).await?;
    let place = [(header::LOCATION, "/api/v1/users/me")];
    Ok((StatusCode::CREATED, NO_STORE, place, axum::Json(TokenResponse::from(signed_in))))
}

/// Signs in. Whoever fails again and again has to wait ever longer: 429.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "log_in", tag = "identity",
    request_body = LoginRequest,
    responses(
        (status = 200, body = TokenResponse),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody, description = "`account_disabled`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn log_in(
    State(app): State<App>,
    Calling(device): Calling,
    Json(request): Json<LoginRequest>,
) -> Result<impl IntoResponse, HttpError> {
    if request.email.len() > 254 || request.password.chars().count() > 128 {
        return Err(Error::InvalidCredentials.into());
    }
    let email = request.email.to_lowercase();
    let signed_in = app::log_in(&app, email, request.password, device).await?;
    Ok((NO_STORE, axum::Json(TokenResponse::from(signed_in))))
}

/// Trades a refresh token for a new pair.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "identity",
    request_body = RefreshRequest,
    responses(
        (status = 200, body = TokenResponse),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Calling(device): Calling,
    Json(request): Json<RefreshRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let presented = Secret::presented(&request.refresh_token);
    let signed_in = app::refresh(&app, &presented, device).await?;
    Ok((NO_STORE, axum::Json(TokenResponse::from(signed_in))))
}

//! The pages that the links in mails about an account lead to: a form each, which does what the link is for.
//! A storefront may have pages of its own there, which call `/auth/verify-email` and `/auth/reset-password`.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use techtrove_core::Problem;
use techtrove_http::{Form as FormBody, HttpError, ProblemBody, Query};
use techtrove_identity_api::{MailedPurpose, MailedSecret, PresentSecret, Presented};
use utoipa::{IntoParams, ToSchema};

use super::page::{Form, Page, ended};
use crate::{
    app::{self, App},
    domain::{Language, PagePhrases},
};

/// The token of a link.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    /// From the link in the mail.
    #[param(value_type = String, max_length = 128)]
    token: MailedSecret,
}

/// The password from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPasswordForm)]
pub(crate) struct PasswordForm {
    #[schema(min_length = 8, max_length = 128, format = Password, example = "plum-anchor-42-tide")]
    password: String,
}

/// A page that asks whether an address is the reader's, who has the mail that was sent there. Looking changes
/// nothing: mail programs follow links by themselves.
#[utoipa::path(
    get, path = "/verify-email", operation_id = "show_verify_email", tag = "notifications",
    params(LinkQuery),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 400, body = ProblemBody),
        (status = 422, content((String = "text/html"), (ProblemBody = "application/json")),
            description = "The link leads nowhere, or not any more"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ask_address(
    State(app): State<App>,
    Query(LinkQuery { token }): Query<LinkQuery>,
) -> Result<Response, HttpError> {
    ask(&app, MailedPurpose::VerifyEmail, token).await
}

/// Shows that an address is the reader's, as `POST /auth/verify-email` does; the body is not looked at.
#[utoipa::path(
    post, path = "/verify-email", operation_id = "verify_email_on_page", tag = "notifications",
    params(LinkQuery),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "It is done"),
        (status = 400, body = ProblemBody),
        (status = 409, body = String, content_type = "text/html",
            description = "The address is another account's by now"),
        (status = 422, content((String = "text/html"), (ProblemBody = "application/json")),
            description = "The link leads nowhere, or not any more"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn verify_address(
    State(app): State<App>,
    Query(LinkQuery { token }): Query<LinkQuery>,
) -> Result<Response, HttpError> {
    let secret = PresentSecret::VerifyEmail { secret: token.clone() };
    follow(&app, MailedPurpose::VerifyEmail, token, &secret).await
}

/// A page to choose another password, for whoever has the mail that lets them. Looking changes nothing.
#[utoipa::path(
    get, path = "/reset-password", operation_id = "show_reset_password", tag = "notifications",
    params(LinkQuery),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 400, body = ProblemBody),
        (status = 422, content((String = "text/html"), (ProblemBody = "application/json")),
            description = "The link leads nowhere, or not any more"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ask_password(
    State(app): State<App>,
    Query(LinkQuery { token }): Query<LinkQuery>,
) -> Result<Response, HttpError> {
    ask(&app, MailedPurpose::ResetPassword, token).await
}

/// Chooses another password, as `POST /auth/reset-password` does.
#[utoipa::path(
    post, path = "/reset-password", operation_id = "reset_password_on_page", tag = "notifications",
    params(LinkQuery),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "It is done"),
        (status = 400, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody),
        (status = 422, content((String = "text/html"), (ProblemBody = "application/json")),
            description = "The link leads nowhere, or not any more, or the password is refused"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn choose_password(
    State(app): State<App>,
    Query(LinkQuery { token }): Query<LinkQuery>,
    FormBody(PasswordForm { password }): FormBody<PasswordForm>,
) -> Result<Response, HttpError> {
    let secret = PresentSecret::ResetPassword { secret: token.clone(), password };
    follow(&app, MailedPurpose::ResetPassword, token, &secret).await
}

/// What a page of this purpose says in this language.
fn phrases_of(language: Language, purpose: MailedPurpose) -> &'static PagePhrases {
    match purpose {
        MailedPurpose::VerifyEmail => &language.pages().verify_email,
        MailedPurpose::ResetPassword => &language.pages().reset_password,
    }
}

/// Asks whether to do what a link is for.
async fn ask(
    app: &App,
    purpose: MailedPurpose,
    token: MailedSecret,
) -> Result<Response, HttpError> {
    let language = app::language_of_link(app, purpose, token).await.map_err(Problem::from)?;
    let Some(language) = language else {
        return Ok(ended(app, phrases_of(app.language, purpose))?);
    };
    let phrases = phrases_of(language, purpose);
    let words = &(phrases.question)(&app.stationery.shop);
    let form = match purpose {
        MailedPurpose::VerifyEmail => Form::Button,
        MailedPurpose::ResetPassword => Form::Password(language.pages().password),
    };
    Ok(Page { language, phrases, words, form }.answer(app)?)
}

/// Does what a link is for, and says what became of it.
async fn follow(
    app: &App,
    purpose: MailedPurpose,
    token: MailedSecret,
    secret: &PresentSecret,
) -> Result<Response, HttpError> {
    let language = app::language_of_link(app, purpose, token).await.map_err(Problem::from)?;
    let Some(language) = language else {
        return Ok(ended(app, phrases_of(app.language, purpose))?);
    };
    let presented = app::follow_link(app, secret).await.map_err(Problem::from)?;
    let (pages, phrases) = (language.pages(), phrases_of(language, purpose));
    let (status, words, form) = match presented {
        Presented::Accepted => (StatusCode::OK, phrases.done, Form::Nothing),
        Presented::Ended => (StatusCode::UNPROCESSABLE_ENTITY, phrases.ended, Form::Nothing),
        Presented::EmailTaken => (StatusCode::CONFLICT, pages.email_taken, Form::Nothing),
        Presented::PasswordRefused => {
            let form = Form::Password(pages.password);
            (StatusCode::UNPROCESSABLE_ENTITY, pages.password_refused, form)
        }
    };
    Ok((status, Page { language, phrases, words, form }.answer(app)?).into_response())
}

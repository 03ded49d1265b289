//! Which mails people want: of their account, and by the link in a mail, without signing in.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json, ProblemBody, Query, private};
use techtrove_identity_api::SignedIn;
use utoipa::{IntoParams, ToSchema};

use super::page::{Form, Page, ended};
use crate::{
    app::{self, App},
    domain::{Kind, Language, Record},
    error::Error,
};

/// Which mails the caller wants, of those that are not needed. What they ordered, paid, asked for or
/// must know of their account is always written.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationPreferences,
    example = json!({"order_shipped": true, "order_delivered": false}))]
pub(crate) struct PreferencesBody {
    /// That a parcel is on its way.
    order_shipped: bool,
    /// That an order has arrived.
    order_delivered: bool,
}

/// The token of a link.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenQuery {
    /// From the link in the mail.
    #[param(max_length = 100)]
    token: String,
}

impl PreferencesBody {
    fn but(refused: &[Kind]) -> Self {
        Self {
            order_shipped: !refused.contains(&Kind::OrderShipped),
            order_delivered: !refused.contains(&Kind::OrderDelivered),
        }
    }
}

/// Which mails the caller wants.
#[utoipa::path(
    get, path = "/api/v1/users/me/notification-preferences",
    operation_id = "get_notification_preferences", tag = "notifications",
    security(("bearer" = [])),
    responses(
        (status = 200, body = PreferencesBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    SignedIn(user): SignedIn,
    State(app): State<App>,
) -> Result<Response, HttpError> {
    let refused = app::list_refusals(&app, user.sub).await.map_err(Problem::from)?;
    Ok(private(Json(PreferencesBody::but(&refused))))
}

/// Says which mails the caller wants, of those that are not needed.
#[utoipa::path(
    put, path = "/api/v1/users/me/notification-preferences",
    operation_id = "set_notification_preferences", tag = "notifications",
    request_body = PreferencesBody,
    security(("bearer" = [])),
    responses(
        (status = 200, body = PreferencesBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn set(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Json(wanted): Json<PreferencesBody>,
) -> Result<Response, HttpError> {
    let kinds = vec![
        (Kind::OrderShipped, wanted.order_shipped),
        (Kind::OrderDelivered, wanted.order_delivered),
    ];
    app::set_preferences(&app, user.sub, kinds).await.map_err(Problem::from)?;
    Ok(private(Json(wanted)))
}

/// A page that asks whether the recipient of a mail wants no more such mails. Looking changes nothing:
/// mail programs follow links by themselves.
#[utoipa::path(
    get, path = "/api/v1/notifications/unsubscribe", operation_id = "show_unsubscribe",
    tag = "notifications", params(TokenQuery),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 400, body = ProblemBody),
        (status = 422, content((String = "text/html"), (ProblemBody = "application/json")),
            description = "The token is none of this shop's"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ask(
    State(app): State<App>,
    Query(query): Query<TokenQuery>,
) -> Result<Response, HttpError> {
    let mail = match app::mail_of_token(&app, &query.token).await {
        Err(Error::Token) => return Ok(ended(&app, &app.language.pages().unsubscribe)?),
        found => found.map_err(Problem::from)?,
    };
    let language = language_of(&app, &mail);
    let phrases = &language.pages().unsubscribe;
    let subject = app.subject(&mail).unwrap_or_else(|| app.stationery.shop.clone());
    let words = &(phrases.question)(&subject);
    Ok(Page { language, phrases, words, form: Form::Button }.answer(&app)?)
}

/// Says that the recipient of a mail wants no more such mails, with the token of its link alone: the one
/// click of RFC 8058, whose body is not looked at. Asking again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/notifications/unsubscribe", operation_id = "unsubscribe",
    tag = "notifications", params(TokenQuery),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "It is done"),
        (status = 400, body = ProblemBody),
        (status = 422, content((String = "text/html"), (ProblemBody = "application/json")),
            description = "The token is none of this shop's"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn unsubscribe(
    State(app): State<App>,
    Query(query): Query<TokenQuery>,
) -> Result<Response, HttpError> {
    let mail = match app::unsubscribe(&app, &query.token).await {
        Err(Error::Token) => return Ok(ended(&app, &app.language.pages().unsubscribe)?),
        done => done.map_err(Problem::from)?,
    };
    let language = language_of(&app, &mail);
    let phrases = &language.pages().unsubscribe;
    Ok(Page { language, phrases, words: phrases.done, form: Form::Nothing }.answer(&app)?)
}

/// The language of the mail, or of the shop when that is forgotten.
fn language_of(app: &App, mail: &Record) -> Language {
    mail.letter.as_ref().map_or(app.language, |letter| letter.language)
}

//! Which mails people want: of their account, and by the link in a mail, without signing in.

use askama::Template;
use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use techtrove_core::Problem;
use techtrove_http::{HttpError, Json, ProblemBody, Query, private};
use techtrove_identity_api::SignedIn;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{self, App},
    domain::{Kind, PagePhrases, Record},
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
        (status = 422, body = ProblemBody, description = "The token is none of this shop's"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ask(
    State(app): State<App>,
    Query(query): Query<TokenQuery>,
) -> Result<Response, HttpError> {
    let mail = app::mail_of_token(&app, &query.token).await.map_err(Problem::from)?;
    page(&app, &mail, false)
}

/// Says that the recipient of a mail wants no more such mails, with the token of its link alone: the one
/// click of RFC 8058, whose body is not looked at. Asking again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/notifications/unsubscribe", operation_id = "unsubscribe",
    tag = "notifications", params(TokenQuery),
    responses(
        (status = 200, body = String, content_type = "text/html", description = "It is done"),
        (status = 400, body = ProblemBody),
        (status = 422, body = ProblemBody, description = "The token is none of this shop's"),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn unsubscribe(
    State(app): State<App>,
    Query(query): Query<TokenQuery>,
) -> Result<Response, HttpError> {
    let mail = app::unsubscribe(&app, &query.token).await.map_err(Problem::from)?;
    page(&app, &mail, true)
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct UnsubscribePage<'a> {
    language: &'a str,
    shop: &'a str,
    phrases: &'a PagePhrases,
    words: String,
    done: bool,
}

/// The page in the language of the mail, or of the shop when that is forgotten.
fn page(app: &App, mail: &Record, done: bool) -> Result<Response, HttpError> {
    let language = mail.letter.as_ref().map_or(app.language, |letter| letter.language);
    let phrases = language.page();
    let subject = app.subject(mail).unwrap_or_else(|| app.stationery.shop.clone());
    let words = if done { phrases.done.to_owned() } else { (phrases.question)(&subject) };
    let shop = &app.stationery.shop;
    let page = UnsubscribePage { language: language.tag(), shop, phrases, words, done };
    let page = page.render().map_err(Problem::internal)?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                  frame-ancestors 'none'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Html(page)).into_response())
}

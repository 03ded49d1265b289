//! Which mails were written, for staff and for whoever is signed in; and sending one again.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use techtrove_core::{EmailAddress, Page, PageRequest, Problem, Timestamp, TypedId as _};
use techtrove_http::{
    HttpError, Json, NoFields, Path, ProblemBody, Query,
    idempotency::{Answer, IdempotencyKey, OptionalIdempotent, Repeatable, Scope},
    private,
};
use techtrove_identity_api::{SignedIn, Support, UserId};
use techtrove_notifications_api::NotificationId;
use techtrove_orders_api::OrderId;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{self, App, Resent},
    domain::{DeliveryError, Kind, MailState, Record},
    store::MailFilter,
};

/// Whose mails, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// To whom, whatever the address's case; to anybody, when absent.
    recipient: Option<EmailAddress>,
    /// Where they stand: `failed` are those that were given up.
    #[param(inline)]
    state: Option<MailState>,
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// A mail that was written, without what it says.
#[derive(Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationBody {
    #[serde(flatten)]
    own: OwnNotificationBody,
    /// Where it goes.
    recipient: EmailAddress,
    /// Whose account it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// Where it stands: `kept` is the mailbox of a shop without a mail server.
    state: MailState,
    /// How often it was tried.
    attempts: u32,
    /// Why it did not leave when it was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<DeliveryError>,
    /// Its `Message-ID`, by which mail servers' logs name it.
    message_id: String,
    /// The mail that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_id: Option<NotificationId>,
}

/// A mail that was written to the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnNotification)]
pub(crate) struct OwnNotificationBody {
    id: NotificationId,
    kind: Kind,
    /// Its subject, as long as what it says is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderId>,
    /// When it was written.
    created_at: Timestamp,
    /// When it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Timestamp>,
}

impl OwnNotificationBody {
    fn of(record: &Record, subject: Option<String>) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            subject,
            order_id: record.kind.is_of_order().then(|| OrderId::from_uuid(record.subject_id)),
            created_at: record.created_at,
            sent_at: record.sent_at,
        }
    }
}

impl NotificationBody {
    fn of(record: Record, subject: Option<String>) -> Self {
        Self {
            own: OwnNotificationBody::of(&record, subject),
            recipient: record.recipient.email,
            user_id: record.recipient.user,
            state: record.state,
            attempts: record.attempts,
            last_error: record.last_error,
            message_id: record.message_id,
            original_id: record.original,
        }
    }
}

impl Repeatable for Resent {
    fn answer(&self) -> Result<Answer, Problem> {
        let location = format!("/api/v1/notifications/{}", self.record.id);
        let body = NotificationBody::of(self.record.clone(), Some(self.subject.clone()));
        Answer::created(&location, &body)
    }
}

/// Lists the mails that were written, newest first, without what they say.
#[utoipa::path(
    get, path = "/api/v1/notifications", operation_id = "list_notifications",
    tag = "notifications",
    params(ListQuery), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<NotificationBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    _support: Support,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Response, HttpError> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let recipient_folded = query.recipient.map(|address| address.folded());
    let filter = MailFilter { recipient_folded, state: query.state };
    let found = app::list_notifications(&app, filter, &page).await?;
    Ok(private(Json(found.map(|record| {
        let subject = app.subject(&record);
        NotificationBody::of(record, subject)
    }))))
}

/// Shows one mail, without what it says.
#[utoipa::path(
    get, path = "/api/v1/notifications/{id}", operation_id = "get_notification",
    tag = "notifications",
    params(("id" = NotificationId, Path, description = "Which mail")),
    security(("bearer" = [])),
    responses(
        (status = 200, body = NotificationBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn show(
    _support: Support,
    State(app): State<App>,
    Path(id): Path<NotificationId>,
) -> Result<Response, HttpError> {
    let record = app::get_notification(&app, id).await.map_err(Problem::from)?;
    let subject = app.subject(&record);
    Ok(private(Json(NotificationBody::of(record, subject))))
}

/// Sends a mail again to whom it went before, as a mail of its own. One that is still to be sent, itself
/// or as such a copy, is tried again by itself (`still_queued`), one whose contents are not kept any more cannot be
/// (`mail_forgotten`), nor one whose link was used or has ended (`link_ended`), and one that its recipient
/// wants no more of is not (`unsubscribed`).
#[utoipa::path(
    post, path = "/api/v1/notifications/{id}/resend", operation_id = "resend_notification",
    tag = "notifications",
    params(
        ("id" = NotificationId, Path, description = "Which mail"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header),
    ),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    security(("bearer" = [])),
    responses(
        (status = 201, body = NotificationBody, description = "It is to be sent, or kept",
            headers(("Location" = String, description = "Where the new mail is"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`still_queued`, `mail_forgotten`, `link_ended` or `unsubscribed`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn resend(
    support: Support,
    State(app): State<App>,
    Path(id): Path<NotificationId>,
    OptionalIdempotent(request): OptionalIdempotent<NoFields>,
) -> Result<Response, HttpError> {
    let key = request.key(Scope::User(support.0.uuid()), app.clock.now());
    let outcome = app::resend(&app, id, key).await.map_err(Problem::from)?;
    outcome.respond(|made| Ok(axum::response::IntoResponse::into_response(made.answer()?)))
}

/// Lists the mails that were written to the caller, newest first.
#[utoipa::path(
    get, path = "/api/v1/users/me/notifications", operation_id = "list_own_notifications",
    tag = "notifications",
    params(PageRequest), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<OwnNotificationBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody),
        (status = 500, body = ProblemBody), (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn list_own(
    SignedIn(user): SignedIn,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> Result<Response, HttpError> {
    let found = app::list_own_notifications(&app, user.sub, &page).await?;
    Ok(private(Json(found.map(|record| OwnNotificationBody::of(&record, app.subject(&record))))))
}

//! Tracking an order: its stream of events, and the tickets by which a browser opens it. What stands in
//! the query must never be logged.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::stream;
use serde::{Deserialize, Serialize};
use techtrove_core::{Problem, Timestamp, codes};
use techtrove_http::{
    HttpError, Json, NoFields, OptionalJson, Path, ProblemBody, Query, idempotency::IdempotencyKey,
    no_store, server::Draining, sse,
};
use techtrove_identity_api::StandingCaller;
use techtrove_orders_api::OrderId;
use utoipa::{IntoParams, ToSchema};

use super::orders::{OrderCaller, viewer};
use crate::{
    app::{self, App, OrderStream, Pass},
    domain::{Entry, entry_kind_word},
};

/// How a stream is opened.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// A ticket, in place of a token in a header. It opens one stream.
    #[serde(default)]
    #[param(min_length = 1, max_length = 255, format = Password)]
    ticket: Option<String>,
    /// The id of the last event the client has, for a browser that comes back with a new ticket;
    /// `Last-Event-ID` counts before it.
    #[serde(default)]
    last_event_id: Option<u64>,
}

/// A ticket.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketBody {
    /// Sent as `?ticket=` to the order's events, once.
    #[schema(min_length = 43, max_length = 43)]
    ticket: String,
    /// Until when it can be used.
    expires_at: Timestamp,
}

/// One event of an order, as a client of Server-Sent Events reads it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is written as text, and is never made")]
pub(crate) struct OrderEvent {
    /// Its place in the order's history, from 1.
    #[schema(pattern = "^[1-9][0-9]*$")]
    id: String,
    /// What changed.
    #[schema(pattern = "^(status|payment|shipment)$")]
    event: String,
    /// What it is now, as JSON.
    data: String,
}

/// Tells what becomes of an order: all so far, or all after `Last-Event-ID`, and then each change as it
/// comes. An event's `id` is its place in the order's history, from 1 without a gap; its `event` is
/// `status` (`{status, at, note?}`), `payment` (`{id, status, at}`) or `shipment` (the parcel). The
/// stream stays open until the client leaves or the shop ends.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/events", operation_id = "track_order", tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event the client has"),
        EventsQuery,
    ),
    security(("bearer" = []), ("guest" = []), ("ticket" = [])),
    responses(
        (status = 200, body = OrderEvent, content_type = "text/event-stream",
            description = "Server-Sent Events; the schema is that of one event"),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    caller: StandingCaller,
    Path(id): Path<OrderId>,
    Query(query): Query<EventsQuery>,
    parts: Parts,
    draining: Draining,
) -> Result<Response, HttpError> {
    if parts.method == Method::HEAD {
        // It would use up a ticket for nothing.
        let problem = Problem::new(codes::METHOD_NOT_ALLOWED, "a stream is opened by GET");
        let allowed = [(header::ALLOW, HeaderValue::from_static("GET"))];
        return Ok((allowed, HttpError(problem)).into_response());
    }
    let after = sse::last_event_id(&parts.headers, query.last_event_id)?;
    let pass = match query.ticket {
        Some(ticket) => Pass::Ticket(ticket),
        None => Pass::Viewer(viewer(caller.caller(), &parts.headers)?, caller),
    };
    let entries = app::track_order(&app, id, pass, after).await?;
    let events = stream::unfold(entries, next);
    Ok(sse::answer(events, app.config.tracking.heartbeat, draining))
}

/// The text of the next events; none once the order may not be seen any more, or the database fails.
async fn next(mut entries: OrderStream) -> Option<(Bytes, OrderStream)> {
    match entries.next().await {
        Ok(next) if next.is_empty() => None,
        Ok(next) => Some((next.iter().map(event).collect::<String>().into(), entries)),
        Err(error) => {
            let error = Problem::from(error);
            tracing::warn!(?error, "a stream ends, since its order cannot be read");
            None
        }
    }
}

fn event(entry: &Entry) -> String {
    sse::event(entry.number, entry_kind_word(entry.kind), &entry.data)
}

/// Issues a ticket by which a browser, which cannot send a token there, opens the order's events: once,
/// within a minute.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/stream-ticket", operation_id = "issue_stream_ticket", tag = "orders",
    params(
        ("id" = OrderId, Path, description = "Which order"),
        ("Idempotency-Key" = inline(Option<IdempotencyKey>), Header,
            description = "Accepted without effect: a ticket is never told twice."),
    ),
    request_body(content = Option<NoFields>, description = "Nothing, or `{}`"),
    security(("bearer" = []), ("guest" = [])),
    responses(
        (status = 201, body = TicketBody, headers(("Location" = String, description = "The order's events"))),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
pub(crate) async fn ticket(
    State(app): State<Arc<App>>,
    OrderCaller { viewer, .. }: OrderCaller,
    Path(id): Path<OrderId>,
    _: IdempotencyKey,
    _: OptionalJson<NoFields>,
) -> Result<Response, HttpError> {
    let issued = app::issue_ticket(&app, id, &viewer).await?;
    let location = format!("/api/v1/orders/{id}/events");
    let place = HeaderValue::try_from(location).map_err(Problem::internal)?;
    let body = TicketBody { ticket: issued.text, expires_at: issued.expires_at };
    Ok(no_store((StatusCode::CREATED, [(header::LOCATION, place)], Json(body))))
}

//! The events that a service could not take, for staff: listed, and handed to it again once what was wrong
//! is mended. What an event says stays out of the answers: it may be personal.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use techtrove_bus::{
    Event, Subscription,
    dead_letters::{self, DeadLetter, Replayed},
};
use techtrove_core::{Page, PageRequest, Problem, Timestamp};
use techtrove_db::DbError;
use techtrove_http::{HttpError, Json, OptionalJson, ProblemBody, Query, described, private};
use utoipa::{OpenApi, ToSchema, openapi};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

/// How many events one call hands over at most.
const MOST: usize = 100;

/// In the documented paths and operations, where the service's name goes.
const NAME: &str = "SERVICE";

/// What the routes of one service work with.
#[derive(Clone)]
pub struct Desk(Arc<[Subscription]>);

/// An event that a service could not take, or that waits behind such a one of its aggregate.
#[derive(Serialize, ToSchema)]
#[schema(as = ParkedEvent)]
struct ParkedEventBody {
    #[schema(value_type = String, format = "uuid")]
    event_id: Uuid,
    /// Who could not take it.
    #[schema(example = "notifications.orders")]
    consumer: String,
    /// What happened, if the event can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "orders.order.confirmed.v1")]
    kind: Option<String>,
    #[schema(example = "orders.order")]
    aggregate_kind: String,
    #[schema(value_type = String, format = "uuid")]
    aggregate_id: Uuid,
    /// Its place among the events of its aggregate.
    sequence: u64,
    /// Why it could not be taken, or behind which one it waits.
    error: String,
    /// How often it was tried; 0 when it only waits behind another.
    attempts: u64,
    parked_at: Timestamp,
}

/// Which parked events to hand over again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayRequest {
    /// Those of this aggregate alone; of all, when absent.
    #[schema(value_type = Option<String>, format = "uuid")]
    aggregate_id: Option<Uuid>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayedEvents)]
struct ReplayedBody {
    /// How many events were taken now.
    taken: usize,
    /// What stopped an aggregate, for each that was stopped.
    errors: Vec<String>,
    /// How many events are still parked.
    parked: u64,
}

#[derive(OpenApi)]
#[openapi(paths(list, replay))]
struct Document;

/// The routes of one service.
pub(crate) fn routes<A>(service: &str, subscriptions: &[Subscription]) -> OpenApiRouter
where
    A: FromRequestParts<Desk> + Send + 'static,
{
    let path = format!("/api/v1/parked-events/{service}");
    described(|| named(Document::openapi(), service))
        .route(&path, get(list::<A>))
        .route(&format!("{path}/replay"), post(replay::<A>))
        .with_state(Desk(subscriptions.into()))
}

/// The document with the service's name in the paths and the operations' names.
fn named(mut document: openapi::OpenApi, service: &str) -> openapi::OpenApi {
    let paths = &mut document.paths.paths;
    for (path, mut item) in std::mem::take(paths) {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            operation.operation_id =
                operation.operation_id.take().map(|id| id.replace(NAME, service));
        }
        paths.insert(path.replace(NAME, service), item);
    }
    document
}

impl From<DeadLetter> for ParkedEventBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            event_id: letter.event_id,
            consumer: letter.consumer,
            kind: Event::from_json(&letter.event).ok().map(|event| event.kind),
            aggregate_kind: letter.aggregate_kind,
            aggregate_id: letter.aggregate_id,
            sequence: letter.sequence,
            error: letter.error,
            attempts: letter.attempts,
            parked_at: letter.parked_at,
        }
    }
}

/// Lists the events that this service could not take, with those that wait behind them, without what they
/// say. All others go on.
#[utoipa::path(
    get, path = "/api/v1/parked-events/SERVICE", operation_id = "list_parked_events_of_SERVICE",
    tag = "operations",
    params(PageRequest), security(("bearer" = [])),
    responses(
        (status = 200, body = Page<ParkedEventBody>),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
async fn list<A>(
    _staff: A,
    State(desk): State<Desk>,
    Query(page): Query<PageRequest>,
) -> Result<Response, HttpError>
where
    A: FromRequestParts<Desk> + Send + 'static,
{
    let (limit, after) = (page.limit()?, page.after::<(String, Uuid)>()?);
    let listed = desk
        .first()
        .db
        .read("list parked events", move |tx| dead_letters::list(tx, after.as_ref(), limit + 1));
    let listed = listed.await.map_err(Problem::from)?;
    let page = Page::from_surplus(listed, limit, |last| (last.consumer.clone(), last.event_id));
    Ok(private(Json(page.map(ParkedEventBody::from))))
}

/// Hands the service its parked events again, in the order of their aggregates, at most a hundred. An event
/// that it still cannot take stays parked, with those behind it; one that it has taken before changes nothing.
#[utoipa::path(
    post, path = "/api/v1/parked-events/SERVICE/replay",
    operation_id = "replay_parked_events_of_SERVICE", tag = "operations",
    request_body(content = Option<ReplayRequest>, description = "Which; all, when absent"),
    security(("bearer" = [])),
    responses(
        (status = 200, body = ReplayedBody),
        (status = 400, body = ProblemBody), (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 413, body = ProblemBody),
        (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 429, body = ProblemBody), (status = 500, body = ProblemBody),
        (status = 503, body = ProblemBody),
    )
)]
async fn replay<A>(
    _staff: A,
    State(desk): State<Desk>,
    OptionalJson(request): OptionalJson<ReplayRequest>,
) -> Result<Response, HttpError>
where
    A: FromRequestParts<Desk> + Send + 'static,
{
    let replayed = desk.replay(request.aggregate_id).await.map_err(Problem::from)?;
    let parked = desk.first().db.read("count parked events", dead_letters::count);
    let parked = parked.await.map_err(Problem::from)?;
    let Replayed { taken, errors } = replayed;
    tracing::info!(taken, failed = errors.len(), parked, "parked events replayed by staff");
    Ok(private(Json(ReplayedBody { taken, errors, parked })))
}

impl Desk {
    /// Any subscription: all of a service have its one database.
    fn first(&self) -> &Subscription {
        self.0.first().expect("routes are made for services that listen")
    }

    async fn replay(&self, aggregate: Option<Uuid>) -> Result<Replayed, DbError> {
        let mut all = Replayed::default();
        for subscription in self.0.iter() {
            let most = MOST - all.tried().min(MOST);
            let one = dead_letters::replay(subscription, aggregate, most).await?;
            all.taken += one.taken;
            all.errors.extend(one.errors);
        }
        Ok(all)
    }
}

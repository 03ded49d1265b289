//! What staff see of the events that a service could not take, and how they hand them to it again. On every
//! engine.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    extract::FromRequestParts,
    http::{Method, request::Parts},
};
use serde_json::{Value, json};
use techtrove_bus::{
    AggregateRef, Bus, Event, EventContext, HandlerError, NewEvent, RelayOptions, Subscription,
    Taken, drain, first_time, record,
};
use techtrove_core::{ManualClock, Problem, SeededIds, SharedIds, codes};
use techtrove_db::Db;
use techtrove_http::HttpError;
use techtrove_runtime::{Readiness, Service};
use techtrove_testing::{Actor, engines};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

const LIST: &str = "/api/v1/parked-events/shelf";
const REPLAY: &str = "/api/v1/parked-events/shelf/replay";

/// Whoever says so.
struct Staff;

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        let known = parts.extensions.get::<&'static str>().copied();
        let said = parts.headers.get("x-staff").and_then(|name| name.to_str().ok());
        if said.is_some() && said == known { Ok(Self) } else { Err(refusal().into()) }
    }
}

fn refusal() -> Problem {
    Problem::new(codes::FORBIDDEN, "for staff")
}

/// A service that listens to itself, and what it has taken, in order.
struct Shelf {
    db: Db,
    clock: Arc<ManualClock>,
    ids: SharedIds,
    bus: Bus,
    /// Whether what was wrong with the service is mended.
    mended: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<(u128, u64)>>>,
    public: Actor,
    staff: Actor,
}

impl Shelf {
    async fn new(db: &Db) -> Self {
        db.migrate(&techtrove_bus::MIGRATIONS).await.expect("migrated");
        let clock = Arc::new(ManualClock::default());
        let ids: SharedIds = Arc::new(SeededIds::new(clock.clone(), 7));
        let (mended, taken) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<_>>>::default());
        let subscription = subscription(db, &mended, &taken);
        let mut bus = Bus::in_process();
        bus.subscribe(subscription.clone()).expect("the only one");
        let service = Service {
            name: "shelf",
            public: OpenApiRouter::new(),
            internal: Router::new(),
            workers: Vec::new(),
            subscriptions: vec![subscription],
            readiness: Readiness::databases(std::slice::from_ref(db)),
            databases: vec![db.clone()],
        };
        let service = service.with_parked_events::<Staff>("ada");
        let public = Actor::new(Router::from(service.public));
        let staff = public.with_header("x-staff", "ada");
        Self { db: db.clone(), clock, ids, bus, mended, taken, public, staff }
    }

    /// Something happens to these, and the news goes to whoever listens.
    async fn tell(&self, aggregates: &[u128]) {
        for aggregate in aggregates {
            let event = NewEvent {
                kind: "tests.thing.moved.v1",
                aggregate: AggregateRef { kind: "tests.thing", id: Uuid::from_u128(*aggregate) },
                data: json!({"name": "Ada"}),
            };
            let context = EventContext::new(&*self.clock, &*self.ids);
            let told = self.db.write("tell", move |tx| record(tx, &context, &event));
            told.await.expect("recorded");
        }
        let mut options =
            RelayOptions::new("/tests", &self.db, self.clock.clone(), self.ids.clone());
        options.lease = None;
        drain(&[(&self.db, &options)], &self.bus).await.expect("drained");
    }

    fn taken(&self) -> Vec<(u128, u64)> {
        self.taken.lock().expect("no panic").clone()
    }

    async fn parked(&self) -> Vec<Value> {
        let page = self.staff.get(LIST).await.expect(200).value();
        page["items"].as_array().expect("a list").clone()
    }

    async fn replay(&self, body: &Value) -> Value {
        self.staff.post(REPLAY, body).await.expect(200).value()
    }
}

/// Takes all but the second event of aggregate 1, until that is mended.
fn subscription(
    db: &Db,
    mended: &Arc<AtomicBool>,
    taken: &Arc<Mutex<Vec<(u128, u64)>>>,
) -> Subscription {
    let (own, mended, taken) = (db.clone(), Arc::clone(mended), Arc::clone(taken));
    let handle = move |event: Arc<Event>| {
        let (db, mended, taken) = (own.clone(), Arc::clone(&mended), Arc::clone(&taken));
        async move {
            let place = (event.aggregate_id.as_u128(), event.sequence);
            if place == (1, 2) && !mended.load(Ordering::SeqCst) {
                return Err(HandlerError::rejected("poison"));
            }
            let first = db.write("take", move |tx| first_time(tx, "shelf.things", &event)).await?;
            if first {
                taken.lock().expect("no panic").push(place);
            }
            Ok(Taken::Handled)
        }
    };
    Subscription {
        consumer: "shelf.things",
        aggregate_kinds: &["tests.thing"],
        db: db.clone(),
        handler: Arc::new(handle),
    }
}

#[tokio::test]
async fn a_poisoned_event_waits_with_its_aggregate_until_it_is_replayed() {
    for db in engines().await {
        let shelf = Shelf::new(&db).await;
        shelf.tell(&[1, 2, 1, 2, 1]).await;
        shelf.tell(&[2, 1]).await;

        let parked = shelf.parked().await;
        let still = shelf.replay(&json!({})).await;
        shelf.mended.store(true, Ordering::SeqCst);
        let other = shelf.replay(&json!({"aggregate_id": Uuid::from_u128(2)})).await;
        let before = shelf.taken();
        let mended = shelf.replay(&json!({"aggregate_id": Uuid::from_u128(1)})).await;
        let again = shelf.staff.post(REPLAY, &json!({})).await.expect(200).value();
        shelf.tell(&[1]).await;

        let label = db.label();
        let sequences: Vec<_> = parked.iter().map(|event| event["sequence"].clone()).collect();
        assert_eq!(sequences, [2, 3, 4], "{label}");
        assert_eq!((&parked[0]["error"], &parked[0]["attempts"]), (&json!("poison"), &json!(1)));
        assert_eq!(parked[0]["kind"], "tests.thing.moved.v1");
        assert_eq!(parked[1]["error"], "waits behind event 2 of its aggregate", "{label}");
        assert!(!json!(parked).to_string().contains("Ada"), "what it says is not shown");
        assert_eq!((&still["taken"], &still["parked"]), (&json!(0), &json!(3)), "{label}");
        assert!(still["errors"][0].as_str().is_some_and(|error| error.ends_with("poison")));
        assert_eq!(other, json!({"taken": 0, "errors": [], "parked": 3}), "{label}");
        assert_eq!(mended, json!({"taken": 3, "errors": [], "parked": 0}), "{label}");
        assert_eq!(again, json!({"taken": 0, "errors": [], "parked": 0}), "{label}");
        let of = |taken: &[(u128, u64)], wanted| {
            let of_one = taken.iter().filter(|(aggregate, _)| *aggregate == wanted);
            of_one.map(|(_, sequence)| *sequence).collect::<Vec<_>>()
        };
        assert_eq!((of(&before, 1), of(&before, 2)), (vec![1], vec![1, 2, 3]), "{label}");
        assert_eq!(of(&shelf.taken(), 1), [1, 2, 3, 4, 5], "{label}");
        assert!(shelf.parked().await.is_empty(), "{label}");
        db.close().await;
    }
}

#[tokio::test]
async fn two_who_replay_at_once_have_each_event_taken_once() {
    for db in engines().await {
        let shelf = Shelf::new(&db).await;
        shelf.tell(&[1, 1, 1, 1]).await;
        shelf.mended.store(true, Ordering::SeqCst);

        let (everything, own) = (json!({}), json!({"aggregate_id": Uuid::from_u128(1)}));
        let _ = tokio::join!(shelf.replay(&everything), shelf.replay(&own));
        // Of two that met in the middle, one may have been told to come again.
        shelf.replay(&everything).await;

        assert_eq!(shelf.taken(), [(1, 1), (1, 2), (1, 3), (1, 4)], "{}", db.label());
        assert!(shelf.parked().await.is_empty(), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn the_list_comes_in_pages_and_is_for_staff() {
    let db = techtrove_testing::sqlite_inline().await;
    let shelf = Shelf::new(&db).await;
    shelf.tell(&[1, 1, 1, 1]).await;

    let first = shelf.staff.get(&format!("{LIST}?limit=2")).await.expect(200).value();
    let next = first["next_cursor"].as_str().expect("there is more");
    let second = shelf.staff.get(&format!("{LIST}?cursor={next}")).await.expect(200).value();

    assert_eq!(first["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(second["items"][0]["sequence"], 4);
    assert_eq!(second["next_cursor"], Value::Null);
    for refused in [shelf.public.get(LIST).await, shelf.public.post(REPLAY, &json!({})).await] {
        assert_eq!(refused.status, 403);
    }
    for query in ["limit=0", "cursor=x", "unknown=1"] {
        let _ = shelf.staff.get(&format!("{LIST}?{query}")).await.expect(422);
    }
    let _ = shelf.staff.post(REPLAY, &json!({"aggregate_id": "ord_1"})).await.expect(422);
    let _ = shelf.staff.post(REPLAY, &json!({"event_id": Uuid::nil()})).await.expect(422);
    let _ = shelf.staff.request(Method::POST, REPLAY).await.expect(200);
}

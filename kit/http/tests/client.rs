//! What a caller sees of a callee, whatever happens between them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::RawQuery,
    http::{HeaderMap, StatusCode},
    routing::{delete, get, post},
};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use serde::{Deserialize, Serialize};
use techtrove_core::{ManualClock, Problem, SeededIds, codes};
use techtrove_http::{
    Call, Client, ClientError, Fault, Faults, HttpError, Json, Lost, Network, RequestContext,
    Trace, current_trace, in_trace, request_context,
};
use tokio::sync::Notify;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    name: String,
}

fn thing(name: &str) -> Thing {
    Thing { name: name.to_owned() }
}

/// A callee that counts what it carries out.
fn counting(count: &Arc<AtomicU32>) -> Router {
    let count = Arc::clone(count);
    let make = async move |Json(thing): Json<Thing>| {
        count.fetch_add(1, Ordering::SeqCst);
        Json(thing)
    };
    Router::new().route("/things", post(make))
}

/// Plays the same trick each time.
#[derive(Debug)]
struct Always(Fault);

impl Faults for Always {
    fn decide(&self, _: &Call<'_>) -> Fault {
        self.0
    }
}

async fn make_under(fault: Fault) -> (Result<Thing, ClientError>, u32) {
    let count = Arc::default();
    let client = Client::local("things", counting(&count)).with_faults(Arc::new(Always(fault)));
    let made = client.post("/things").json(&thing("lamp")).call().await;
    (made, count.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_call_brings_its_answer() {
    let (made, count) = make_under(Fault::None).await;

    assert_eq!(made.expect("made"), thing("lamp"));
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_lost_request_and_a_lost_answer_look_the_same() {
    let (lost_request, never) = make_under(Fault::DropRequest).await;
    let (lost_answer, once) = make_under(Fault::DropAnswer).await;

    for lost in [lost_request, lost_answer] {
        let error = lost.expect_err("lost");
        assert!(matches!(error, ClientError::Timeout { callee: "things", .. }), "{error}");
        assert!(error.is_outcome_unknown());
    }
    assert_eq!((never, once), (0, 1));
}

#[tokio::test]
async fn a_refused_connection_did_nothing_for_certain() {
    let (unreachable, count) = make_under(Fault::Unreachable).await;

    assert!(!unreachable.expect_err("unreachable").is_outcome_unknown());
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_repeated_request_is_carried_out_twice() {
    let (made, count) = make_under(Fault::Duplicate).await;

    assert_eq!(made.expect("made"), thing("lamp"));
    assert_eq!(count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_carried_out_all_the_same() {
    let count = Arc::default();
    let late = Always(Fault::Delay(Duration::from_secs(60)));
    let client = Client::local("things", counting(&count)).with_faults(Arc::new(late));

    let made: Result<Thing, _> = client.post("/things").json(&thing("lamp")).call().await;
    let at_the_deadline = count.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(120)).await;

    assert!(matches!(made, Err(ClientError::Timeout { .. })));
    assert_eq!((at_the_deadline, count.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test]
async fn a_problem_arrives_with_all_it_says() {
    let sold_out = || {
        let problem = Problem::new(codes::CONFLICT, "sold out").with("lines", vec![1]);
        HttpError(problem.retry_after(Duration::from_secs(3)))
    };
    let client =
        Client::local("stock", Router::new().route("/hold", post(async move || sold_out())));

    let error = client.post("/hold").call::<()>().await.expect_err("refused");

    let problem = error.refusal().expect("a refusal");
    assert!(problem.is(codes::CONFLICT));
    assert_eq!(problem.detail, "sold out");
    assert_eq!(problem.members["lines"], serde_json::json!([1]));
    assert_eq!(problem.retry_after, Some(Duration::from_secs(3)));
    assert!(!error.is_outcome_unknown());
}

#[tokio::test]
async fn a_panic_over_there_is_an_answer_here() {
    let client = Client::local("stock", Router::new().route("/", get(async || -> () { panic!() })));

    let error = client.get("/").call::<()>().await.expect_err("failed");

    assert!(matches!(&error, ClientError::Refused(problem) if problem.status == 500), "{error}");
    assert!(error.is_outcome_unknown());
    assert_eq!(Problem::from(error).status, 503);
}

#[tokio::test(start_paused = true)]
async fn a_callee_goes_on_when_its_caller_has_given_up() {
    let done = Arc::new(Notify::new());
    let told = Arc::clone(&done);
    let slow = async move || {
        tokio::time::sleep(Duration::from_secs(60)).await;
        told.notify_one();
    };
    let client = Client::local("slow", Router::new().route("/", post(slow)));

    let error = client.post("/").deadline(Duration::from_secs(1)).call::<()>().await;

    assert!(matches!(error, Err(ClientError::Timeout { after, .. }) if after.as_secs() == 1));
    done.notified().await;
}

#[tokio::test(start_paused = true)]
async fn a_nested_call_ends_with_its_callers_patience() {
    let inner = Client::local("inner", Router::new().route("/", get(std::future::pending::<()>)));
    let seen = Arc::new(Mutex::new(None));
    let (noted, nested) = (Arc::clone(&seen), inner.clone());
    let began = tokio::time::Instant::now();
    let call = async move || {
        let outcome = nested.get("/").call::<()>().await;
        *noted.lock().expect("not poisoned") = Some((outcome.is_err(), began.elapsed()));
    };
    let outer = Client::local("outer", Router::new().route("/", get(call)));

    let patience = Duration::from_millis(200);
    let error = outer.get("/").deadline(patience).call::<()>().await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert!(error.is_err());
    assert_eq!(*seen.lock().expect("not poisoned"), Some((true, patience)));
}

#[tokio::test]
async fn headers_and_query_arrive_with_the_trace() {
    let echo = async |headers: HeaderMap, RawQuery(query): RawQuery| {
        let header = |name: &str| headers[name].to_str().expect("text").to_owned();
        let inside = current_trace().expect("in a call").traceparent();
        Json((header("traceparent"), inside, header("x-deadline-ms"), query))
    };
    let client = Client::local("echo", Router::new().route("/", get(echo)));
    let trace = Trace::start(uuid::Uuid::from_u128(99));
    let page = techtrove_core::PageRequest { limit: Some(3), cursor: None };

    let call = client.get("/").query(&page).deadline(Duration::from_secs(2)).call();
    let answer: (String, String, String, String) = in_trace(trace, call).await.expect("echoed");

    let (header, inside, left, query) = answer;
    assert_eq!(header[..35], trace.traceparent()[..35]);
    assert_eq!(header, inside);
    assert!((1..=2_000).contains(&left.parse::<u64>().expect("a number")), "{left}");
    assert_eq!(query, "limit=3");
}

#[tokio::test]
async fn a_call_within_the_process_stays_in_its_callers_span() {
    let _spans = tracing::subscriber::set_default(tracing_subscriber::registry());
    let span = || tracing::Span::current().id().map(|id| id.into_u64());
    let clock = Arc::new(ManualClock::default());
    let context = RequestContext { service: "echo", ids: Arc::new(SeededIds::new(clock, 1)) };
    let router = Router::new().route("/", get(async move || Json(span())));
    let client = Client::local("echo", request_context(router, context));
    let trace = Trace::start(uuid::Uuid::from_u128(99));

    let (outside, inside) = in_trace(trace, async {
        (span(), client.get("/").call::<Option<u64>>().await.expect("echoed"))
    })
    .await;
    let alone = client.get("/").call::<Option<u64>>().await.expect("echoed");

    assert!(outside.is_some());
    assert_eq!(inside, outside);
    assert!(alone.is_some(), "a call that belongs to nothing has a span of its own");
}

#[tokio::test]
async fn an_empty_answer_is_nothing() {
    let router = Router::new().route("/", delete(async || StatusCode::NO_CONTENT));

    Client::local("things", router).delete("/").call::<()>().await.expect("deleted");
}

#[tokio::test]
async fn a_stranger_is_taken_at_its_word() {
    let stranger =
        Router::new().route("/", get(async || (StatusCode::PAYMENT_REQUIRED, "{\"why\":1}")));
    let client = Client::local("bank", stranger);

    let answer = client.get("/").send().await.expect("an answer");
    let error = client.get("/").call::<()>().await.expect_err("not in our words");

    assert_eq!((answer.status.as_u16(), &answer.body[..]), (402, &b"{\"why\":1}"[..]));
    assert!(matches!(error, ClientError::Malformed { status: 402, .. }), "{error}");
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let router = Router::new().route("/", get(async || "x".repeat(9 * 1024 * 1024)));

    let error = Client::local("things", router).get("/").send().await.expect_err("too long");

    assert!(matches!(error, ClientError::Malformed { .. }), "{error}");
}

/// A network that answers with what it was sent, resets connections or is silent.
#[derive(Debug)]
enum Line {
    Echo,
    Reset,
    Silent,
}

impl Network for Line {
    fn carry(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, Lost>> {
        match self {
            Self::Echo => async move { Ok(http::Response::new(request.into_body())) }.boxed(),
            Self::Reset => async { Err(Lost { sent: true, source: "reset".into() }) }.boxed(),
            Self::Silent => std::future::pending().boxed(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_answers_fails_or_is_waited_for_no_longer_than_the_deadline() {
    let ask = async |line: Line| -> Result<Thing, ClientError> {
        Client::over("things", Arc::new(line)).post("/things").json(&thing("lamp")).call().await
    };

    assert_eq!(ask(Line::Echo).await.expect("answered"), thing("lamp"));
    assert!(matches!(ask(Line::Reset).await, Err(ClientError::Unavailable { sent: true, .. })));
    assert!(matches!(ask(Line::Silent).await, Err(ClientError::Timeout { .. })));
}

//! The origin as clients meet it: limits, time-outs, headers, documentation.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router, body::Body, extract::ConnectInfo, routing::get};
use futures::stream;
use techtrove_core::{ManualClock, SeededIds};
use techtrove_gateway::{Allowance, Config, Origin, Pace, RateLimit, router};
use techtrove_http::RequestContext;
use techtrove_testing::Actor;
use utoipa_axum::router::OpenApiRouter;

/// How long a request may take here; less than an actor's patience.
const USUAL: Duration = Duration::from_secs(2);

fn hurried() -> Config {
    let pace = Pace { usual: USUAL, ..Config::default().pace };
    Config { pace, ..Config::default() }
}

fn origin(config: &Config, client: &str) -> Actor {
    let slow = get(async || tokio::time::sleep(Duration::from_secs(3_600)).await);
    let service = OpenApiRouter::new()
        .route("/api/v1/products/{id}/reviews", get(async || "reviews"))
        .route("/api/v1/things", get(async || "things"))
        .route("/api/v1/slow", slow)
        .route("/api/v1/events", get(events))
        .route("/api/v1/auth/login", get(async || "signed in"))
        .route("/reset-password", get(async || "a form"));
    let beside = Router::new().route("/healthz", get(async || "alive"));
    let ids = Arc::new(SeededIds::new(Arc::new(ManualClock::default()), 1));
    let context = RequestContext { service: "gateway", ids };
    let router = router(config, Origin { services: vec![service], beside }, context);
    let peer: SocketAddr = client.parse().expect("an address");
    Actor::new(router.layer(Extension(ConnectInfo(peer))))
}

/// An answer whose only words come after any request's time.
async fn events() -> Body {
    Body::from_stream(stream::once(async {
        tokio::time::sleep(5 * USUAL).await;
        Ok::<_, Infallible>("late")
    }))
}

fn limited(burst: u32) -> Config {
    let allowance = Allowance::new(burst, 1);
    Config {
        rate_limit: RateLimit::On { general: allowance, sign_in: allowance },
        ..Config::default()
    }
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back() {
    let client = origin(&limited(2), "203.0.113.1:1");

    let first = client.get("/api/v1/things").await.expect(200);
    client.get("/api/v1/things").await.expect(200);
    let refused = client.get("/api/v1/things").await.expect(429);

    assert_eq!(first.header("ratelimit-policy"), "\"default\";q=2;w=2");
    assert_eq!(first.header("ratelimit"), "\"default\";r=1;t=1");
    assert_eq!(refused.problem_code(), "rate_limited");
    let told = refused.value();
    assert_eq!(told["instance"], "/api/v1/things");
    assert!(told["trace_id"].is_string(), "{told}");
    assert_eq!(refused.header("retry-after"), "1");
    client.get("/api/v1/auth/login").await.expect(200);
    let page = client.get("/reset-password").await.expect(200);
    assert_eq!(page.header("ratelimit"), "\"auth\";r=0;t=2");
}

#[tokio::test]
async fn off_is_off() {
    let config = Config { rate_limit: RateLimit::Off, ..Config::default() };
    let client = origin(&config, "203.0.113.1:1");

    for _ in 0..2_000 {
        client.get("/api/v1/things").await.expect(200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_anyway() {
    let client = origin(&hurried(), "203.0.113.1:1");

    let refused = client.get("/api/v1/slow").await.expect(504);

    assert_eq!(refused.problem_code(), "timeout");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_a_stream_may_go_on() {
    let client = origin(&hurried(), "203.0.113.1:1");

    let stream = client.get("/api/v1/events").await.expect(200);

    assert_eq!(stream.text(), "late");
    assert_eq!(stream.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_reference_works_without_the_internet() {
    let client = origin(&Config::default(), "203.0.113.1:1");

    let page = client.get("/docs/").await.expect(200);
    let document = client.get("/api/v1/openapi.json").await.expect(200).value();

    assert!(page.header("content-security-policy").contains("default-src 'self'"));
    assert!(!page.text().contains("://"), "{}", page.text());
    assert_eq!(document["info"]["title"], "TechTrove");
    assert_eq!(document["components"]["schemas"]["Currency"]["enum"], serde_json::json!(["USD"]));
    client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_parameter_that_an_operation_does_not_have_is_refused() {
    let client = origin(&Config::default(), "203.0.113.1:1");
    let reviews = "/api/v1/products/1/reviews";

    for query in ["", "?", "?limit=5"] {
        client.get(&format!("{reviews}{query}")).await.expect(200);
    }
    for query in ["?colour=red", "?limit=5&%63olour=red"] {
        let refused = client.get(&format!("{reviews}{query}")).await.expect(422);
        assert_eq!(
            (refused.problem_code().as_str(), refused.pointers()),
            ("invalid_request", vec!["/colour".to_owned()])
        );
        assert_eq!(refused.header("x-content-type-options"), "nosniff");
    }
    client.get("/healthz?colour=red").await.expect(200);
}

#[tokio::test]
async fn an_encoded_body_is_refused() {
    let client = origin(&Config::default(), "203.0.113.1:1");
    let asked = |encoding| client.with_header("content-encoding", encoding);

    let refused = asked("gzip").get("/api/v1/things").await.expect(415);

    assert_eq!(refused.problem_code(), "unsupported_media_type");
    asked("identity").get("/api/v1/things").await.expect(200);
}

//! What is known about the request that is being answered: its trace, its path, its deadline. It
//! travels with the task, not through arguments; a task of one's own is wrapped in
//! [`in_current_context`]. It must never carry anything a decision depends on.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, uri::PathAndQuery};
use techtrove_core::{Problem, SharedIds, codes};
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};

use crate::{HttpError, Trace, metrics::RouteMetrics, server::WithoutHost};

/// The header that names one request in logs and support cases.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header of W3C trace context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request that takes longer is worth a line in the log.
const SLOW: Duration = Duration::from_secs(1);

tokio::task_local! {
    static CURRENT: Current;
}

/// How many bytes of headers a request may have.
const MAX_HEADERS: usize = 32 * 1024;

/// What travels with the task.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) trace: Trace,
    /// Absent outside requests, such as in workers.
    pub(crate) path: Option<PathAndQuery>,
    /// When the caller stops waiting, if it is one of us.
    pub(crate) deadline: Option<Instant>,
}

impl Current {
    /// The current context, if there is one.
    pub(crate) fn get() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `work` in this context.
    pub(crate) fn run<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }
}

/// The trace that the current request or piece of work belongs to.
#[must_use]
pub fn current_trace() -> Option<Trace> {
    CURRENT.try_with(|current| current.trace).ok()
}

/// The current trace as a `traceparent`, as events keep it.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    current_trace().map(Trace::traceparent)
}

/// The path of the current request, without its query, which may hold secrets.
pub(crate) fn current_path() -> Option<String> {
    CURRENT.try_with(|current| current.path.as_ref().map(|path| path.path().to_owned())).ok()?
}

/// When the caller of the current request stops waiting, if it said so.
pub(crate) fn current_deadline() -> Option<Instant> {
    CURRENT.try_with(|current| current.deadline).ok()?
}

/// `work` in the context and span of the current request, for a task that goes on beside it or after
/// it; the request's deadline does not bind it.
pub fn in_current_context<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let current = Current::get().map(|current| Current { deadline: None, ..current });
    let work = work.instrument(Span::current());
    async move {
        match current {
            Some(current) => current.run(work).await,
            None => work.await,
        }
    }
}

/// `work` as part of `trace`, in a span of its own: for what a stored step continues.
pub fn in_trace<F: Future>(trace: Trace, work: F) -> impl Future<Output = F::Output> {
    let span = tracing::info_span!("work", trace_id = %trace.id());
    continue_trace(trace, work.instrument(span))
}

/// `work` as part of `trace`, in the span that it is in already: for what an event continues.
pub fn continue_trace<F: Future>(trace: Trace, work: F) -> impl Future<Output = F::Output> {
    Current { trace, path: None, deadline: None }.run(work)
}

/// What requests get when they come in.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who answers, in metrics and logs: `gateway`, or a service's name.
    pub service: &'static str,
    /// Names new traces and requests.
    pub ids: SharedIds,
}

/// `router`, with a trace (continued from `traceparent` or new), an `x-request-id`, a span, metrics
/// and a line in the log for each request. Wrap it around everything that answers, after all routes
/// are there. A call from within this process stays in its caller's span.
pub fn request_context(router: Router, context: RequestContext) -> Router {
    router.layer(ContextLayer::new(context))
}

/// [`request_context`] as a layer, for whoever lays it on together with layers of their own.
#[derive(Clone, Debug)]
pub struct ContextLayer(Arc<RequestContext>);

impl ContextLayer {
    /// Gives requests this context.
    #[must_use]
    pub fn new(context: RequestContext) -> Self {
        Self(Arc::new(context))
    }
}

impl<S> Layer<S> for ContextLayer {
    type Service = ContextService<S>;

    /// Axum calls this for each route, so the metrics are each route's own.
    fn layer(&self, inner: S) -> Self::Service {
        let metrics = Arc::new(RouteMetrics::new(self.0.service));
        ContextService { inner, context: Arc::clone(&self.0), metrics }
    }
}

/// A route that answers in its request's context.
#[derive(Clone, Debug)]
pub struct ContextService<S> {
    inner: S,
    context: Arc<RequestContext>,
    metrics: Arc<RouteMetrics>,
}

impl<S> Service<Request> for ContextService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (trace, request_id) = identify(&self.context.ids, request.headers());
        let method = request.method().clone();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let span = match CURRENT.try_with(|_| Span::current()) {
            // A call within this process: its caller's span tells what the call belongs to.
            Ok(callers) if !callers.is_none() => Span::none(),
            _ => new_span(&request, trace, route.as_ref(), &request_id),
        };
        let path = request.uri().path_and_query().cloned();
        let refusal = refused_head(&request);
        let work = self.inner.call(request);
        let metrics = Arc::clone(&self.metrics);
        let answer = async move {
            let begun = Instant::now();
            let mut response = match refusal {
                Some(problem) => HttpError(problem).into_response(),
                None => work.await?,
            };
            let elapsed = begun.elapsed();
            let status = response.status();
            let route = route.as_ref().map_or("none", MatchedPath::as_str);
            metrics.record(route, &method, status, elapsed);
            log_completion(metrics.service(), route, status.as_u16(), elapsed);
            response.headers_mut().entry(X_REQUEST_ID).or_insert(request_id);
            Ok(response)
        };
        Box::pin(Current { trace, path, deadline: None }.run(answer.instrument(span)))
    }
}

fn new_span(
    request: &Request,
    trace: Trace,
    route: Option<&MatchedPath>,
    request_id: &HeaderValue,
) -> Span {
    let span = tracing::info_span!(
        "request",
        trace_id = %trace.id(),
        method = request.method().as_str(),
        route = route.map_or("none", MatchedPath::as_str),
        request_id = Empty,
    );
    if request.headers().contains_key(X_REQUEST_ID) {
        span.record("request_id", request_id.to_str().unwrap_or_default());
    }
    span
}

/// Why a head that could be read is not accepted.
fn refused_head(request: &Request) -> Option<Problem> {
    if request.extensions().get::<WithoutHost>().is_some() {
        let detail = "an HTTP/1.1 request names its host in exactly one `Host`";
        return Some(Problem::new(codes::BAD_REQUEST, detail));
    }
    let size: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (size > MAX_HEADERS).then(|| {
        Problem::new(codes::HEADERS_TOO_LARGE, "the request's headers are larger than 32 KiB")
    })
}

fn log_completion(service: &str, answers: &str, status: u16, elapsed: Duration) {
    let millis = elapsed.as_secs_f64() * 1_000.0;
    if elapsed >= SLOW {
        tracing::info!(service, answers, status, millis, "answered slowly");
    } else {
        tracing::debug!(service, answers, status, millis, "answered");
    }
}

/// The request's place in a trace and its name. Without anything given, the name is the trace's id.
fn identify(ids: &SharedIds, headers: &HeaderMap) -> (Trace, HeaderValue) {
    let id = ids.uuid();
    let given_trace =
        headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(Trace::parse);
    let (_, salt) = id.as_u64_pair();
    let trace = given_trace.map_or_else(|| Trace::start(id), |given| given.child(salt));
    let given_name = headers.get(X_REQUEST_ID).filter(|value| is_safe_name(value.as_bytes()));
    let name = given_name.cloned().unwrap_or_else(|| {
        let mut digits = [0; 32];
        let digits = id.simple().encode_lower(&mut digits);
        HeaderValue::from_str(digits).expect("hexadecimal digits are a header")
    });
    (trace, name)
}

/// Fit for a log and a header: 1 to 128 letters, digits and a few signs.
fn is_safe_name(name: &[u8]) -> bool {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte);
    (1..=128).contains(&name.len()) && name.iter().all(safe)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::StatusCode, routing::get};
    use serde_json::Value;
    use techtrove_core::{ManualClock, SeededIds};
    use tower::ServiceExt as _;

    use super::*;

    fn router() -> Router {
        let routes = Router::new()
            .route("/trace", get(async || current_traceparent().expect("in a request")))
            .route("/things/{id}", get(async || HttpError(Problem::new(codes::NOT_FOUND, "gone"))));
        let ids = Arc::new(SeededIds::new(Arc::new(ManualClock::default()), 1));
        request_context(routes, RequestContext { service: "test", ids })
    }

    async fn send(request: http::request::Builder) -> (http::response::Parts, String) {
        let request = request.body(Body::empty()).expect("a request");
        let (parts, body) = router().oneshot(request).await.expect("infallible").into_parts();
        let bytes = axum::body::to_bytes(body, 65_536).await.expect("a short body");
        (parts, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn a_trace_goes_on_under_its_id() {
        let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        let (_, inside) = send(http::Request::get("/trace").header("traceparent", given)).await;

        assert_eq!(inside[..35], given[..35]);
        assert_ne!(inside, given);
    }

    #[tokio::test]
    async fn a_request_without_name_is_named_after_its_trace() {
        let (parts, inside) = send(http::Request::get("/trace")).await;

        let name = parts.headers[X_REQUEST_ID].to_str().expect("text");
        assert_eq!(&inside[3..35], name);
    }

    #[tokio::test]
    async fn a_name_is_kept_when_it_is_safe() {
        for (given, kept) in [("req-1", true), ("a b", false), ("", false), ("\u{e4}", false)] {
            let (parts, _) = send(http::Request::get("/trace").header("x-request-id", given)).await;

            assert_eq!(parts.headers[X_REQUEST_ID].as_bytes() == given.as_bytes(), kept, "{given}");
        }
        let long = "x".repeat(129);
        let (parts, _) = send(http::Request::get("/trace").header("x-request-id", &long)).await;
        assert_ne!(parts.headers[X_REQUEST_ID], long);
    }

    #[tokio::test]
    async fn a_problem_says_where_it_happened_and_never_the_query() {
        let (parts, body) = send(http::Request::get("/things/1?ticket=secret")).await;

        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(parts.status, StatusCode::NOT_FOUND);
        assert_eq!(body["instance"], "/things/1");
        assert_eq!(body["trace_id"], parts.headers[X_REQUEST_ID].to_str().expect("text"));
    }

    #[tokio::test]
    async fn a_request_without_a_host_is_refused() {
        let (parts, body) = send(http::Request::get("/trace").extension(WithoutHost)).await;

        assert_eq!(parts.status, StatusCode::BAD_REQUEST);
        assert!(body.contains(r#""code":"bad_request""#), "{body}");
    }

    #[tokio::test]
    async fn greedy_headers_are_refused() {
        let (parts, _) =
            send(http::Request::get("/trace").header("x-much", "x".repeat(40_000))).await;

        assert_eq!(parts.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }

    #[tokio::test]
    async fn work_beside_the_request_keeps_its_trace() {
        let trace = Trace::start(uuid::Uuid::from_u128(7));

        let beside = in_trace(trace, async {
            tokio::spawn(in_current_context(async { current_trace() })).await.expect("no panic")
        });

        assert_eq!(beside.await, Some(trace));
        assert_eq!(current_trace(), None);
    }
}

//! What every router needs around its routes, so that no answer is ever bare: 404 and 405 as problems,
//! and a panic in a handler as a 500 that ends its request alone.

use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    task::{Context, Poll},
};

use axum::{Router, extract::Request, response::Response};
use futures::{
    FutureExt as _,
    future::{CatchUnwind, Map},
};
use http::{Method, Uri};
use techtrove_core::{Problem, codes};
use tower::{Layer, Service};

use crate::{HttpError, problem};

/// `router` with problems for what no route answers and for panics. Call it once all routes are
/// merged: two guarded routers cannot be merged.
pub fn guard(router: Router) -> Router {
    with_fallbacks(router).layer(PanicLayer)
}

/// The first half of [`guard`], for whoever lays [`PanicLayer`] on together with layers of their own:
/// axum boxes a route once for each time that it is layered.
pub fn with_fallbacks(router: Router) -> Router {
    router.fallback(not_found).method_not_allowed_fallback(method_not_allowed)
}

/// Lets a panic in a handler end its request alone, as a 500.
#[derive(Clone, Copy, Debug, Default)]
pub struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = PanicService<S>;

    fn layer(&self, inner: S) -> PanicService<S> {
        PanicService(inner)
    }
}

/// A route that survives its panics.
#[derive(Clone, Copy, Debug)]
pub struct PanicService<S>(S);

/// What the route came to, or its panic.
type Outcome = Result<Result<Response, Infallible>, Box<dyn Any + Send>>;

impl<S> Service<Request> for PanicService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future =
        Map<CatchUnwind<AssertUnwindSafe<S::Future>>, fn(Outcome) -> Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        AssertUnwindSafe(self.0.call(request)).catch_unwind().map(answered)
    }
}

/// The panic hook has logged the panic and its place, so this does not.
fn answered(outcome: Outcome) -> Result<Response, Infallible> {
    outcome.unwrap_or_else(|_| Ok(problem::response(Problem::internal("a handler panicked"))))
}

async fn not_found(uri: Uri) -> HttpError {
    HttpError(Problem::new(codes::NOT_FOUND, format!("there is nothing at {}", shown(uri.path()))))
}

/// Axum adds `Allow`.
async fn method_not_allowed(method: Method, uri: Uri) -> HttpError {
    let detail = format!("{} does not answer to {}", shown(uri.path()), shown(method.as_str()));
    HttpError(Problem::new(codes::METHOD_NOT_ALLOWED, detail))
}

/// Not more of the caller's words than one wants to read.
fn shown(text: &str) -> &str {
    let end = text.char_indices().nth(200).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::StatusCode,
        routing::{get, post},
    };
    use http::header;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    async fn send(method: &str, path: &str) -> (http::response::Parts, Value) {
        let routes = Router::new()
            .route("/things", get(async || "things").post(async || "made"))
            .route("/panic", post(async || -> () { panic!("secret words") }));
        let request = http::Request::builder().method(method).uri(path).body(Body::empty());
        let response =
            guard(routes).oneshot(request.expect("a request")).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 65_536).await.expect("a short body");
        (parts, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    #[tokio::test]
    async fn no_route_is_a_problem() {
        let (parts, body) = send("GET", "/nothing").await;

        assert_eq!(
            (parts.status, &body["code"]),
            (StatusCode::NOT_FOUND, &Value::from("not_found"))
        );
    }

    #[tokio::test]
    async fn another_method_is_a_problem_with_those_allowed() {
        let (parts, body) = send("DELETE", "/things").await;

        assert_eq!(parts.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(body["code"], "method_not_allowed");
        assert_eq!(parts.headers[header::ALLOW], "GET,HEAD,POST");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_without_its_words() {
        let (parts, body) = send("POST", "/panic").await;

        assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["code"], "internal");
        assert!(!body.to_string().contains("secret"));
    }
}

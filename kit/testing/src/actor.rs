//! Somebody who uses the shop by HTTP: a guest, or whoever the token says. The same actor speaks to a
//! router in the test's process and to a shop that runs elsewhere.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Serialize;
use techtrove_core::{SeededIds, SystemClock};
use techtrove_http::{RequestContext, guard, request_context};
use tower::ServiceExt as _;

use crate::Reply;

/// How long an actor waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many bytes an actor reads.
const MAX_BODY: usize = 64 * 1024 * 1024;

type Network = Client<HttpConnector, Full<Bytes>>;

/// Somebody who makes requests. A clone speaks to the same shop.
#[derive(Clone, Debug)]
pub struct Actor {
    shop: Shop,
    headers: HeaderMap,
}

#[derive(Clone, Debug)]
enum Shop {
    Here(Router),
    At { base: Arc<str>, client: Arc<Network> },
}

impl Actor {
    /// Speaks to `router` in this process, guarded and in a request context as a server would.
    #[must_use]
    pub fn new(router: impl Into<Router>) -> Self {
        let ids = Arc::new(SeededIds::new(Arc::new(SystemClock), 1));
        let router = request_context(guard(router.into()), RequestContext { service: "test", ids });
        Self { shop: Shop::Here(router.with_state(())), headers: HeaderMap::new() }
    }

    /// Speaks to the shop at `base`: `http://127.0.0.1:8080`. It follows no redirects.
    #[must_use]
    pub fn at(base: &str) -> Self {
        let client = Arc::new(Client::builder(TokioExecutor::new()).build_http());
        let base = base.trim_end_matches('/').into();
        Self { shop: Shop::At { base, client }, headers: HeaderMap::new() }
    }

    /// The same, signed in by an access token.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        self.with_header(header::AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// The same, with a header on every request.
    ///
    /// # Panics
    /// When it can be no header.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut actor = self.clone();
        let (name, value) = pair(name, value);
        actor.headers.insert(name, value);
        actor
    }

    /// A `GET`. Awaiting it sends it.
    pub fn get(&self, path: &str) -> Draft {
        self.request(Method::GET, path)
    }

    /// A `POST` with a JSON body.
    pub fn post<T: Serialize + ?Sized>(&self, path: &str, body: &T) -> Draft {
        self.request(Method::POST, path).json(body)
    }

    /// A `PUT` with a JSON body.
    pub fn put<T: Serialize + ?Sized>(&self, path: &str, body: &T) -> Draft {
        self.request(Method::PUT, path).json(body)
    }

    /// A `PATCH` with a JSON body.
    pub fn patch<T: Serialize + ?Sized>(&self, path: &str, body: &T) -> Draft {
        self.request(Method::PATCH, path).json(body)
    }

    /// A `DELETE`.
    pub fn delete(&self, path: &str) -> Draft {
        self.request(Method::DELETE, path)
    }

    /// Any request, without a body yet.
    pub fn request(&self, method: Method, path: &str) -> Draft {
        let (shop, headers) = (self.shop.clone(), self.headers.clone());
        Draft { shop, method, path: path.to_owned(), headers, body: Bytes::new() }
    }
}

/// A request about to be sent, by awaiting it.
#[derive(Clone, Debug)]
#[must_use = "a request is sent by awaiting it"]
pub struct Draft {
    shop: Shop,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Draft {
    /// With a header, in place of one of that name.
    ///
    /// # Panics
    /// When it can be no header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = pair(name, value);
        self.headers.insert(name, value);
        self
    }

    /// With a JSON body.
    ///
    /// # Panics
    /// When `body` cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        let bytes = serde_json::to_vec(body).expect("a test's body can be written as JSON");
        self.body("application/json", bytes)
    }

    /// With any body.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE.as_str(), content_type)
    }

    /// Sends it, and reads no more of the answer than its status and headers: for one that never ends.
    ///
    /// # Panics
    /// When no answer begins.
    pub async fn head(self) -> Reply {
        let (parts, _) = self.send().await.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: Bytes::new() }
    }

    /// Sends it to a shop that may be gone before it has answered; `None` when it is.
    ///
    /// # Panics
    /// When no answer comes and the connection stays.
    pub async fn attempt(self) -> Option<Reply> {
        let what = format!("{} {}", self.method, self.path);
        let answer = async { read(self.try_send().await.ok()?).await.ok() };
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.unwrap_or_else(|_| panic!("{what}: no answer within {PATIENCE:?}"))
    }

    async fn send(self) -> http::Response<Body> {
        let what = format!("{} {}", self.method, self.path);
        match self.try_send().await {
            Ok(response) => response,
            Err(error) => panic!("{what}: {error:?}"),
        }
    }

    async fn try_send(self) -> Result<http::Response<Body>, hyper_util::client::legacy::Error> {
        match self.shop.clone() {
            Shop::Here(router) => {
                match router.oneshot(self.into_request("").map(Body::from)).await {
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
            Shop::At { base, client } => {
                let request = self.into_request(&base).map(Full::new);
                Ok(client.request(request).await?.map(Body::new))
            }
        }
    }

    fn into_request(self, base: &str) -> http::Request<Bytes> {
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() =
            format!("{base}{}", self.path).parse().expect("a test's path is a path");
        *request.headers_mut() = self.headers;
        request
    }
}

async fn read(response: http::Response<Body>) -> Result<Reply, axum::Error> {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await?;
    Ok(Reply { status: parts.status, headers: parts.headers, body })
}

impl IntoFuture for Draft {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let what = format!("{} {}", self.method, self.path);
        Box::pin(async move {
            let answer = async { read(self.send().await).await.expect("the answer ends well") };
            let answer = tokio::time::timeout(PATIENCE, answer).await;
            answer.unwrap_or_else(|_| panic!("{what}: no answer within {PATIENCE:?}"))
        })
    }
}

fn pair(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    let name = name.parse().expect("a test's header has a valid name");
    (name, value.parse().expect("a test's header has a valid value"))
}

#[cfg(test)]
mod tests {
    use axum::{
        extract::Json,
        http::StatusCode,
        routing::{get, post},
    };
    use techtrove_http::server;

    use super::*;

    fn shop() -> Router {
        let greet =
            async |headers: HeaderMap| headers["authorization"].to_str().map(str::to_owned).ok();
        let double = async |Json(number): Json<u32>| (StatusCode::CREATED, Json(number * 2));
        Router::new()
            .route("/who", get(async move |headers| greet(headers).await.unwrap_or_default()))
            .route("/double", post(double))
    }

    async fn use_it(actor: &Actor) {
        let who = actor.bearer("abc").get("/who").await;
        assert_eq!(who.expect(200).text(), "Bearer abc");
        let doubled = actor.post("/double", &21).await.expect(201);
        assert_eq!(doubled.json::<u32>(), 42);
        let nothing = actor.delete("/nothing").header("x-request-id", "r-1").await;
        assert_eq!(nothing.problem_code(), if nothing.status == 404 { "not_found" } else { "" });
    }

    #[tokio::test]
    async fn an_actor_speaks_to_a_router() {
        let actor = Actor::new(shop());

        use_it(&actor).await;
        assert_eq!(actor.get("/nothing").await.problem_code(), "not_found");
    }

    #[tokio::test]
    async fn an_actor_speaks_to_a_running_shop() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/", listener.local_addr().expect("an address"));
        let end = tokio_util::sync::CancellationToken::new();
        tokio::spawn(server::serve(listener, guard(shop()), end.clone(), Duration::ZERO));

        use_it(&Actor::at(&base)).await;
        end.cancel();
    }
}

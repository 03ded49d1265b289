//! The server: HTTP/1.1 and HTTP/2 (prior knowledge) on one socket, TCP or Unix, hardened against slow
//! and greedy clients, and drained in the end. It must never let one connection keep another from
//! its answer, nor an idle one keep the process from ending.

mod body;
mod draining;
mod listen;

pub use body::BodyError;
pub use draining::Draining;
pub use listen::Listen;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, response::Response, routing::future::RouteFuture};
use http::{HeaderValue, Version, header};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service as _;

/// How much of one connection the server puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections are open at once; more wait to be accepted.
    pub connections: usize,
    /// How long a client may take to send a request's head, and a connection may idle between two.
    pub head_timeout: Duration,
    /// How long a client may keep the next part of a body waiting.
    pub body_timeout: Duration,
    /// How long requests may go on once the server ends; what is left then is cut off.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            drain: Duration::from_secs(20),
        }
    }
}

/// The largest head hyper reads, in bytes. What it cannot read as a head (larger than this, more than
/// 100 headers, no HTTP at all) it answers by itself, with 431 or 400 and no body, and closes the
/// connection: it has no hook there for a problem of ours. A head that it can read and that is still
/// too large for us is refused with one, see `context`.
const MAX_HEAD: usize = 64 * 1024;

/// How long the end may take before the log says what it waits for.
const QUIET: Duration = Duration::from_millis(500);

/// How many requests one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 128;

/// How often the peer of an HTTP/2 connection is asked whether it lives, and how long it may take.
const PING: Duration = Duration::from_secs(20);

/// Answers connections of `listener` by `router` until `shutdown`; then stops accepting, finishes
/// what runs for up to `drain`, and tells how many connections had to be cut off. Handlers find the
/// client in `ConnectInfo<SocketAddr>` when the listener is TCP, and the end of the server in
/// [`Draining`]: an answer without an end of its own ends with it.
pub async fn serve<L: Listen>(
    listener: L,
    router: Router,
    shutdown: CancellationToken,
    drain: Duration,
) -> usize {
    serve_within(listener, router, shutdown, Limits { drain, ..Limits::default() }).await
}

/// [`serve`] with other limits.
pub async fn serve_within<L: Listen>(
    listener: L,
    router: Router,
    shutdown: CancellationToken,
    limits: Limits,
) -> usize {
    let server = Server {
        router: router.with_state(()),
        builder: builder(limits),
        draining: Draining::new(shutdown.clone()),
        limits,
        graceful: GracefulShutdown::new(),
        tracker: TaskTracker::new(),
        cut: CancellationToken::new(),
    };
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Some((place, (io, peer))) =
            shutdown.run_until_cancelled(accept(&listener, &places)).await
        else {
            break;
        };
        server.answer(io, peer, place);
    }
    drop(listener);
    server.end().await
}

/// The next connection, once there is a place for it.
async fn accept<L: Listen>(
    listener: &L,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, (L::Io, Option<SocketAddr>)) {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    (place, listener.next().await)
}

fn builder(limits: Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

struct Server {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    draining: Draining,
    limits: Limits,
    graceful: GracefulShutdown,
    tracker: TaskTracker,
    cut: CancellationToken,
}

impl Server {
    fn answer<I: listen::Stream>(
        &self,
        io: I,
        peer: Option<SocketAddr>,
        place: OwnedSemaphorePermit,
    ) {
        let begun = Arc::new(AtomicBool::new(false));
        let service = Answerer {
            router: self.router.clone(),
            peer,
            draining: self.draining.clone(),
            body_timeout: self.limits.body_timeout,
            begun: Arc::clone(&begun),
        };
        let head_timeout = self.limits.head_timeout;
        let patience = Patience { begun, head_timeout, cut: self.cut.clone() };
        let connection = self.builder.serve_connection(TokioIo::new(io), service).into_owned();
        // In a box, since what is moved into a task and then within it has its room there twice, and
        // thousands of connections are open at once.
        let connection = Box::pin(self.graceful.watch(connection));
        self.tracker.spawn(async move {
            tokio::select! {
                // A client that breaks off is its own affair.
                _ = connection => {}
                () = patience.ends() => {}
            }
            drop(place);
        });
    }

    /// Lets connections finish their requests, then cuts the rest off.
    async fn end(self) -> usize {
        let ended = self.graceful.shutdown();
        tokio::pin!(ended);
        let quietly = QUIET.min(self.limits.drain);
        if tokio::time::timeout(quietly, &mut ended).await.is_ok() {
            return 0;
        }
        let rest = self.limits.drain - quietly;
        tracing::info!(
            connections = self.tracker.len(),
            seconds = rest.as_secs(),
            "waiting for requests that are not finished"
        );
        if tokio::time::timeout(rest, ended).await.is_ok() {
            return 0;
        }
        let left = self.tracker.len();
        self.cut.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        left
    }
}

/// When a connection is given up.
struct Patience {
    begun: Arc<AtomicBool>,
    head_timeout: Duration,
    cut: CancellationToken,
}

impl Patience {
    /// When no request came at first (hyper's own time-out begins with HTTP/1's first byte), or when
    /// the drain is over.
    async fn ends(self) {
        if self.cut.run_until_cancelled(tokio::time::sleep(self.head_timeout)).await.is_none()
            || !self.begun.load(Ordering::Relaxed)
        {
            return;
        }
        self.cut.cancelled().await;
    }
}

/// Says of a request that it does not name its host as HTTP/1.1 wants it, for whoever refuses it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithoutHost;

/// Whether an HTTP/1.1 request names one host (RFC 9112, 3.2). Those before and after us must not read one
/// request as of two hosts.
fn names_its_host<B>(request: &http::Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_host = |host: &HeaderValue| {
        let bytes = host.as_bytes();
        bytes.iter().all(|byte| byte.is_ascii_graphic() && !b"\"#/<>?@\\^`{|}".contains(byte))
    };
    let first = hosts.next();
    let named = first.is_some_and(is_host) && hosts.next().is_none();
    named || request.version() != Version::HTTP_11
}

/// One connection's service.
struct Answerer {
    router: Router,
    peer: Option<SocketAddr>,
    draining: Draining,
    body_timeout: Duration,
    begun: Arc<AtomicBool>,
}

impl hyper::service::Service<http::Request<Incoming>> for Answerer {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        self.begun.store(true, Ordering::Relaxed);
        let mut request = body::watched(request, self.body_timeout);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        request.extensions_mut().insert(self.draining.clone());
        if !names_its_host(&request) {
            request.extensions_mut().insert(WithoutHost);
        }
        self.router.clone().call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_http_1_1_names_one_host() {
        let names = |hosts: &[&str], version: Version| {
            let request = http::Request::builder().version(version);
            let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
            names_its_host(&request.body(()).expect("a request"))
        };
        for host in ["localhost", "shop.example:8080", "[::1]:80", "127.0.0.1", ""] {
            assert!(names(&[host], Version::HTTP_11), "{host}");
        }
        for hosts in [&[][..], &["a", "b"], &["a", "a"], &["a b"], &["a/b"], &["me@a"]] {
            assert!(!names(hosts, Version::HTTP_11), "{hosts:?}");
        }
        assert!(names(&[], Version::HTTP_10) && names(&[], Version::HTTP_2));
    }
}

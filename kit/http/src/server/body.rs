//! Request bodies that do not come as they should. One that stops in the middle ends with an error, so
//! that nobody waits for it forever. One that nobody read to the end, since its request was refused
//! while it was still being sent (413, 401), is taken in and thrown away for a while, so that its
//! client can read why, instead of the connection being reset under its feet.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::header;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

/// How long a refused client is listened to.
const LINGER: Duration = Duration::from_secs(5);

/// How much of a refused client's body is taken in, in bytes.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// Why a request's body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Nothing more of it arrived for too long.
    #[error("the client stopped sending in the middle of the body")]
    Stalled,
    /// The connection broke, or what was sent is no body.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

/// `request` with a body whose next part may take `stall` to arrive, and which lingers. A client that
/// waits for `100 Continue` has sent nothing yet, so for it nothing lingers.
pub(super) fn watched(request: http::Request<Incoming>, stall: Duration) -> http::Request<Body> {
    let (parts, body) = request.into_parts();
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        let lingers = !parts.headers.contains_key(header::EXPECT);
        Body::new(Watched { incoming: Some(body), lingers, stall, waiting: None })
    };
    http::Request::from_parts(parts, body)
}

struct Watched {
    incoming: Option<Incoming>,
    lingers: bool,
    stall: Duration,
    /// Since when nothing has arrived, while somebody waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(incoming) = self.incoming.as_mut() else { return Poll::Ready(None) };
        let Poll::Ready(arrived) = Pin::new(incoming).poll_frame(cx) else {
            let stall = self.stall;
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(stall)));
            ready!(waiting.as_mut().poll(cx));
            self.incoming = None;
            return Poll::Ready(Some(Err(BodyError::Stalled)));
        };
        self.waiting = None;
        if matches!(arrived, None | Some(Err(_))) {
            self.incoming = None;
        }
        Poll::Ready(arrived.map(|frame| frame.map_err(BodyError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let rest = self.incoming.take().filter(|body| self.lingers && !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (rest, tokio::runtime::Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(LINGER, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut taken = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        taken = taken.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if taken > LINGER_BYTES {
            return;
        }
    }
}

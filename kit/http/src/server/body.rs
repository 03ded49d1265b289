//! Request bodies that nobody read to the end: a client that is refused while it still sends (413, 401)
//! must be able to read why, so what it sends is taken in and thrown away for a while, instead of the
//! connection being reset under its feet.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::header;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// How long a refused client is listened to.
const LINGER: Duration = Duration::from_secs(5);

/// How much of a refused client's body is taken in, in bytes.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// `request` with a body that lingers. A client that waits for `100 Continue` has sent nothing yet, so
/// for it nothing lingers.
pub(super) fn lingering(request: http::Request<Incoming>) -> http::Request<Body> {
    let (parts, body) = request.into_parts();
    let body = if body.is_end_stream() {
        Body::empty()
    } else if parts.headers.contains_key(header::EXPECT) {
        Body::new(body)
    } else {
        Body::new(Lingering(Some(body)))
    };
    http::Request::from_parts(parts, body)
}

struct Lingering(Option<Incoming>);

impl http_body::Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = self.0.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = self.0.take().filter(|body| !body.is_end_stream());
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

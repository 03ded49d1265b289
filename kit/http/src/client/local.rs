//! Delivery to a router in this process.

use axum::{Router, body::Body};
use tokio::{sync::OwnedSemaphorePermit, task::JoinHandle};
use tower::ServiceExt as _;
use tracing::Instrument as _;

use super::{Answer, ClientError};
use crate::context::Current;

/// Starts answering `request` in a task of its own, which holds `place` until it is done. Dropping
/// the handle leaves the callee at work.
pub(super) fn deliver(
    router: Router,
    callee: &'static str,
    request: http::Request<Body>,
    current: Current,
    place: OwnedSemaphorePermit,
) -> JoinHandle<Result<Answer, ClientError>> {
    let work = async move {
        let response = match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let answer = Answer::read(callee, response).await;
        drop(place);
        answer
    };
    tokio::spawn(current.run(work.instrument(tracing::Span::current())))
}

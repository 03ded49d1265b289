//! The answer that brings events.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http::{HeaderName, HeaderValue, header};
use tokio::time::timeout;

use crate::server::Draining;

/// How long a stream is silent before it says that it lives; shorter than what proxies allow.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// The first words: how long a client waits, in milliseconds, before it comes back.
const OPENING: Bytes = Bytes::from_static(b"retry: 1000\n\n");

/// What is said after a long silence.
const ALIVE: Bytes = Bytes::from_static(b": alive\n\n");

/// The last words of a server that drains.
const ENDING: Bytes = Bytes::from_static(b": ending\n\n");

/// Tells nginx not to hold the stream back.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An answer that sends `events`, each item the text of one event or several, as they come. It says
/// that it lives after each `heartbeat` without one, and ends with `events`, with the client, or when
/// the server begins to drain.
pub fn answer<S>(events: S, heartbeat: Duration, draining: Draining) -> Response
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    let opening = stream::iter([OPENING]);
    let words = opening.chain(living(events, heartbeat, draining)).map(Ok::<_, Infallible>);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(words)).into_response()
}

fn living<S>(events: S, heartbeat: Duration, draining: Draining) -> impl Stream<Item = Bytes> + Send
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    stream::unfold(Some((Box::pin(events), draining)), move |open| async move {
        let (mut events, draining) = open?;
        tokio::select! {
            biased;
            () = draining.begun() => Some((ENDING, None)),
            next = timeout(heartbeat, events.next()) => {
                let words = next.unwrap_or(Some(ALIVE))?;
                Some((words, Some((events, draining))))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// The next words of the answer; nothing when it has ended.
    async fn next(answer: &mut Response) -> Option<String> {
        let frame = answer.body_mut().frame().await?.expect("never fails");
        let bytes = frame.into_data().expect("no trailers");
        Some(String::from_utf8(bytes.to_vec()).expect("text"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_says_that_it_lives() {
        let mut answer = answer(stream::pending(), HEARTBEAT, Draining::default());
        let begun = tokio::time::Instant::now();

        let words = [next(&mut answer).await, next(&mut answer).await, next(&mut answer).await];

        assert_eq!(words.map(Option::unwrap), ["retry: 1000\n\n", ": alive\n\n", ": alive\n\n"]);
        assert_eq!(begun.elapsed(), 2 * HEARTBEAT);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    }

    #[tokio::test]
    async fn events_are_sent_as_they_come_and_end_the_stream() {
        let events = stream::iter(["a", "b"]).map(Bytes::from);
        let mut answer = answer(events, HEARTBEAT, Draining::default());

        let _opening = next(&mut answer).await;
        let words = [next(&mut answer).await, next(&mut answer).await, next(&mut answer).await];

        assert_eq!(words, [Some("a".to_owned()), Some("b".to_owned()), None]);
    }

    #[tokio::test]
    async fn a_draining_server_ends_the_stream_with_a_last_word() {
        let token = CancellationToken::new();
        let mut answer = answer(stream::pending(), HEARTBEAT, Draining::new(token.clone()));
        let _opening = next(&mut answer).await;

        token.cancel();

        assert_eq!(next(&mut answer).await.as_deref(), Some(": ending\n\n"));
        assert_eq!(next(&mut answer).await, None);
    }
}

//! An event's handling belongs to the trace of the request that caused it.

use std::sync::Arc;

use futures::future::BoxFuture;
use techtrove_bus::{Event, EventHandler, HandlerError, Subscription, Taken};
use techtrove_http::{Trace, continue_trace};

/// `subscription`, each of whose events is handled as part of its own trace, so that logs and calls
/// that follow from a request can be found by its trace id.
#[must_use]
pub fn traced(subscription: Subscription) -> Subscription {
    let handler = Arc::new(Traced(subscription.handler));
    Subscription { handler, ..subscription }
}

struct Traced(Arc<dyn EventHandler>);

impl EventHandler for Traced {
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>> {
        let Some(trace) = event.traceparent.as_deref().and_then(Trace::parse) else {
            return self.0.handle(event);
        };
        let trace = trace.child(event.sequence);
        Box::pin(continue_trace(trace, async { self.0.handle(event).await }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use techtrove_bus::{AggregateRef, EventContext, NewEvent};
    use techtrove_core::{IdGen as _, ManualClock, SeededIds};
    use techtrove_http::current_trace;

    use super::*;

    #[tokio::test]
    async fn a_handler_goes_on_in_the_requests_trace() {
        let seen = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&seen);
        let handler = Arc::new(move |_: Arc<Event>| {
            *noted.lock().expect("not poisoned") = current_trace();
            async { Ok::<_, HandlerError>(Taken::Ignored) }
        });
        let db = techtrove_db::testing::sqlite_inline().await;
        let subscription =
            Subscription { consumer: "test", aggregate_kinds: &[], db: (*db).clone(), handler };
        let clock = Arc::new(ManualClock::default());
        let ids = SeededIds::new(clock.clone(), 1);
        let id = ids.uuid();
        let trace = Trace::start(id);
        let context = EventContext::new(&*clock, &ids).in_trace(Some(trace.traceparent()));
        let aggregate = AggregateRef { kind: "test.thing", id };
        let new = NewEvent { kind: "test.thing.made.v1", aggregate, data: serde_json::Value::Null };

        let event = Arc::new(Event::new("/test", &context, &new, 1));
        traced(subscription).handler.handle(event).await.expect("handled");

        let inside = seen.lock().expect("not poisoned").expect("in a trace");
        assert_eq!(inside.id(), trace.id());
        assert_ne!(inside, trace);
    }
}

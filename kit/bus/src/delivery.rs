//! One delivery: an event handed to one consumer, and what follows from its answer. It must never
//! report an event as taken that is neither handled nor parked; order is kept by [`crate::lanes`].

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use techtrove_core::{SharedClock, SharedIds};
use tracing::Instrument;

use crate::{
    Event, HandlerError, RelayOptions, RetryPolicy, Subscription, Taken,
    dead_letters::{self, Reason},
    inbox,
    lanes::Tries,
};

/// What became of a delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// The consumer is done with the event: handled, or parked in its dead letters.
    Taken,
    /// To be tried again after a pause.
    Again { tries: Tries, pause: Duration },
    /// The relay ends; nothing was done.
    Abandoned,
}

/// Delivers events by the rules of its relay.
#[derive(Debug)]
pub(crate) struct Courier {
    clock: SharedClock,
    ids: SharedIds,
    policy: RetryPolicy,
    deadline: Duration,
}

impl Courier {
    pub(crate) fn new(options: &RelayOptions) -> Self {
        Self {
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            policy: options.retry,
            deadline: options.deadline,
        }
    }

    /// Hands `event` to the consumer once.
    pub(crate) async fn deliver(
        &self,
        subscription: &Subscription,
        event: &Arc<Event>,
        tries: Tries,
    ) -> Verdict {
        let span = tracing::info_span!(
            "event",
            consumer = subscription.consumer,
            kind = event.kind,
            id = %event.id,
            trace_id = event.trace_id(),
        );
        async {
            match attempt(subscription, event, self.deadline).await {
                Ok(()) => {
                    metrics::counter!("events_handled_total", "consumer" => subscription.consumer)
                        .increment(1);
                    Verdict::Taken
                }
                Err(error) => self.judge(subscription, event, tries, error).await,
            }
        }
        .instrument(span)
        .await
    }

    async fn judge(
        &self,
        subscription: &Subscription,
        event: &Arc<Event>,
        tries: Tries,
        error: HandlerError,
    ) -> Verdict {
        if matches!(error, HandlerError::Gap { .. })
            && self.parked_behind(subscription, event).await
        {
            return Verdict::Taken;
        }
        let counts = match error {
            HandlerError::Unavailable(_) => {
                self.clock.now().since(event.time) >= self.policy.outage
            }
            _ => true,
        };
        let tries = Tries {
            made: tries.made.saturating_add(1),
            failed: tries.failed.saturating_add(u32::from(counts)),
        };
        let hopeless = matches!(error, HandlerError::Rejected(_));
        if hopeless || tries.failed >= self.policy.attempts {
            let reason =
                Reason { error: error.to_string(), attempts: tries.made, at: self.clock.now() };
            if park(subscription, event, reason).await {
                return Verdict::Taken;
            }
        }
        tracing::warn!(attempt = tries.made, %error, "event was not taken");
        metrics::counter!("events_retried_total", "consumer" => subscription.consumer).increment(1);
        Verdict::Again { tries, pause: self.pause(tries) }
    }

    fn pause(&self, tries: Tries) -> Duration {
        let [a, b, c, d, e, f, g, h, ..] = self.ids.secret();
        self.policy.pause(tries.made, u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    async fn parked_behind(&self, subscription: &Subscription, event: &Arc<Event>) -> bool {
        let (consumer, event, at) = (subscription.consumer, Arc::clone(event), self.clock.now());
        let parked = subscription
            .db
            .write("park event behind another", move |tx| {
                dead_letters::park_behind(tx, consumer, &event, at)
            })
            .await;
        match parked {
            Ok(true) => {
                metrics::counter!("events_dead_total", "consumer" => consumer).increment(1);
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::warn!(%error, "look for parked events of the aggregate");
                false
            }
        }
    }
}

/// Hands `event` to the handler and records it if the handler ignored it: what is done at the consumer's
/// end, whichever way the event came. A panic is an error like others.
///
/// # Errors
/// Why it was not taken; then it has to be handed over again.
pub async fn attempt(
    subscription: &Subscription,
    event: &Arc<Event>,
    deadline: Duration,
) -> Result<(), HandlerError> {
    let handling = AssertUnwindSafe(async { subscription.handler.handle(Arc::clone(event)).await });
    match tokio::time::timeout(deadline, handling.catch_unwind()).await {
        Ok(Ok(Ok(Taken::Handled))) => Ok(()),
        Ok(Ok(Ok(Taken::Ignored))) => ignore(subscription, event).await,
        Ok(Ok(Err(error))) => Err(error),
        Ok(Err(_)) => Err(HandlerError::failed("the handler panicked")),
        Err(_) => Err(HandlerError::failed(format!("no answer within {deadline:?}"))),
    }
}

async fn ignore(subscription: &Subscription, event: &Arc<Event>) -> Result<(), HandlerError> {
    let (consumer, event) = (subscription.consumer, Arc::clone(event));
    subscription
        .db
        .write("record ignored event", move |tx| inbox::first_time(tx, consumer, &event))
        .await
        .map(|_| ())
}

/// Parks `event`; `false` when the consumer's database did not let it.
async fn park(subscription: &Subscription, event: &Arc<Event>, reason: Reason) -> bool {
    let consumer = subscription.consumer;
    tracing::error!(error = reason.error, attempts = reason.attempts, "event goes to dead letters");
    let event = Arc::clone(event);
    let parked = subscription
        .db
        .write("park event", move |tx| dead_letters::park(tx, consumer, &event, &reason))
        .await;
    match parked {
        Ok(()) => {
            metrics::counter!("events_dead_total", "consumer" => consumer).increment(1);
            true
        }
        Err(error) => {
            tracing::warn!(%error, "park event");
            false
        }
    }
}

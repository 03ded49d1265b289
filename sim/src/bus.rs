//! Events between hosts: the relay of one hands each to a consumer on another over the network, and takes
//! silence for an outage. At the other end the event is taken as the kit takes it.

use std::{future::pending, sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use techtrove_bus::{Event, EventHandler, HandlerError, Taken, attempt};
use techtrove_http::Lost;

use crate::{
    hosts::Life,
    network::{Errand, Sender, transmit},
    world::World,
};

/// How long a relay waits for a consumer's word.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a consumer may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A consumer on another host.
struct Remote {
    world: Arc<World>,
    from: Sender,
    to: &'static str,
    consumer: &'static str,
}

/// What hands events to the consumer of this name on host `to`.
#[must_use]
pub fn remote(
    world: &Arc<World>,
    from: &Sender,
    to: &'static str,
    consumer: &'static str,
) -> Arc<dyn EventHandler> {
    Arc::new(Remote { world: Arc::clone(world), from: from.clone(), to, consumer })
}

impl EventHandler for Remote {
    fn handle(&self, event: Arc<Event>) -> BoxFuture<'_, Result<Taken, HandlerError>> {
        let consumer = self.consumer;
        let what = format!(
            "event {} {} {} of {} for {consumer}",
            event.kind, event.sequence, event.id, event.aggregate_id
        );
        let errand = Errand {
            what,
            mark: String::new(),
            work: Arc::new(move |life| take(life, consumer, Arc::clone(&event)).boxed()),
            say: |taken| match taken {
                Ok(()) => "taken".to_owned(),
                Err(error) => format!("not taken: {error}"),
            },
            failing: || Err(HandlerError::failed("the consumer fails")),
        };
        async move {
            let handing = transmit(&self.world, &self.from, self.to, errand);
            match tokio::time::timeout(PATIENCE, handing).await {
                Ok(Ok(taken)) => taken.map(|()| Taken::Handled),
                Ok(Err(Lost { source, .. })) => Err(HandlerError::Unavailable(source)),
                Err(_) => Err(HandlerError::unavailable("the consumer is silent")),
            }
        }
        .boxed()
    }
}

async fn take(
    life: Arc<Life>,
    consumer: &'static str,
    event: Arc<Event>,
) -> Result<(), HandlerError> {
    let Some(faces) = life.faces() else { return pending().await };
    match faces.next().subscriptions.iter().find(|known| known.consumer == consumer) {
        Some(subscription) => attempt(subscription, &event, DEADLINE).await,
        None => Err(HandlerError::unavailable("there is no such consumer")),
    }
}

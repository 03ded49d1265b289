//! Takes an order from step to step: ask a neighbour, decide, store, go on. Whoever drives holds the
//! order's lease, renewed with each step; a driver that finds it gone stops at once, since another one
//! drives. The decisions are [`crate::domain::saga`]'s alone.

use std::{sync::Arc, time::Duration};

use techtrove_bus::{EventContext, NewEvent};
use techtrove_core::{Problem, Timestamp};
use techtrove_db::{DbError, Tx};
use techtrove_http::{
    current_traceparent,
    idempotency::{self, Answer},
};
use tokio::sync::oneshot;

use super::{
    App, Placed, answer,
    drivers::Seat,
    neighbours::{self, PaymentToken},
};
use crate::{
    domain::{
        Order, Refusal,
        saga::{Change, Facts, Hand, Outcome, Pin, Reply, Saga},
        status_word, step_word,
    },
    error::Error,
    events,
    store::{self, Lease, StoredSaga},
};

/// How often a step that was taken is tried to be stored while the database is busy.
const STORE_TRIES: u32 = 4;

/// The pause before the first further try; each further one doubles it.
const STORE_PAUSE: Duration = Duration::from_millis(50);

/// The buyer's request, which waits for its answer on a seat.
#[derive(Debug)]
pub(super) struct Waiting {
    answer: oneshot::Sender<Result<Placed, Error>>,
    seat: Seat,
}

impl Waiting {
    /// Waits for `answer` on `seat`.
    pub fn new(answer: oneshot::Sender<Result<Placed, Error>>, seat: Seat) -> Self {
        Self { answer, seat }
    }

    /// Answers and frees the seat.
    pub fn tell(self, answer: Result<Placed, Error>) {
        // A buyer who has gone will find the order by the idempotency key, or in the mail.
        let _ = self.answer.send(answer);
        drop(self.seat);
    }
}

/// An order being driven.
#[derive(Debug)]
pub(super) struct Drive {
    /// The order, as it is stored.
    pub order: Arc<Order>,
    /// What is to be done next, as it is stored.
    pub saga: Saga,
    /// The idempotency key that the buyer's request claimed.
    pub claim: Option<[u8; 32]>,
    /// The right to drive it.
    pub lease: Lease,
    /// Who drives.
    pub hand: Hand,
    /// The buyer's token, in the buyer's hand alone.
    pub token: Option<PaymentToken>,
    /// The buyer, as long as they wait.
    pub waiting: Option<Waiting>,
    /// The seat for what follows the answer.
    pub follow_up: Option<Seat>,
}

/// Why a driver stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nothing is left to do.
    Settled,
    /// The step will be taken again later.
    Waits,
    /// Somebody else drives.
    Overtaken,
    /// There is no room to go on after the buyer was answered: the recovery will.
    Left,
}

/// What one transaction stores.
#[derive(Debug)]
struct Stored {
    lease: Lease,
    change: Change,
    order: Arc<Order>,
    claim: Option<[u8; 32]>,
    event: Option<(EventContext, NewEvent)>,
    answer: Option<Answer>,
}

impl Drive {
    /// The order as the recovery found it.
    pub fn found(order: Order, stored: StoredSaga, lease: Lease) -> Self {
        Self {
            order: Arc::new(order),
            saga: stored.saga,
            claim: stored.claim,
            lease,
            hand: Hand::Recovery,
            token: None,
            waiting: None,
            follow_up: None,
        }
    }

    /// Drives until nothing is left to do now.
    ///
    /// # Errors
    /// When a step cannot be stored; then the recovery goes on once the lease has ended.
    pub async fn run(mut self, app: &App) -> Result<Stop, Error> {
        loop {
            let began = app.clock.now();
            let outcome = neighbours::take(app, &self).await;
            let now = app.clock.now();
            let facts = Facts { hand: self.hand, now, patience: app.config.deadlines.patience };
            let change = self.saga.decide(&outcome, &facts);
            self.observe(app, &outcome, &change, now.since(began), now);
            let stored = Arc::new(self.prepare(app, change, now)?);
            if !store(app, &stored).await? {
                return Ok(Stop::Overtaken);
            }
            match self.advance(app, &stored) {
                Some(stop) => return Ok(stop),
                None => continue,
            }
        }
    }

    /// Everything that the next transaction needs, made before it.
    fn prepare(&self, app: &App, change: Change, now: Timestamp) -> Result<Stored, Error> {
        let change = self.order.payment.news_in(change);
        let mut order = Arc::clone(&self.order);
        if change.touches_order() {
            Arc::make_mut(&mut order).apply(&change, now);
        }
        let event = change.status.and_then(|status| events::status_changed(order.id, status));
        let event = event.map(|event| {
            let context = EventContext::new(&*app.clock, &*app.ids);
            (context.in_trace(current_traceparent()), event)
        });
        let pause = match &change.next {
            Some(next) if change.waits => next.backoff(),
            _ => app.config.deadlines.lease,
        };
        let lease = Lease { until: now.plus(pause), ..self.lease };
        let answer = match change.pin {
            Pin::Order => Some(answer::placed(&order)?),
            Pin::Refusal => change.refusal.clone().map(|why| Answer::refused(&Problem::from(why))),
            Pin::Keep | Pin::Forget => None,
        };
        Ok(Stored { lease, change, order, claim: self.claim, event, answer })
    }

    /// Goes on from what is stored now; `Some` when there is nothing to go on with.
    fn advance(&mut self, app: &App, stored: &Stored) -> Option<Stop> {
        self.order = Arc::clone(&stored.order);
        self.lease = stored.lease;
        let told = self.tell(stored);
        let Some(next) = &stored.change.next else { return Some(Stop::Settled) };
        self.saga = next.clone();
        if stored.change.waits {
            return Some(Stop::Waits);
        }
        if told {
            self.follow_up = app.drivers.follow_up();
            return self.follow_up.is_none().then_some(Stop::Left);
        }
        None
    }

    /// Tells the buyer, if the time has come and they still wait; whether it did.
    fn tell(&mut self, stored: &Stored) -> bool {
        let change = &stored.change;
        let Some((reply, waiting)) =
            change.reply.zip(self.waiting.take_if(|_| change.reply.is_some()))
        else {
            return false;
        };
        let refusal = change.refusal.clone();
        let (outcome, answer) = match reply {
            Reply::Order => {
                (status_word(stored.order.status), stored.answer.clone().map(Placed::new))
            }
            Reply::Refusal => (refusal.as_ref().map_or("refused", Refusal::label), None),
        };
        metrics::counter!("orders_placed_total", "outcome" => outcome).increment(1);
        let refused = || refusal.map_or(Error::Overtaken, Error::Refused);
        waiting.tell(answer.ok_or_else(refused));
        true
    }

    fn observe(
        &self,
        app: &App,
        outcome: &Outcome,
        change: &Change,
        took: Duration,
        now: Timestamp,
    ) {
        let (order, step) = (self.order.id, step_word(self.saga.step));
        metrics::histogram!("orders_saga_step_seconds", "step" => step).record(took.as_secs_f64());
        if change.waits {
            metrics::counter!("orders_saga_waits_total", "step" => step).increment(1);
        }
        let age = now.since(self.order.created_at);
        if let Some(alert) = change.alert {
            metrics::counter!("orders_alerts_total", "step" => step).increment(1);
            tracing::error!(%order, step, "{alert}: somebody should look");
        } else if change.waits && age >= app.config.deadlines.alert {
            metrics::counter!("orders_alerts_total", "step" => step).increment(1);
            tracing::error!(%order, step, ?age, "an order waits for too long: somebody should look");
        } else {
            tracing::debug!(%order, step, ?outcome, "a step was taken");
        }
    }
}

/// Stores a step in one transaction. While the database is only busy it is tried again, since the
/// neighbours have done their part already. `false` when somebody else drives the order.
async fn store(app: &App, stored: &Arc<Stored>) -> Result<bool, Error> {
    for attempt in 1.. {
        let job = Arc::clone(stored);
        match app.db.write("orders.store_step", move |tx| job.store(tx)).await {
            Err(Error::Db(error)) if error.is_transient() && attempt < STORE_TRIES => {
                tracing::warn!(%error, attempt, "a step could not be stored; trying again");
                tokio::time::sleep(STORE_PAUSE * 2_u32.saturating_pow(attempt - 1)).await;
            }
            Ok(true) if stored.change.touches_order() => {
                app.hub.tell(stored.order.id);
                return Ok(true);
            }
            result => return result,
        }
    }
    Ok(false)
}

impl Stored {
    fn store(&self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        if !store::store_change(tx, &self.lease, &self.change, &self.order)? {
            return Ok(false);
        }
        if let Some((context, event)) = &self.event {
            techtrove_bus::record(tx, context, event)?;
        }
        self.end_claim(tx)?;
        Ok(true)
    }

    fn end_claim(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let Some(key) = &self.claim else { return Ok(()) };
        match (self.change.pin, &self.answer) {
            (Pin::Order | Pin::Refusal, Some(answer)) => idempotency::finish(tx, key, answer),
            (Pin::Forget, _) => idempotency::forget(tx, key),
            _ => Ok(()),
        }
    }
}

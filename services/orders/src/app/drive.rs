//! Takes an order from step to step: ask a neighbour, decide, store, go on. Whoever drives holds the
//! order's lease, renewed with each step; a driver that finds it gone stops at once, since another one
//! drives, and one that finds the order changed beside it decides again. The decisions are
//! [`crate::domain::saga`]'s alone.

use std::{sync::Arc, time::Duration};

use techtrove_bus::{EventContext, NewEvent};
use techtrove_core::{Problem, Timestamp, planted};
use techtrove_db::{DbError, Tx};
use techtrove_http::{
    current_traceparent,
    idempotency::{self, Answer},
};
use techtrove_identity_api::UserId;
use techtrove_orders_api::{OrderId, OrderStatus};
use tokio::{sync::oneshot, time::Instant};

use super::{
    App, Placed, answer,
    drivers::{Seat, Turn},
    neighbours::{self, PaymentToken},
};
use crate::{
    domain::{
        Order, Refusal,
        saga::{Change, Facts, Hand, Outcome, Pin, Reply, Saga, Step},
        status_word, step_word,
    },
    error::Error,
    events,
    store::{self, Held, Lease, StoredSaga},
};

/// How long a step that was taken is tried to be stored while the database is busy: a buyer may wait, and after a
/// longer while the recovery goes on.
const STORE_PATIENCE: Duration = Duration::from_millis(500);

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
    /// The saga's revision, as it was read.
    pub revision: i64,
    /// The right to drive it.
    pub lease: Lease,
    /// Who drives.
    pub hand: Hand,
    /// The buyer's token, in the buyer's hand alone.
    pub token: Option<PaymentToken>,
    /// The buyer's turn at the stock, until it is held.
    pub turn: Option<Turn>,
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

/// What became of a decision.
#[derive(Debug)]
enum Attempt {
    /// It is stored.
    Stored(Arc<Stored>),
    /// Others changed the order, and the step is to be taken again.
    Again,
    /// Somebody else drives.
    Overtaken,
}

/// What one transaction stores.
#[derive(Debug)]
struct Stored {
    held: Held,
    change: Change,
    order: Arc<Order>,
    claim: Option<[u8; 32]>,
    events: Vec<(EventContext, NewEvent)>,
    answer: Option<Answer>,
    /// The final answers to those who asked for a refund or a parcel, by their idempotency keys.
    pinned: Vec<([u8; 32], Answer)>,
}

impl Drive {
    /// The order as the recovery found it.
    pub fn found(order: Order, stored: StoredSaga, lease: Lease) -> Self {
        Self {
            order: Arc::new(order),
            saga: stored.saga,
            claim: stored.claim,
            revision: stored.revision,
            lease,
            hand: Hand::Recovery,
            token: None,
            turn: None,
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
            let outcome = neighbours::take(app, &mut self).await;
            let stored = match self.decide_and_store(app, &outcome, began).await? {
                Attempt::Stored(stored) => stored,
                Attempt::Again => continue,
                Attempt::Overtaken => return Ok(Stop::Overtaken),
            };
            app.hub.tell(self.order.id);
            if let Some(stop) = self.advance(app, &stored) {
                return Ok(stop);
            }
            if self.hand == Hand::Buyer && self.saga.step == Step::Capture {
                app.drivers.departure().await;
            }
        }
    }

    /// Stores what follows from `outcome`; decided again when somebody changed the order meanwhile.
    async fn decide_and_store(
        &mut self,
        app: &App,
        outcome: &Outcome,
        began: Timestamp,
    ) -> Result<Attempt, Error> {
        loop {
            let now = app.clock.now();
            let (change, order) = self.saga.follow(&self.order, outcome, &self.facts(app, now));
            let change = self.order.payment.news_in(change);
            self.observe(app, outcome, &change, now.since(began));
            let stored = Arc::new(self.prepare(app, change, order, now)?);
            if store(app, &stored).await? {
                return Ok(Attempt::Stored(stored));
            }
            if !self.look_again(app).await? {
                return Ok(Attempt::Overtaken);
            }
            if stored.change.waits && self.hand == Hand::Recovery {
                // It may be news which the answer at hand is too old for.
                return Ok(Attempt::Again);
            }
        }
    }

    fn facts(&self, app: &App, now: Timestamp) -> Facts {
        let deadlines = &app.config.deadlines;
        Facts {
            hand: self.hand,
            now,
            patience: deadlines.patience,
            action: deadlines.action,
            capture: app.config.capture,
            fresh: app.ids.uuid(),
        }
    }

    /// Reads the order as others have changed it; whether it is still ours to drive.
    async fn look_again(&mut self, app: &App) -> Result<bool, Error> {
        let lease = self.lease;
        let found = app.db.lookup("orders.look_again", move |tx| -> Result<_, Error> {
            let Some(saga) = store::lookup_own_saga(tx, &lease)? else { return Ok(None) };
            Ok(store::lookup_order(tx, lease.order)?.zip(Some(saga)))
        });
        let Some((order, saga)) = found.await? else { return Ok(false) };
        self.order = Arc::new(order);
        self.revision = saga.revision;
        Ok(true)
    }

    /// Everything that the next transaction needs, made before it.
    fn prepare(
        &self,
        app: &App,
        change: Change,
        order: Arc<Order>,
        now: Timestamp,
    ) -> Result<Stored, Error> {
        let until = match &change.next {
            Some(next) if change.waits => change.due.unwrap_or_else(|| next.due_at(now)),
            _ => now.plus(app.config.deadlines.lease),
        };
        let held = Held {
            lease: Lease { until, ..self.lease },
            revision: self.revision,
            stations: self.order.history.len(),
        };
        let answer = match change.pin {
            Pin::Order => Some(answer::placed(&order)?),
            Pin::Refusal => change.refusal.clone().map(|why| Answer::refused(&Problem::from(why))),
            Pin::Keep | Pin::Forget => None,
        };
        Ok(Stored {
            held,
            events: self.events(app, &order),
            answer,
            pinned: self.pinned(&order, &change, now)?,
            change,
            order,
            claim: self.claim,
        })
    }

    /// The final answers to those who asked for what has ended, and to those who asked for what waits and may
    /// have gone without one.
    fn pinned(
        &self,
        order: &Order,
        change: &Change,
        now: Timestamp,
    ) -> Result<Vec<([u8; 32], Answer)>, Error> {
        let mut pinned = answer::asked_for(order, change)?;
        if let Some((refund, _)) = change.put_off {
            pinned.extend(answer::waiting_for(order, refund, now)?);
        }
        Ok(pinned)
    }

    /// The events of what became of the order.
    fn events(&self, app: &App, order: &Order) -> Vec<(EventContext, NewEvent)> {
        let events = events::between(&self.order, order).into_iter();
        let in_context = |event| {
            let context = EventContext::new(&*app.clock, &*app.ids);
            (context.in_trace(current_traceparent()), event)
        };
        events.map(in_context).collect()
    }

    /// Goes on from what is stored now; `Some` when there is nothing to go on with.
    fn advance(&mut self, app: &App, stored: &Stored) -> Option<Stop> {
        self.order = Arc::clone(&stored.order);
        self.lease = stored.held.lease;
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

    fn observe(&self, app: &App, outcome: &Outcome, change: &Change, took: Duration) {
        let (order, step) = (self.order.id, step_word(self.saga.step));
        metrics::histogram!("orders_saga_step_seconds", "step" => step).record(took.as_secs_f64());
        if change.waits {
            metrics::counter!("orders_saga_waits_total", "step" => step).increment(1);
        }
        let waited = self.saga.waited();
        if let Some(alert) = change.alert {
            metrics::counter!("orders_alerts_total", "step" => step).increment(1);
            tracing::error!(%order, step, "{alert}: somebody should look");
        } else if change.waits && waited >= app.config.deadlines.alert {
            metrics::counter!("orders_alerts_total", "step" => step).increment(1);
            tracing::error!(%order, step, ?waited, "an order waits for too long: somebody should look");
        } else {
            tracing::debug!(%order, step, ?outcome, "a step was taken");
        }
    }
}

/// Tells of an order that is left to the recovery. What passes by itself was told of by the database.
pub(super) fn tell_left(order: OrderId, error: Error) {
    let passes = matches!(error, Error::Db(DbError::Locked));
    let error = Problem::from(error);
    if passes {
        tracing::warn!(%order, ?error, "an order is left to the recovery");
    } else {
        tracing::error!(%order, ?error, "an order is left to the recovery");
    }
}

/// Stores a step in one transaction. While the database is only busy it is tried again, since the
/// neighbours have done their part already. `false` when somebody else drives the order, or changed it.
async fn store(app: &App, stored: &Arc<Stored>) -> Result<bool, Error> {
    if planted("event-before-commit") {
        record_apart(app, stored).await?;
    }
    let began = Instant::now();
    for attempt in 1.. {
        let job = Arc::clone(stored);
        match app.db.write("orders.store_step", move |tx| job.store(tx)).await {
            Err(Error::Db(error)) if error.is_transient() && began.elapsed() < STORE_PATIENCE => {
                tracing::warn!(%error, attempt, "a step could not be stored; trying again");
                tokio::time::sleep(STORE_PAUSE * 2_u32.saturating_pow(attempt - 1)).await;
            }
            Ok(true) if planted("event-after-commit") => {
                record_apart(app, stored).await?;
                return Ok(true);
            }
            result => return result,
        }
    }
    Ok(false)
}

/// Records the events in a transaction of their own, as only a planted bug does.
async fn record_apart(app: &App, stored: &Arc<Stored>) -> Result<(), Error> {
    let job = Arc::clone(stored);
    app.db.write("orders.record_apart", move |tx| Ok(job.record(tx, None)?)).await
}

impl Stored {
    fn store(&self, tx: &mut Tx<'_>) -> Result<bool, Error> {
        if !store::store_change(tx, &self.held, &self.change, &self.order)? {
            return Ok(false);
        }
        if !planted("event-before-commit") && !planted("event-after-commit") {
            let owner = self.late_owner(tx)?;
            self.record(tx, owner)?;
        }
        for (key, answer) in
            self.pinned.iter().filter(|_| !planted("answer-not-pinned-with-the-step"))
        {
            idempotency::finish(tx, key, answer)?;
        }
        self.end_claim(tx)?;
        Ok(true)
    }

    /// Whose a guest's order is that is confirmed by this: its contact may be a user's.
    fn late_owner(&self, tx: &mut Tx<'_>) -> Result<Option<UserId>, DbError> {
        let by_guest = self.order.user_id.is_none();
        let confirmed = self.change.status == Some(OrderStatus::Confirmed);
        if by_guest && confirmed { store::lookup_owner(tx, self.order.id) } else { Ok(None) }
    }

    fn record(&self, tx: &mut Tx<'_>, owner: Option<UserId>) -> Result<(), DbError> {
        self.events.iter().try_for_each(|(context, event)| match owner {
            Some(owner) => techtrove_bus::record(tx, context, &events::as_of(owner, event)),
            None => techtrove_bus::record(tx, context, event),
        })
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

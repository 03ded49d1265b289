//! Brings what is committed to its consumers: reads unpublished events in the order of their
//! positions, delivers those of one aggregate one after the other and those of different aggregates
//! at the same time, and marks as published what every consumer took. It must never read by 'position
//! above the last one' (an earlier one may become visible later), and never let a failing delivery
//! hold up other aggregates or consumers. It is one task without threads or tasks of its own, so that
//! a simulation can run it. The order is [`crate::lanes`]', the delivery [`crate::delivery`]'s.

use std::sync::Arc;

use futures::FutureExt;
use techtrove_core::{Timestamp, planted};
use techtrove_db::{Db, DbError};
use tokio::{sync::Semaphore, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Bus, RelayOptions, Subscription,
    delivery::{Courier, Verdict},
    lanes::{LaneKey, Lanes, Letter, Start},
    leases::{self, Groups, Held, Renewal},
    outbox::{self, Batch, Reading, Unpublished},
    work::{Turn, Work},
};

/// Relays the events of `db` until it is cancelled; then it lets running deliveries finish, marks
/// what was taken and gives its leases away. What fails is logged and tried again.
pub async fn relay(db: Db, bus: Bus, options: RelayOptions, cancel: CancellationToken) {
    let committed = db.committed();
    let mut relay = Relay::new(db, &bus, options);
    let mut tick = tokio::time::interval(relay.options.tick);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut woken = std::pin::pin!(committed.notified());
    woken.as_mut().enable();
    loop {
        relay.start_what_is_due();
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            () = &mut woken => {
                // Armed again before the outbox is read: a commit in between must not be missed.
                woken.set(committed.notified());
                woken.as_mut().enable();
                relay.gather();
            }
            _ = tick.tick() => relay.on_tick(),
            turn = relay.work.next() => relay.apply(turn),
        }
    }
    relay.finish().await;
}

struct Consumer {
    subscription: Arc<Subscription>,
    permits: Arc<Semaphore>,
}

pub(crate) struct Relay {
    db: Db,
    bus: Bus,
    options: RelayOptions,
    courier: Arc<Courier>,
    consumers: Vec<Consumer>,
    id: Uuid,
    lanes: Lanes,
    work: Work,
    /// Taken by everybody, to be marked.
    settled: Vec<i64>,
    mark_now: bool,
    /// Marked while a reading was under way, which may have seen them as unpublished.
    marked_meanwhile: Vec<i64>,
    /// Whether the outbox may hold what is not in `lanes`.
    wanted: bool,
    held: Held,
    held_until: Option<Timestamp>,
    /// The last failure of the database, for [`crate::drain`].
    pub(crate) failure: Option<DbError>,
    pub(crate) published: u64,
}

impl Relay {
    pub(crate) fn new(db: Db, bus: &Bus, options: RelayOptions) -> Self {
        let consumers = bus
            .subscriptions()
            .iter()
            .map(|subscription| Consumer {
                subscription: Arc::clone(subscription),
                permits: Arc::new(Semaphore::new(options.concurrency.max(1))),
            })
            .collect();
        let id = options.ids.uuid();
        let mut relay = Self {
            db,
            bus: bus.clone(),
            courier: Arc::new(Courier::new(&options)),
            consumers,
            id,
            lanes: Lanes::default(),
            work: Work::new(),
            settled: Vec::new(),
            mark_now: false,
            marked_meanwhile: Vec::new(),
            wanted: true,
            held: Held::ALL,
            held_until: None,
            failure: None,
            published: 0,
            options,
        };
        if relay.options.lease.is_some() {
            relay.held = Held::default();
            relay.start_renewal();
        }
        relay
    }

    /// Starts readings and markings as far as there is room for them.
    pub(crate) fn start_what_is_due(&mut self) {
        if self.wanted && self.work.read.is_free() && self.has_room() {
            self.wanted = false;
            self.start_read();
        }
        if self.settled.is_empty() || !self.work.mark.is_free() {
            return;
        }
        if self.mark_now || self.settled.len() >= outbox::CHUNK || self.options.linger.is_zero() {
            self.start_mark();
        } else if self.work.mark_timer.is_free() {
            self.work.mark_timer.put_timer(self.options.linger, Turn::MarkDue);
        }
    }

    /// Whether nothing is under way and, as far as is known, nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.work.is_quiet() && self.settled.is_empty() && !self.wanted
    }

    pub(crate) async fn step(&mut self) {
        let turn = self.work.next().await;
        self.apply(turn);
    }

    fn apply(&mut self, turn: Turn) {
        match turn {
            Turn::Delivered { lane, verdict } => self.delivered(&lane, verdict),
            Turn::Awake(lane) => {
                if let Some(start) = self.lanes.wake(&lane) {
                    self.start_delivery(start);
                }
            }
            Turn::Gathered => self.wanted = true,
            Turn::Read(batch) => self.read(batch),
            Turn::Marked { positions, result } => self.marked(positions, result),
            Turn::MarkDue => self.mark_now = true,
            Turn::Renewed { held, until } => self.renewed(held, until),
            Turn::RenewalDue => self.start_renewal(),
            Turn::Counted(Ok(count)) => self.counted(count),
            Turn::Counted(Err(error)) => self.failed("count unpublished events", error),
        }
    }

    /// Something was committed: it is read once others have had the time to join it.
    fn gather(&mut self) {
        if self.options.gather.is_zero() {
            self.wanted = true;
        } else if self.work.gathering.is_free() {
            self.work.gathering.put_timer(self.options.gather, Turn::Gathered);
        }
    }

    fn on_tick(&mut self) {
        self.wanted = true;
        if self.work.count.is_free() {
            let db = self.db.clone();
            self.work.count.put(async move {
                Turn::Counted(db.read("count unpublished events", outbox::unpublished).await)
            });
        }
    }

    /// Events behind a failed one do not count as work, up to the window.
    fn has_room(&self) -> bool {
        let moving = self.lanes.len().saturating_sub(self.lanes.stalled());
        let leased = self.held_until.is_none_or(|until| self.options.clock.now() < until);
        moving < self.options.batch.saturating_mul(2)
            && self.lanes.len() < self.options.window
            && leased
            && !self.held.readable().is_empty()
    }

    fn start_read(&mut self) {
        let db = self.db.clone();
        let reading = Reading {
            source: Arc::clone(&self.options.source),
            groups: self.held.readable(),
            known: self.lanes.positions(),
            batch: self.options.batch.max(1),
        };
        self.work.read.put(async move {
            let read = db
                .read("read unpublished events", move |tx| outbox::read_unpublished(tx, &reading))
                .await;
            Turn::Read(read)
        });
    }

    fn read(&mut self, batch: Result<Batch, DbError>) {
        match batch {
            Ok(batch) => {
                self.wanted |= batch.is_full;
                for (partition, letter) in batch.letters {
                    self.enter(Groups::of_partition(partition), &letter);
                }
            }
            Err(error) => self.failed("read unpublished events", error),
        }
        let marked = std::mem::take(&mut self.marked_meanwhile);
        self.lanes.forget(&marked);
    }

    fn enter(&mut self, group: u8, letter: &Letter) {
        let listeners = self.bus.listeners(&letter.event.aggregate_kind);
        if listeners.is_empty() || planted("published-before-taken") {
            self.settled.push(letter.position);
        }
        for start in self.lanes.enter(letter, group, &listeners) {
            self.start_delivery(start);
        }
    }

    fn start_delivery(&mut self, start: Start) {
        let Some(consumer) = self.consumers.get(start.lane.consumer) else { return };
        let (subscription, permits) =
            (Arc::clone(&consumer.subscription), Arc::clone(&consumer.permits));
        let courier = Arc::clone(&self.courier);
        self.work.deliveries.push(
            async move {
                // Refused once the relay ends.
                let verdict = match permits.acquire().await {
                    Err(_) => Verdict::Abandoned,
                    Ok(_permit) => {
                        courier.deliver(&subscription, &start.letter.event, start.tries).await
                    }
                };
                Turn::Delivered { lane: start.lane, verdict }
            }
            .boxed(),
        );
    }

    fn delivered(&mut self, lane: &LaneKey, verdict: Verdict) {
        match verdict {
            Verdict::Taken => {
                let (next, settled) = self.lanes.taken(lane);
                self.settled.extend(settled);
                if let Some(start) = next {
                    self.start_delivery(start);
                }
            }
            Verdict::Again { .. } if planted("relay-skips-failed") => {
                self.delivered(lane, Verdict::Taken);
            }
            Verdict::Again { tries, pause } => {
                self.lanes.sleep(lane, tries);
                self.work.pause(lane.clone(), pause);
            }
            Verdict::Abandoned => {}
        }
    }

    fn start_mark(&mut self) {
        self.mark_now = false;
        self.work.mark_timer.clear();
        let positions = std::mem::take(&mut self.settled);
        let (db, now) = (self.db.clone(), self.options.clock.now());
        self.work.mark.put(async move {
            let (positions, result) = mark(&db, positions, now).await;
            Turn::Marked { positions, result }
        });
    }

    fn marked(&mut self, positions: Vec<i64>, result: Result<(), DbError>) {
        if let Err(error) = result {
            self.failed("mark events as published", error);
            self.settled.extend(positions);
            self.work.mark_timer.put_timer(self.options.tick, Turn::MarkDue);
            return;
        }
        let count = u64::try_from(positions.len()).unwrap_or(u64::MAX);
        self.published = self.published.saturating_add(count);
        metrics::counter!("events_published_total", "source" => self.source()).increment(count);
        if self.work.read.is_free() {
            self.lanes.forget(&positions);
        } else {
            self.marked_meanwhile.extend(positions);
        }
    }

    fn start_renewal(&mut self) {
        let Some(lease) = self.options.lease else { return };
        let now = self.options.clock.now();
        let busy = self.lanes.groups().collect();
        let wish = Renewal { owner: self.id, now, until: now.plus(lease), busy };
        let db = self.db.clone();
        self.work.renewal.put(async move {
            let held = db.write("renew relay leases", move |tx| leases::renew(tx, &wish)).await;
            Turn::Renewed { held, until: wish.until }
        });
    }

    /// A renewal that failed leaves the leases as they were; they end by the clock.
    fn renewed(&mut self, held: Result<Held, DbError>, until: Timestamp) {
        match held {
            Ok(held) => {
                self.wanted |= held != self.held;
                self.held = held;
                self.held_until = Some(until);
            }
            Err(error) => self.failed("renew relay leases", error),
        }
        if let Some(lease) = self.options.lease {
            self.work.renewal.put_timer(lease / 3, Turn::RenewalDue);
        }
    }

    fn counted(&self, count: Unpublished) {
        let age =
            count.oldest.map_or(0.0, |oldest| self.options.clock.now().since(oldest).as_secs_f64());
        let waiting = u32::try_from(count.count).unwrap_or(u32::MAX);
        metrics::gauge!("events_unpublished", "source" => self.source()).set(f64::from(waiting));
        metrics::gauge!("events_oldest_unpublished_seconds", "source" => self.source()).set(age);
    }

    fn failed(&mut self, operation: &str, error: DbError) {
        tracing::warn!(source = &*self.options.source, %error, "{operation}");
        self.failure = Some(error);
    }

    fn source(&self) -> metrics::SharedString {
        metrics::SharedString::from_shared(Arc::clone(&self.options.source))
    }

    async fn finish(mut self) {
        for consumer in &self.consumers {
            consumer.permits.close();
        }
        self.work.pauses.clear();
        self.work.gathering.clear();
        self.work.read.clear();
        self.work.renewal.clear();
        self.work.count.clear();
        while !self.work.deliveries.is_empty() {
            self.step().await;
        }
        while !self.work.mark.is_free() {
            self.step().await;
        }
        let (_, result) = mark(&self.db, self.settled, self.options.clock.now()).await;
        if let Err(error) = result {
            tracing::warn!(source = &*self.options.source, %error, "mark events as published");
        }
        if self.options.lease.is_some() {
            let (owner, now) = (self.id, self.options.clock.now());
            let released = self
                .db
                .write("release relay leases", move |tx| leases::release(tx, owner, now))
                .await;
            if let Err(error) = released {
                tracing::warn!(source = &*self.options.source, %error, "release relay leases");
            }
        }
    }
}

async fn mark(db: &Db, positions: Vec<i64>, now: Timestamp) -> (Vec<i64>, Result<(), DbError>) {
    if positions.is_empty() {
        return (positions, Ok(()));
    }
    let positions: Arc<[i64]> = positions.into();
    let to_mark = Arc::clone(&positions);
    let result =
        db.write("mark events as published", move |tx| outbox::mark(tx, &to_mark, now)).await;
    (positions.to_vec(), result)
}

//! A database that publishes to itself, and a consumer whose effects can be looked at.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use techtrove_bus::{
    AggregateRef, Bus, Event, EventContext, HandlerError, MIGRATIONS, NewEvent, RelayOptions,
    Subscription, Taken, first_time, outbox, record,
};
use techtrove_core::{Clock, ManualClock, SeededIds, SharedIds};
use techtrove_db::{Db, DbError, Migration, MigrationSet, p};
use uuid::Uuid;

pub const THING: &str = "tests.thing";
pub const MOVED: &str = "tests.thing.moved.v1";
pub const CONSUMER: &str = "tests.follower";

const EFFECTS: MigrationSet = MigrationSet {
    name: "bus_tests",
    migrations: &[Migration {
        version: 1,
        name: "effects",
        sqlite: "CREATE TABLE effects (number INTEGER PRIMARY KEY, consumer TEXT NOT NULL, \
                 aggregate_id BLOB NOT NULL, sequence INTEGER NOT NULL) STRICT",
        postgres: "CREATE TABLE effects (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                   consumer TEXT NOT NULL, aggregate_id BYTEA NOT NULL, sequence BIGINT NOT NULL)",
        mysql: "CREATE TABLE effects (number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, \
                consumer VARCHAR(64) NOT NULL, aggregate_id BINARY(16) NOT NULL, \
                sequence BIGINT NOT NULL) ENGINE = InnoDB",
    }],
};

/// What each aggregate's effects were, in the order in which they happened.
pub type Effects = BTreeMap<u128, Vec<i64>>;

pub struct World {
    pub db: Db,
    pub clock: Arc<ManualClock>,
    pub ids: SharedIds,
}

impl World {
    pub async fn new(db: &Db) -> Self {
        db.migrate(&MIGRATIONS).await.expect("bus tables");
        db.migrate(&EFFECTS).await.expect("effects table");
        let clock = Arc::new(ManualClock::default());
        let ids = Arc::new(SeededIds::new(clock.clone(), 7));
        Self { db: db.clone(), clock, ids }
    }

    pub fn options(&self) -> RelayOptions {
        let mut options =
            RelayOptions::new("/tests", &self.db, self.clock.clone(), self.ids.clone());
        options.lease = None;
        options
    }

    pub fn new_event(&self, aggregate: u128) -> (EventContext, NewEvent) {
        let event = NewEvent {
            kind: MOVED,
            aggregate: AggregateRef { kind: THING, id: Uuid::from_u128(aggregate) },
            data: serde_json::json!({ "aggregate": aggregate.to_string() }),
        };
        (EventContext::new(&*self.clock, &*self.ids), event)
    }

    pub async fn record(&self, aggregate: u128) {
        let (context, event) = self.new_event(aggregate);
        self.db
            .write("record", move |tx| record(tx, &context, &event))
            .await
            .expect("recorded event");
    }

    pub async fn effects(&self, consumer: &'static str) -> Effects {
        let rows = self
            .db
            .read("effects", move |tx| -> Result<_, DbError> {
                tx.query(
                    "SELECT aggregate_id, sequence FROM effects WHERE consumer = ? ORDER BY number",
                    p![consumer],
                    |row| Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?)),
                )
            })
            .await
            .expect("effects");
        let mut effects = Effects::new();
        for (aggregate, sequence) in rows {
            effects.entry(aggregate.as_u128()).or_default().push(sequence);
        }
        effects
    }

    pub async fn unpublished(&self) -> u64 {
        self.db.read("unpublished", outbox::unpublished).await.expect("unpublished").count
    }

    /// As if the process had died before it could mark anything.
    pub async fn forget_marks(&self) {
        self.db
            .write("forget marks", |tx| -> Result<_, DbError> {
                tx.execute("UPDATE outbox SET published_at = NULL", p![])
            })
            .await
            .expect("forgotten marks");
    }

    pub async fn dead_letters(&self, consumer: &'static str) -> Vec<(u128, u64)> {
        let letters = self
            .db
            .read("dead letters", |tx| techtrove_bus::dead_letters::list(tx, None, 1_000))
            .await
            .expect("dead letters");
        let of_consumer = letters.iter().filter(|letter| letter.consumer == consumer);
        of_consumer.map(|letter| (letter.aggregate_id.as_u128(), letter.sequence)).collect()
    }
}

/// Decides what goes wrong with an event: called at each delivery, before its effect.
pub type Fault = Arc<dyn Fn(&Event) -> Option<HandlerError> + Send + Sync>;

/// A consumer that follows things, with the number of its deliveries.
#[derive(Clone)]
pub struct Follower {
    pub name: &'static str,
    pub db: Db,
    pub fault: Arc<Mutex<Fault>>,
    pub calls: Arc<Mutex<Vec<(u128, u64)>>>,
}

impl Follower {
    pub fn new(name: &'static str, db: &Db) -> Self {
        let fault: Fault = Arc::new(|_| None);
        Self { name, db: db.clone(), fault: Arc::new(Mutex::new(fault)), calls: Arc::default() }
    }

    pub fn failing(
        self,
        fault: impl Fn(&Event) -> Option<HandlerError> + Send + Sync + 'static,
    ) -> Self {
        self.set_fault(fault);
        self
    }

    pub fn set_fault(
        &self,
        fault: impl Fn(&Event) -> Option<HandlerError> + Send + Sync + 'static,
    ) {
        *self.fault.lock().expect("no panic") = Arc::new(fault);
    }

    pub fn calls(&self) -> usize {
        self.calls.lock().expect("no panic").len()
    }

    pub fn subscription(&self) -> Subscription {
        let follower = self.clone();
        Subscription {
            consumer: self.name,
            aggregate_kinds: &[THING],
            db: self.db.clone(),
            handler: Arc::new(move |event| follower.clone().handle(event)),
        }
    }

    pub async fn handle(self, event: Arc<Event>) -> Result<Taken, HandlerError> {
        let call = (event.aggregate_id.as_u128(), event.sequence);
        self.calls.lock().expect("no panic").push(call);
        let fault = Arc::clone(&*self.fault.lock().expect("no panic"));
        if let Some(error) = fault(&event) {
            return Err(error);
        }
        let consumer = self.name;
        self.db
            .write("follow", move |tx| -> Result<(), HandlerError> {
                if first_time(tx, consumer, &event)? {
                    let sequence = i64::try_from(event.sequence)?;
                    tx.execute(
                        "INSERT INTO effects (consumer, aggregate_id, sequence) VALUES (?, ?, ?)",
                        p![consumer, event.aggregate_id, sequence],
                    )?;
                }
                Ok(())
            })
            .await?;
        Ok(Taken::Handled)
    }
}

pub fn bus(followers: &[&Follower]) -> Bus {
    let mut bus = Bus::in_process();
    for follower in followers {
        bus.subscribe(follower.subscription()).expect("names differ");
    }
    bus
}

/// The effects of `events` events for each of `aggregates` aggregates, once and in order.
pub fn in_order(aggregates: u128, events: i64) -> Effects {
    (0..aggregates).map(|aggregate| (aggregate, (1..=events).collect())).collect()
}

/// Polls until `test` says yes; panics after ten seconds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut test: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !test().await {
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub fn now(world: &World) -> techtrove_core::Timestamp {
    world.clock.now()
}

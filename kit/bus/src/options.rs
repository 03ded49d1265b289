//! What can be set about relaying and pruning, with defaults that suit a shop.

use std::{sync::Arc, time::Duration};

use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::{Db, Engine};

use crate::RetryPolicy;

/// Settings of a relay.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// Who publishes, as CloudEvents' `source`: `/techtrove/orders`.
    pub source: Arc<str>,
    /// Tells the time of marks and leases.
    pub clock: SharedClock,
    /// Gives the relay its name among others, and the chance in pauses.
    pub ids: SharedIds,
    /// When failed deliveries are tried again.
    pub retry: RetryPolicy,
    /// How long a handler may take; then it is dropped, which counts as a failure.
    pub deadline: Duration,
    /// How many events are read at once.
    pub batch: usize,
    /// How many events a consumer gets at the same time, each of another aggregate.
    pub concurrency: usize,
    /// How many events are held at most; beyond it the relay reads no more, so that an outage of
    /// one consumer with more waiting events than this delays the others.
    pub window: usize,
    /// How long a commit waits for others before the outbox is read: what is read together is
    /// delivered together, and a consumer takes it in few transactions.
    pub gather: Duration,
    /// How often the outbox is looked at without having been told of a commit: other processes
    /// commit, too.
    pub tick: Duration,
    /// How long marking events as published may wait for more of them.
    pub linger: Duration,
    /// For how long partitions are leased from other relays on the same database; `None` when no
    /// other process can relay it.
    pub lease: Option<Duration>,
}

impl RelayOptions {
    /// The defaults for a relay of `db`: alone on SQLite, whose file belongs to one process, and
    /// with leases on a server, which replicas share.
    #[must_use]
    pub fn new(source: &str, db: &Db, clock: SharedClock, ids: SharedIds) -> Self {
        let shared = db.engine() != Engine::Sqlite;
        Self {
            source: source.into(),
            clock,
            ids,
            retry: RetryPolicy::default(),
            deadline: Duration::from_secs(30),
            batch: 256,
            concurrency: 64,
            window: 4_096,
            gather: Duration::from_millis(20),
            tick: Duration::from_secs(1),
            linger: Duration::from_millis(5),
            lease: shared.then_some(Duration::from_secs(10)),
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Settings of pruning.
#[derive(Clone, Debug)]
pub struct PruneOptions {
    /// Tells what is old.
    pub clock: SharedClock,
    /// How long events stay after publishing: what a broker that lost everything is filled from.
    pub keep: Duration,
    /// For how much longer than that a consumer remembers what it took, so that an event which is
    /// still there is never new to it. At least [`RetryPolicy::outage`].
    pub margin: Duration,
    /// How many rows go in one transaction.
    pub batch: usize,
    /// How often, and how long after the start for the first time.
    pub every: Duration,
}

impl PruneOptions {
    /// Seven days, batches of 500, every hour.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        let every = Duration::from_secs(60 * 60);
        Self { clock, keep: 7 * DAY, margin: DAY, batch: 500, every }
    }
}

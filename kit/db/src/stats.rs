//! What a database does, counted: read by [`crate::Db::stats`] and told to the `metrics` recorder as
//! `techtrove_db_…` with the labels `db` and `kind`. Handles are made once, when the database is
//! opened, so the recorder must be installed before.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use metrics::{Counter, Gauge, Histogram};

use crate::tx::Kind;

/// What a database did since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DbStats {
    /// Jobs that read.
    pub read: LaneStats,
    /// Jobs that write.
    pub write: LaneStats,
}

/// What one kind of jobs did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStats {
    /// Jobs that wait just now.
    pub waiting: u64,
    /// Jobs that were run and answered.
    pub jobs: u64,
    /// Transactions; on SQLite many jobs share one.
    pub batches: u64,
    /// Runs that were repeated.
    pub retries: u64,
    /// Jobs that were refused because too many waited.
    pub busy: u64,
    /// Jobs that were refused because another process had locked the file.
    pub locked: u64,
    /// Jobs whose caller had gone before they began.
    pub abandoned: u64,
    /// Jobs that took too long.
    pub timeouts: u64,
    /// Jobs that ran longer than `slow_job`.
    pub slow: u64,
    /// Jobs that panicked.
    pub panics: u64,
    /// Commits with an unknown outcome.
    pub unknown_commits: u64,
    /// Connections that are open just now.
    pub connections: u64,
    /// Those of them that run something just now.
    pub working: u64,
    /// Connections that were made; more than are open where some were lost.
    pub connects: u64,
}

/// A number that is counted here and told to the recorder.
pub(crate) struct Count {
    value: AtomicU64,
    told: Counter,
}

impl Count {
    fn new(told: Counter) -> Self {
        Self { value: AtomicU64::new(0), told }
    }

    pub(crate) fn add(&self, count: u64) {
        self.value.fetch_add(count, Relaxed);
        self.told.increment(count);
    }

    fn get(&self) -> u64 {
        self.value.load(Relaxed)
    }
}

/// A number that rises and falls, counted here and told to the recorder.
pub(crate) struct Level {
    value: AtomicU64,
    told: Gauge,
}

impl Level {
    fn new(told: Gauge) -> Arc<Self> {
        Arc::new(Self { value: AtomicU64::new(0), told })
    }

    /// One more, until what is returned is dropped.
    pub(crate) fn raised(self: &Arc<Self>) -> Raised {
        self.value.fetch_add(1, Relaxed);
        self.told.increment(1.0);
        Raised(Arc::clone(self))
    }

    fn get(&self) -> u64 {
        self.value.load(Relaxed)
    }
}

/// One of those that a level counts.
pub(crate) struct Raised(Arc<Level>);

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.value.fetch_sub(1, Relaxed);
        self.0.told.decrement(1.0);
    }
}

/// A connection, counted as long as it is open.
pub(crate) struct Counted<C> {
    connection: C,
    _open: Raised,
}

impl<C> Deref for Counted<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C> DerefMut for Counted<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}

/// The counters of one kind of jobs.
pub(crate) struct Counters {
    pub jobs: Count,
    pub batches: Count,
    pub retries: Count,
    pub busy: Count,
    pub locked: Count,
    pub abandoned: Count,
    pub timeouts: Count,
    pub slow: Count,
    pub panics: Count,
    pub unknown_commits: Count,
    pub working: Arc<Level>,
    connections: Arc<Level>,
    connects: Count,
    pub waiting: Gauge,
    pub batch_size: Histogram,
    pub seconds: Histogram,
}

impl Counters {
    pub(crate) fn new(db: &str, kind: Kind) -> Self {
        let kind = match kind {
            Kind::Read => "read",
            Kind::Write => "write",
        };
        let labels = [("db", db.to_owned()), ("kind", kind.to_owned())];
        let count = |name: &'static str| Count::new(metrics::counter!(name, &labels));
        Self {
            jobs: count("techtrove_db_jobs_total"),
            batches: count("techtrove_db_transactions_total"),
            retries: count("techtrove_db_retries_total"),
            busy: count("techtrove_db_busy_total"),
            locked: count("techtrove_db_locked_total"),
            abandoned: count("techtrove_db_abandoned_total"),
            timeouts: count("techtrove_db_timeouts_total"),
            slow: count("techtrove_db_slow_total"),
            panics: count("techtrove_db_panics_total"),
            unknown_commits: count("techtrove_db_unknown_commits_total"),
            working: Level::new(metrics::gauge!("techtrove_db_working", &labels)),
            connections: Level::new(metrics::gauge!("techtrove_db_connections", &labels)),
            connects: count("techtrove_db_connects_total"),
            waiting: metrics::gauge!("techtrove_db_queue_depth", &labels),
            batch_size: metrics::histogram!("techtrove_db_batch_size", &labels),
            seconds: metrics::histogram!("techtrove_db_job_seconds", &labels),
        }
    }

    /// A connection that was just made.
    pub(crate) fn connected<C>(&self, connection: C) -> Counted<C> {
        self.connects.add(1);
        Counted { connection, _open: self.connections.raised() }
    }

    pub(crate) fn snapshot(&self, waiting: usize) -> LaneStats {
        LaneStats {
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
            jobs: self.jobs.get(),
            batches: self.batches.get(),
            retries: self.retries.get(),
            busy: self.busy.get(),
            locked: self.locked.get(),
            abandoned: self.abandoned.get(),
            timeouts: self.timeouts.get(),
            slow: self.slow.get(),
            panics: self.panics.get(),
            unknown_commits: self.unknown_commits.get(),
            connections: self.connections.get(),
            working: self.working.get(),
            connects: self.connects.get(),
        }
    }

    /// Tells how many jobs wait, or how many shared a transaction. Far below 2^53, so exact.
    pub(crate) fn tell(value: usize) -> f64 {
        value as f64
    }
}

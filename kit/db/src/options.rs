//! How a database is opened and how long it may take. Defaults are what `techtrove up` runs with.

use std::{sync::Arc, time::Duration};

use techtrove_core::{SharedClock, SystemClock};

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// Runs every job on the caller's thread and starts none: for simulation. SQLite only; a
    /// database in memory is always so.
    pub inline: bool,
    /// Threads that read, each with a connection of its own; 0: what suits the engine (SQLite 2,
    /// servers 4).
    pub readers: usize,
    /// Threads that write to a server, each with a connection of its own; 0: 8. SQLite has one.
    pub workers: usize,
    /// How many jobs may wait, for reading and for writing each; more are refused as busy.
    pub queue: usize,
    /// How long a job may wait in the queue, and how long it may then run.
    pub job_timeout: Duration,
    /// How long a job that writes may wait while another process has locked the file: then it is refused, and
    /// nothing of it is ever done. Above what a commit takes on a slow disk, and below what callers wait. A
    /// server does not tell who holds a lock, and waits for it as long as the job may run.
    pub patience: Duration,
    /// A job that runs longer than this is logged with its name.
    pub slow_job: Duration,
    /// How long connecting to a server may take.
    pub connect_timeout: Duration,
    /// How often a job runs again after deadlocks and lost connections before it fails.
    pub attempts: u32,
    /// Whether it was made before, so that one without tables is refused and not made anew.
    pub made_before: bool,
    /// Tells when a migration was applied.
    pub clock: SharedClock,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            inline: false,
            readers: 0,
            workers: 0,
            queue: 1024,
            job_timeout: Duration::from_secs(10),
            patience: Duration::from_millis(1_500),
            slow_job: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(5),
            attempts: 12,
            made_before: false,
            clock: Arc::new(SystemClock),
        }
    }
}

impl DbOptions {
    /// Threads that read, where `suitable` is the engine's own number.
    pub(crate) fn reader_count(&self, suitable: usize) -> usize {
        if self.readers == 0 { suitable } else { self.readers }
    }

    /// Threads that write to a server.
    pub(crate) fn worker_count(&self) -> usize {
        if self.workers == 0 { 8 } else { self.workers }
    }
}

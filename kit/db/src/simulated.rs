//! The disk of a simulated host: SQLite in memory that outlives whoever has it open. The code that commits
//! in groups is the one of a real file, run as a task of the host's instead of a thread: jobs wait for the
//! time that a disk takes, and when the host goes down before it is over, they were never there. It must
//! never start a thread or ask for the time of day. Start with [`Disk`].

use std::{collections::VecDeque, fmt, future::pending, sync::Arc, time::Duration};

use tokio::sync::Notify;

use crate::{
    Db, DbError, DbOptions, OpenError,
    inline::Inline,
    job::Job,
    lane::Lane,
    sqlite::{LARGEST_BATCH, Place, Writing},
    tx::Kind,
};

/// What a simulation decides about a disk, and is told of it.
pub trait Device: Send + Sync + fmt::Debug {
    /// Whether the host is up. Once it is not, its jobs neither run nor are answered, ever.
    fn is_up(&self) -> bool;
    /// How long the next transaction takes until it is on the disk.
    fn sync_time(&self) -> Duration;
    /// These jobs are about to be committed together. A host that goes down now has lost them.
    fn committing(&self, jobs: &[&'static str]);
    /// They are committed, and nobody was answered yet. A host that goes down now never answers.
    fn committed(&self, jobs: &[&'static str]);
}

/// A disk with one database. Clones are the same disk.
#[derive(Clone)]
pub struct Disk(Inline);

/// Commits for a mounted database, as long as it is polled.
#[must_use = "without it nothing that is written is ever answered"]
pub struct Writer {
    mount: Mount,
    lane: Arc<Lane>,
}

/// How a database reaches its disk.
pub(crate) enum Access {
    Inline(Inline),
    Mount(Mount),
}

/// A disk in a host.
#[derive(Clone)]
pub(crate) struct Mount {
    disk: Inline,
    device: Arc<dyn Device>,
    filled: Arc<Notify>,
}

impl Disk {
    /// An empty disk.
    ///
    /// # Errors
    /// When SQLite cannot make a database in memory.
    pub fn in_memory() -> Result<Self, OpenError> {
        Inline::open(&Place::Memory).map(Self)
    }

    /// The database for whoever looks at it from outside of the simulation: every job is done at once.
    ///
    /// # Errors
    /// None that is known of.
    pub fn look(&self, name: &str, options: DbOptions) -> Result<Db, OpenError> {
        Db::on_disk(name, options, Access::Inline(self.0.clone())).map(|(db, _)| db)
    }

    /// The database in a host with this device. Writes are done by the writer, which is to be polled by a
    /// task of the host's.
    ///
    /// # Errors
    /// None that is known of.
    pub fn mount(
        &self,
        name: &str,
        options: DbOptions,
        device: Arc<dyn Device>,
    ) -> Result<(Db, Writer), OpenError> {
        let mount = Mount { disk: self.0.clone(), device, filled: Arc::default() };
        let (db, lane) = Db::on_disk(name, options, Access::Mount(mount.clone()))?;
        Ok((db, Writer { mount, lane }))
    }
}

impl Mount {
    /// Runs a job that reads, or hands one that writes to the writer.
    pub(crate) async fn run(&self, lane: &Lane, job: Box<dyn Job>) -> Result<(), DbError> {
        if !self.device.is_up() {
            return pending().await;
        }
        match lane.kind {
            Kind::Read => self.disk.run(lane, job),
            Kind::Write => {
                lane.submit(job)?;
                self.filled.notify_one();
            }
        }
        Ok(())
    }

    /// Runs a migration's job, which nothing else is done beside.
    pub(crate) fn run_alone(&self, lane: &Lane, job: Box<dyn Job>) {
        self.disk.run(lane, job);
    }
}

impl Writer {
    /// Commits, until the host goes down.
    pub async fn run(self) {
        let (mut jobs, mut writing) = (VecDeque::new(), Writing::default());
        loop {
            self.lane.take_waiting(LARGEST_BATCH, &mut jobs);
            if jobs.is_empty() {
                self.mount.filled.notified().await;
                continue;
            }
            let device = &self.mount.device;
            tokio::time::sleep(device.sync_time()).await;
            let names: Vec<&'static str> = jobs.iter().map(|job| job.name()).collect();
            device.committing(&names);
            if !device.is_up() {
                // Whoever waits for one of them waits for ever: nobody is there who could be told.
                return pending().await;
            }
            self.mount.disk.run_together(&self.lane, &mut jobs, &mut writing);
            device.committed(&names);
        }
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

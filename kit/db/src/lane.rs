//! One kind of jobs of a database, reading or writing: its queue, its counters, and what every
//! worker does with a job before and after it runs. How a job runs is the engines' own.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    DbError, DbOptions, LaneStats, damage::Damage, job::Job, queue::Queue, stats::Counters,
    tx::Kind,
};

pub(crate) struct Lane {
    db: Arc<str>,
    pub kind: Kind,
    pub options: DbOptions,
    pub counters: Counters,
    queue: Queue,
    committed: Arc<Committed>,
    damage: Arc<Damage>,
}

/// Commits that others want to know of.
#[derive(Default)]
pub(crate) struct Committed {
    pub woken: Arc<Notify>,
    count: AtomicU64,
}

impl Committed {
    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }
}

/// A job that has run and waits for its commit, or for its answer.
pub(crate) struct Ran {
    pub job: Box<dyn Job>,
    pub started: Instant,
    pub failure: Option<DbError>,
    pub keep: bool,
    pub notify: bool,
}

impl Ran {
    /// A job that was not run, and is answered all the same.
    pub(crate) fn not(job: Box<dyn Job>) -> Self {
        Self { job, started: Instant::now(), failure: None, keep: false, notify: false }
    }
}

impl Lane {
    pub(crate) fn new(
        db: &Arc<str>,
        kind: Kind,
        options: &DbOptions,
        (committed, damage): (&Arc<Committed>, &Arc<Damage>),
    ) -> Self {
        Self {
            db: Arc::clone(db),
            kind,
            options: options.clone(),
            counters: Counters::new(db, kind),
            queue: Queue::new(options.queue),
            committed: Arc::clone(committed),
            damage: Arc::clone(damage),
        }
    }

    /// The name of the database.
    pub(crate) fn db(&self) -> &str {
        &self.db
    }

    pub(crate) fn stats(&self) -> LaneStats {
        self.counters.snapshot(self.queue.len())
    }

    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        match self.queue.push(job) {
            Ok(waiting) => {
                self.counters.waiting.set(Counters::tell(waiting));
                Ok(())
            }
            Err(error) => {
                if error == DbError::Busy {
                    self.counters.busy.add(1);
                }
                Err(error)
            }
        }
    }

    /// Waits for jobs worth running; `false` once the database is closed and nothing waits.
    pub(crate) fn take(&self, most: usize, jobs: &mut VecDeque<Box<dyn Job>>) -> bool {
        let Some(waiting) = self.queue.take(most, jobs) else { return false };
        self.sift(waiting, jobs);
        true
    }

    /// Takes the jobs worth running that wait just now.
    pub(crate) fn take_waiting(&self, most: usize, jobs: &mut VecDeque<Box<dyn Job>>) {
        let waiting = self.queue.take_waiting(most, jobs);
        self.sift(waiting, jobs);
    }

    /// Keeps those of `jobs` that are worth running, while so many others wait.
    fn sift(&self, waiting: usize, jobs: &mut VecDeque<Box<dyn Job>>) {
        self.counters.waiting.set(Counters::tell(waiting));
        let taken = jobs.len();
        for _ in 0..taken {
            let worthwhile = jobs.pop_front().and_then(|job| self.worthwhile(job));
            jobs.extend(worthwhile);
        }
    }

    /// The job, unless its caller has gone or has waited too long already.
    pub(crate) fn worthwhile(&self, job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        if job.is_abandoned() {
            self.counters.abandoned.add(1);
            return None;
        }
        if job.is_limited() && job.queued_at().elapsed() > self.options.job_timeout {
            self.counters.timeouts.add(1);
            job.answer(Some(DbError::Timeout));
            return None;
        }
        Some(job)
    }

    /// Whether a job has waited too long for a file that another process has locked, or nobody waits for it. Where the
    /// lock `is_known`, others have waited for it already. What has to end in no time may wait as long as others may
    /// take.
    pub(crate) fn is_overdue(&self, job: &dyn Job, is_known: bool) -> bool {
        let Self { options, .. } = self;
        let patience = match (job.is_limited(), is_known) {
            (false, _) => options.job_timeout,
            (true, false) => options.patience,
            (true, true) => options.patience / 10,
        };
        job.is_abandoned() || job.queued_at().elapsed() >= patience
    }

    /// Takes those of the foremost jobs that wait just now who are overdue.
    pub(crate) fn take_overdue(&self, is_known: bool, overdue: &mut VecDeque<Box<dyn Job>>) {
        let waiting = self.queue.take_while(|job| self.is_overdue(job, is_known), overdue);
        self.counters.waiting.set(Counters::tell(waiting));
    }

    /// Counts a transaction of `size` jobs.
    pub(crate) fn count_transaction(&self, size: usize) {
        self.counters.batches.add(1);
        self.counters.batch_size.record(Counters::tell(size));
    }

    /// Counts the commit of the jobs that ask for it, and wakes those who wait for commits. One whose
    /// outcome is unknown counts: it may be there.
    pub(crate) fn tell_committed<'r>(&self, ran: impl IntoIterator<Item = &'r Ran>) {
        if ran.into_iter().any(|ran| ran.notify) {
            self.committed.count.fetch_add(1, Ordering::AcqRel);
            self.committed.woken.notify_one();
        }
    }

    /// Sends the answer of a job and counts it; `failure` stands above what the job itself says.
    pub(crate) fn answer(&self, ran: Ran, failure: Option<DbError>) {
        let Ran { job, started, failure: own, .. } = ran;
        let took = started.elapsed();
        if took > self.options.slow_job {
            self.counters.slow.add(1);
            tracing::warn!(
                db = &*self.db,
                job = job.name(),
                took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "slow database job"
            );
        }
        match failure.as_ref().or(own.as_ref()) {
            Some(DbError::Locked) => self.counters.locked.add(1),
            Some(DbError::Timeout) => self.counters.timeouts.add(1),
            Some(DbError::Panicked(_)) => self.counters.panics.add(1),
            Some(DbError::UnknownCommit(_)) => self.counters.unknown_commits.add(1),
            Some(DbError::Corrupt(reason)) => self.damage.report(reason),
            _ => {}
        }
        self.counters.jobs.add(1);
        self.counters.seconds.record(job.queued_at().elapsed().as_secs_f64());
        job.answer(failure);
    }

    pub(crate) fn close(&self) {
        self.queue.close();
    }
}

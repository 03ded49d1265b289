//! The threads that talk to a server: each has a connection of its own and runs one job per
//! transaction. A deadlock or a lost connection makes the job run again; a commit whose outcome is
//! unknown never does. What a connection is, is the engines' own: see [`Connection`].

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    DbError, OpenError, Tx,
    job::Job,
    lane::{Lane, Ran},
    stats::Counted,
    tx::{Kind, Session},
};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Jobs of this kind, each within its time.
    Jobs(Kind),
    /// Statements that may take as long as they need: migrations, administration.
    Unlimited,
}

/// A server that connections can be made to, on the thread that will use them.
pub(crate) trait Server: Send + Sync {
    fn connect(&self, purpose: Purpose) -> Result<Box<dyn Connection>, OpenError>;
}

/// A connection to a server.
pub(crate) trait Connection: Session + Send {
    /// Begins a transaction whose statements must end by `deadline`.
    fn begin(&mut self, kind: Kind, deadline: Option<Instant>) -> Result<(), DbError>;
    /// Ends it. [`DbError::UnknownCommit`] when it is not known whether it was stored.
    fn commit(&mut self) -> Result<(), DbError>;
    fn rollback(&mut self) -> Result<(), DbError>;
}

/// The shortest and the longest pause before a job runs again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

pub(crate) struct Worker {
    lane: Arc<Lane>,
    server: Arc<dyn Server>,
    /// Of all workers of a database different, so that they do not try again in step.
    number: u32,
    connection: Option<Counted<Box<dyn Connection>>>,
}

/// What an attempt came to.
enum Attempt {
    Done(Option<DbError>),
    /// It failed by this, and may run again.
    Again(DbError),
}

impl Worker {
    pub(crate) fn new(lane: &Arc<Lane>, server: &Arc<dyn Server>, number: u32) -> Self {
        let (lane, server) = (Arc::clone(lane), Arc::clone(server));
        Self { lane, server, number, connection: None }
    }

    /// Runs jobs until the database is closed.
    pub(crate) fn run_until_closed(mut self) {
        let mut jobs = VecDeque::with_capacity(1);
        let lane = Arc::clone(&self.lane);
        while lane.take(1, &mut jobs) {
            for job in jobs.drain(..) {
                // Jobs catch their own panics; this is for one of the driver's, whose connection
                // is then not used again. The caller is told by the loss of its answer.
                if catch_unwind(AssertUnwindSafe(|| self.run(job))).is_err() {
                    self.connection = None;
                }
            }
        }
    }

    /// Runs a job, again where that helps, and answers it.
    pub(crate) fn run(&mut self, job: Box<dyn Job>) {
        let _working = self.lane.counters.working.raised();
        let started = Instant::now();
        let deadline = job.is_limited().then(|| started + self.lane.options.job_timeout);
        let mut ran = Ran { job, started, failure: None, keep: false, notify: false };
        let mut attempts = 0;
        let failure = loop {
            attempts += 1;
            match self.attempt(&mut ran, deadline) {
                Attempt::Done(failure) => break failure,
                Attempt::Again(failure) if !self.may_repeat(attempts, deadline) => {
                    break Some(failure);
                }
                Attempt::Again(failure) => {
                    self.lane.counters.retries.add(1);
                    tracing::debug!(job = ran.job.name(), attempts, %failure, "job runs again");
                    thread::park_timeout(self.pause(attempts));
                }
            }
        };
        self.lane.count_transaction(1);
        if matches!(failure, None | Some(DbError::UnknownCommit(_))) {
            self.lane.tell_committed([&ran]);
        }
        self.lane.answer(ran, failure);
    }

    fn may_repeat(&self, attempts: u32, deadline: Option<Instant>) -> bool {
        let in_time = deadline.is_none_or(|deadline| Instant::now() < deadline);
        in_time && attempts < self.lane.options.attempts
    }

    /// Doubles with each attempt; workers differ by up to a half.
    fn pause(&self, attempts: u32) -> Duration {
        let doubled = PAUSES.0.saturating_mul(1 << attempts.min(10)).min(PAUSES.1);
        doubled + doubled / 16 * (self.number % 8)
    }

    fn attempt(&mut self, ran: &mut Ran, deadline: Option<Instant>) -> Attempt {
        let kind = self.lane.kind;
        let purpose = if ran.job.is_limited() { Purpose::Jobs(kind) } else { Purpose::Unlimited };
        let connection = match self.connection(purpose) {
            Ok(connection) => connection,
            Err(error) => {
                return Attempt::Done(Some(DbError::Unavailable(error.to_string())));
            }
        };
        if let Err(failure) = connection.begin(kind, deadline) {
            return self.after(failure.clone(), Some(failure));
        }
        let session: &mut dyn Session = &mut **connection;
        let verdict = ran.job.run(&mut Tx::new(session, kind, deadline));
        (ran.keep, ran.notify, ran.failure) = (verdict.keep, verdict.notify, verdict.failure);
        if ran.keep {
            return match connection.commit() {
                Ok(()) => Attempt::Done(None),
                // What was read is as good as it was, whatever became of the connection since.
                Err(_) if kind == Kind::Read => {
                    self.connection = None;
                    Attempt::Done(None)
                }
                Err(failure) => self.after(failure.clone(), Some(failure)),
            };
        }
        if connection.rollback().is_err() {
            self.connection = None;
        }
        match ran.failure.clone() {
            Some(failure) => self.after(failure, None),
            None => Attempt::Done(None),
        }
    }

    /// What to do about a failed attempt, whose answer is `answer`, or else the job's own.
    fn after(&mut self, failure: DbError, answer: Option<DbError>) -> Attempt {
        let broken = matches!(
            failure,
            DbError::UnknownCommit(_) | DbError::Disconnected(_) | DbError::Timeout
        );
        if broken {
            self.connection = None;
        }
        if failure.asks_for_another_attempt() {
            Attempt::Again(failure)
        } else {
            Attempt::Done(answer)
        }
    }

    fn connection(&mut self, purpose: Purpose) -> Result<&mut Box<dyn Connection>, OpenError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            empty => {
                let made = self.server.connect(purpose)?;
                Ok(empty.insert(self.lane.counters.connected(made)))
            }
        }
    }
}

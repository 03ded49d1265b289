//! SQLite on the caller's own thread: no thread is started and nothing is waited for, so that the
//! future of a job is ready when it is first polled and a simulation owns every step.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    DbError, OpenError,
    job::Job,
    lane::Lane,
    sqlite::{self, Connection, Place, Writing},
    tx::Kind,
};

/// The connection, until it is closed. Clones share it.
#[derive(Clone)]
pub(crate) struct Inline(Arc<Mutex<Option<Connection>>>);

impl Inline {
    pub(crate) fn open(place: &Place) -> Result<Self, OpenError> {
        Ok(Self(Arc::new(Mutex::new(Some(Connection::open(place)?)))))
    }

    fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        // A job's panic is caught inside, so that the lock is never poisoned by one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job and answers it before it returns.
    pub(crate) fn run(&self, lane: &Lane, job: Box<dyn Job>) {
        match (&mut *self.connection(), lane.kind) {
            (None, _) => job.answer(Some(closed())),
            (Some(connection), Kind::Read) => sqlite::read_job(lane, connection, job),
            (Some(connection), Kind::Write) => {
                let mut jobs = VecDeque::from([job]);
                sqlite::write_jobs(lane, connection, &mut jobs, &mut Writing::default());
            }
        }
    }

    /// Runs jobs that write, together, and answers them before it returns.
    pub(crate) fn run_together(
        &self,
        lane: &Lane,
        jobs: &mut VecDeque<Box<dyn Job>>,
        writing: &mut Writing,
    ) {
        match &mut *self.connection() {
            None => jobs.drain(..).for_each(|job| job.answer(Some(closed()))),
            Some(connection) => sqlite::write_jobs(lane, connection, jobs, writing),
        }
    }

    pub(crate) fn close(&self) {
        *self.connection() = None;
    }
}

fn closed() -> DbError {
    DbError::Unavailable("it was closed".to_owned())
}

//! SQLite on the caller's own thread: no thread is started and nothing is waited for, so that the
//! future of a job is ready when it is first polled and a simulation owns every step.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::{
    OpenError,
    job::Job,
    lane::Lane,
    sqlite::{self, Connection, Place},
    tx::Kind,
};

pub(crate) struct Inline(Mutex<Connection>);

impl Inline {
    pub(crate) fn open(place: &Place) -> Result<Self, OpenError> {
        Ok(Self(Mutex::new(Connection::open(place)?)))
    }

    /// Runs a job and answers it before it returns.
    pub(crate) fn run(&self, lane: &Lane, job: Box<dyn Job>) {
        // A job's panic is caught inside, so that the lock is never poisoned by one.
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lane.kind {
            Kind::Read => sqlite::read_job(lane, &mut connection, job),
            Kind::Write => sqlite::write_jobs(lane, &mut connection, &mut VecDeque::from([job])),
        }
    }
}

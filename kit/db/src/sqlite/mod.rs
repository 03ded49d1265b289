//! SQLite inside this process: one writer that commits for everybody who waits, and readers on
//! connections of their own. Nothing is answered before it is on the disk (`synchronous=FULL`).

mod connection;
mod errors;
mod jobs;
mod lock;
mod lookups;
mod whole;

pub(crate) use connection::{Connection, Place, column};
pub(crate) use jobs::{Writing, read_job, write_jobs};
pub(crate) use lookups::Lookups;
pub(crate) use whole::is_small;

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc::Receiver},
};

use tokio::sync::oneshot;

use crate::{DbError, OpenError, job::Job, lane::Lane, stats::Counted};

/// How many jobs share a commit at most.
pub(crate) const LARGEST_BATCH: usize = 256;

/// The writer's thread: opens the file, tells how that went, and commits until it is closed. It ends
/// last, since the last connection moves everything from the log into the file.
pub(crate) fn write_until_closed(
    lane: &Lane,
    place: &Place,
    opened: oneshot::Sender<Result<(), OpenError>>,
    readers_ended: &Receiver<()>,
) {
    let mut connection = match Connection::open(place) {
        Ok(connection) => lane.counters.connected(connection),
        Err(error) => {
            // Whoever opens may have gone; then nobody misses the error.
            let _ = opened.send(Err(error));
            return;
        }
    };
    let _ = opened.send(Ok(()));
    let mut jobs = VecDeque::with_capacity(LARGEST_BATCH);
    let mut writing = Writing::default();
    while lane.take(LARGEST_BATCH, &mut jobs) {
        write_jobs(lane, &mut connection, &mut jobs, &mut writing);
    }
    // Nothing is ever sent: the channel ends with the last reader.
    let _ = readers_ended.recv();
}

/// A reader's thread, which opens its connection when it is first needed.
pub(crate) fn read_until_closed(lane: &Arc<Lane>, place: &Place) {
    let mut connection = None;
    let mut jobs = VecDeque::with_capacity(1);
    while lane.take(1, &mut jobs) {
        for job in jobs.drain(..) {
            match reader(lane, &mut connection, place) {
                Ok(connection) => read_job(lane, connection, job),
                Err(error) => refuse(job, &error),
            }
        }
    }
}

fn reader<'c>(
    lane: &Lane,
    connection: &'c mut Option<Counted<Connection>>,
    place: &Place,
) -> Result<&'c mut Connection, OpenError> {
    match connection {
        Some(connection) => Ok(connection),
        None => {
            let made = lane.counters.connected(Connection::open_reader(place)?);
            Ok(connection.insert(made))
        }
    }
}

fn refuse(job: Box<dyn Job>, error: &OpenError) {
    job.answer(Some(DbError::Unavailable(error.to_string())));
}

//! How jobs become transactions on SQLite. Writing: all jobs that wait run inside one transaction, and
//! one commit, which is one wait for the disk, answers them all. Savepoints, which cost a copy of each
//! page that is touched, keep jobs apart only while some are undone; without them, when the first job is
//! to be undone, the transaction is given up and run again with them. When a commit fails, those who did
//! nothing wrong run again, each alone.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{connection::Connection, errors::commit_error, lock::Lock};
use crate::{
    DbError, Tx,
    job::Job,
    lane::{Lane, Ran},
    tx::Kind,
};

/// How long jobs may be added to a transaction before it commits: the first must not wait for all.
const LONGEST_BATCH: Duration = Duration::from_millis(20);

/// What whoever writes remembers from one transaction to the next.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    /// Each job has a savepoint of its own: some of the last transaction's were undone.
    apart: bool,
    lock: Lock,
}

/// Runs jobs that write, and answers them.
pub(crate) fn write_jobs(
    lane: &Lane,
    connection: &mut Connection,
    jobs: &mut VecDeque<Box<dyn Job>>,
    writing: &mut Writing,
) {
    let _working = lane.counters.working.raised();
    while !jobs.is_empty() {
        for job in write_together(lane, connection, jobs, writing) {
            lane.counters.retries.add(1);
            // Alone, a job can only be answered, so that nothing is left over.
            write_together(lane, connection, &mut VecDeque::from([job]), writing);
        }
    }
}

/// Runs jobs in one transaction and answers them; returns those that have to run again alone. Jobs that
/// only have to be kept apart are put back.
fn write_together(
    lane: &Lane,
    connection: &mut Connection,
    jobs: &mut VecDeque<Box<dyn Job>>,
    writing: &mut Writing,
) -> Vec<Box<dyn Job>> {
    if !writing.lock.begin(lane, connection, jobs) {
        return Vec::new();
    }
    let shared = jobs.len() > 1;
    let apart = shared && writing.apart;
    let mut done: Vec<Ran> = Vec::with_capacity(jobs.len());
    let begun = Instant::now();
    while let Some(job) = jobs.pop_front() {
        let ran = run(lane, connection, job, apart);
        if !connection.is_in_transaction() {
            let failure = ran.failure.clone().unwrap_or_else(lost);
            lane.answer(ran, Some(failure));
            return done.into_iter().map(|ran| ran.job).collect();
        }
        let undone = !ran.keep;
        done.push(ran);
        if undone && shared && !apart {
            // Were it to fail, the transaction that is still open would let no other begin.
            let _ = connection.control("ROLLBACK");
            writing.apart = true;
            done.into_iter().rev().for_each(|ran| jobs.push_front(ran.job));
            return Vec::new();
        }
        if begun.elapsed() > LONGEST_BATCH {
            break;
        }
    }
    writing.apart = done.iter().any(|ran| !ran.keep);
    lane.count_transaction(done.len());
    finish(lane, connection, done)
}

/// Commits and answers; returns the jobs that have to run again because their commit failed.
fn finish(lane: &Lane, connection: &mut Connection, done: Vec<Ran>) -> Vec<Box<dyn Job>> {
    let kept = done.iter().any(|ran| ran.keep);
    let end = if kept { "COMMIT" } else { "ROLLBACK" };
    let failure = connection.control(end).err().map(commit_error);
    if connection.is_in_transaction() {
        // It fails only when there is none any more, which is what is wanted.
        let _ = connection.control("ROLLBACK");
    }
    match failure {
        None => {
            lane.tell_committed(&done);
            done.into_iter().for_each(|ran| lane.answer(ran, None));
            Vec::new()
        }
        Some(failure) if done.len() == 1 || matches!(failure, DbError::UnknownCommit(_)) => {
            lane.tell_committed(&done);
            done.into_iter().for_each(|ran| lane.answer(ran, Some(failure.clone())));
            Vec::new()
        }
        Some(_) => done.into_iter().map(|ran| ran.job).collect(),
    }
}

/// Runs a job; kept `apart` from others in a savepoint, which is undone unless the job is kept.
fn run(lane: &Lane, connection: &mut Connection, mut job: Box<dyn Job>, apart: bool) -> Ran {
    let started = Instant::now();
    if apart && let Err(error) = connection.control("SAVEPOINT job") {
        return Ran { failure: Some(error), ..Ran::not(job) };
    }
    let deadline = job.is_limited().then(|| started + lane.options.job_timeout);
    connection.set_deadline(deadline);
    let verdict = job.run(&mut Tx::new(connection, Kind::Write, deadline));
    connection.set_deadline(None);
    let ran =
        Ran { job, started, failure: verdict.failure, keep: verdict.keep, notify: verdict.notify };
    if apart && connection.is_in_transaction() {
        close_savepoint(connection, ran.keep);
    }
    ran
}

fn close_savepoint(connection: &mut Connection, keep: bool) {
    let undone = if keep { Ok(()) } else { connection.control("ROLLBACK TO job") };
    if undone.and_then(|()| connection.control("RELEASE job")).is_err() {
        // A transaction whose savepoints are in doubt is given up; all of it runs again.
        let _ = connection.control("ROLLBACK");
    }
}

/// Runs a job that reads, in a snapshot of its own, and answers it.
pub(crate) fn read_job(lane: &Lane, connection: &mut Connection, mut job: Box<dyn Job>) {
    let _working = lane.counters.working.raised();
    if let Err(error) = connection.control("BEGIN") {
        lane.answer(Ran::not(job), Some(error));
        return;
    }
    let started = Instant::now();
    let deadline = Some(started + lane.options.job_timeout);
    connection.set_deadline(deadline);
    let verdict = job.run(&mut Tx::new(connection, Kind::Read, deadline));
    connection.set_deadline(None);
    if connection.is_in_transaction() && connection.control("COMMIT").is_err() {
        let _ = connection.control("ROLLBACK");
    }
    lane.count_transaction(1);
    let (keep, notify) = (verdict.keep, false);
    lane.answer(Ran { job, started, failure: verdict.failure, keep, notify }, None);
}

fn lost() -> DbError {
    DbError::Other("the database gave the transaction up".to_owned())
}

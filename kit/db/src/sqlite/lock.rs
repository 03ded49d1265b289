//! The lock on a file, which whoever writes needs and another process may hold: a shell, a tool. Who waits for
//! it too long is refused, by the thread that alone begins jobs, so that what was refused is never begun. It
//! must never refuse those who only wait for others of this process.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::connection::Connection;
use crate::{
    DbError,
    job::Job,
    lane::{Lane, Ran},
};

/// The lock as one who writes knows it.
#[derive(Debug, Default)]
pub(super) struct Lock {
    /// Since when jobs are refused, as long as another process holds it.
    refusing_since: Option<Instant>,
}

impl Lock {
    /// Begins a transaction that writes. `false` when nobody is left who waits for one: another process holds
    /// the lock, or the file fails.
    pub(super) fn begin(
        &mut self,
        lane: &Lane,
        connection: &mut Connection,
        jobs: &mut VecDeque<Box<dyn Job>>,
    ) -> bool {
        while !jobs.is_empty() {
            match connection.control("BEGIN IMMEDIATE") {
                Ok(()) => {
                    self.is_free(lane);
                    return true;
                }
                Err(DbError::Locked) => self.refuse_the_overdue(lane, jobs),
                Err(error) => {
                    jobs.drain(..).for_each(|job| lane.answer(Ran::not(job), Some(error.clone())));
                }
            }
        }
        false
    }

    /// Refuses those of `jobs`, and of the jobs that wait behind them, who have waited for too long.
    fn refuse_the_overdue(&mut self, lane: &Lane, jobs: &mut VecDeque<Box<dyn Job>>) {
        let (is_known, mut overdue) = (self.refusing_since.is_some(), VecDeque::new());
        for job in std::mem::take(jobs) {
            let list = if lane.is_overdue(&*job, is_known) { &mut overdue } else { &mut *jobs };
            list.push_back(job);
        }
        lane.take_overdue(is_known, &mut overdue);
        let refused: Vec<_> = overdue.into_iter().filter_map(|job| lane.worthwhile(job)).collect();
        if !refused.is_empty() && !is_known {
            self.refusing_since = Some(Instant::now());
            tracing::error!(
                db = lane.db(),
                "another process has locked the database: what is to be written is refused until it lets go"
            );
        }
        refused.into_iter().for_each(|job| lane.answer(Ran::not(job), Some(DbError::Locked)));
    }

    fn is_free(&mut self, lane: &Lane) {
        if let Some(since) = self.refusing_since.take() {
            tracing::info!(db = lane.db(), locked_for = ?since.elapsed(), "the database is written again");
        }
    }
}

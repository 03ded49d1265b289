//! The bounded queue between callers and the database's threads. It must never grow beyond its
//! capacity: who comes too late is told so at once.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::{DbError, job::Job};

pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn Job>>,
    /// Threads that sleep; without them nobody needs to be woken.
    sleeping: usize,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), capacity: capacity.max(1) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn len(&self) -> usize {
        self.state().jobs.len()
    }

    /// Puts a job last, and tells how many wait now.
    pub(crate) fn push(&self, job: Box<dyn Job>) -> Result<usize, DbError> {
        let mut state = self.state();
        if state.closed {
            return Err(DbError::Unavailable("it is being closed".into()));
        }
        if state.jobs.len() >= self.capacity {
            // Those whose callers have gone make room.
            state.jobs.retain(|job| !job.is_abandoned());
        }
        if state.jobs.len() >= self.capacity {
            return Err(DbError::Busy);
        }
        state.jobs.push_back(job);
        let (waiting, wake) = (state.jobs.len(), state.sleeping > 0);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(waiting)
    }

    /// Waits for jobs and moves up to `most` of them to `taken`; tells how many still wait, or
    /// `None` once the queue is closed and empty.
    pub(crate) fn take(&self, most: usize, taken: &mut VecDeque<Box<dyn Job>>) -> Option<usize> {
        let mut state = self.state();
        while state.jobs.is_empty() {
            if state.closed {
                return None;
            }
            state.sleeping += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.sleeping -= 1;
        }
        let count = state.jobs.len().min(most);
        taken.extend(state.jobs.drain(..count));
        Some(state.jobs.len())
    }

    /// Moves up to `most` of the jobs that wait just now to `taken`; tells how many still wait.
    pub(crate) fn take_waiting(&self, most: usize, taken: &mut VecDeque<Box<dyn Job>>) -> usize {
        let mut state = self.state();
        let count = state.jobs.len().min(most);
        taken.extend(state.jobs.drain(..count));
        state.jobs.len()
    }

    /// Moves the foremost jobs that wait just now to `taken`, as long as they are `wanted`; tells how many
    /// still wait.
    pub(crate) fn take_while(
        &self,
        wanted: impl Fn(&dyn Job) -> bool,
        taken: &mut VecDeque<Box<dyn Job>>,
    ) -> usize {
        let mut state = self.state();
        let foremost = state.jobs.iter().take_while(|job| wanted(&***job)).count();
        taken.extend(state.jobs.drain(..foremost));
        state.jobs.len()
    }

    /// Takes no new jobs; those that wait are still done.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
    }
}

//! Where faults are addressed to: everything that happens between hosts and on their disks while a saga is
//! played, numbered in order. Until its fault a run is the fair one, message by message, so that a number
//! is all that an address needs.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use crate::world::World;

/// What goes wrong at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The message never arrives.
    Lost,
    /// It has its effect, and its answer never arrives.
    AnswerLost,
    /// It arrives twice at the same moment.
    Twice,
    /// It arrives once more when everything else is done.
    Late,
    /// Nothing is done for it, and the answer is an error.
    Fails,
    /// It has its effect, and the answer is an error.
    FailsAfter,
    /// The host goes down right before the commit.
    CrashBefore,
    /// The host goes down right after the commit, having told nobody.
    CrashAfter,
}

/// What a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message with its answer.
    Message,
    /// A commit that stores something.
    Commit,
    /// A commit that stores nothing, which is nothing to go wrong.
    Idle,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// What it is.
    pub kind: Kind,
    /// What happens, without what only this run has: ids and numbers.
    pub what: String,
}

/// The fault of a run and where it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// The number of the point, from 0.
    pub point: usize,
    /// What goes wrong there.
    pub fault: Fault,
}

/// The points of a run, as they are met.
#[derive(Debug, Default)]
pub struct Points {
    met: Option<Vec<Point>>,
    strike: Option<Strike>,
    commit: Option<Commit>,
    healed: Duration,
    late: Arc<Notify>,
}

/// A commit under way.
#[derive(Clone, Copy, Debug)]
struct Commit {
    point: usize,
    changes: i64,
    doomed: bool,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 8] = [
        Self::Lost,
        Self::AnswerLost,
        Self::Twice,
        Self::Late,
        Self::Fails,
        Self::FailsAfter,
        Self::CrashBefore,
        Self::CrashAfter,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::AnswerLost => "answer-lost",
            Self::Twice => "twice",
            Self::Late => "late",
            Self::Fails => "fails",
            Self::FailsAfter => "fails-after",
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
        }
    }

    /// Where it can strike.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::CrashBefore | Self::CrashAfter => Kind::Commit,
            _ => Kind::Message,
        }
    }
}

impl Points {
    /// Begins to number what happens; one of it may go wrong.
    pub fn open(&mut self, strike: Option<Strike>) {
        (self.met, self.strike) = (Some(Vec::new()), strike);
    }

    /// Ends it, and tells what was met.
    pub fn close(&mut self) -> Vec<Point> {
        self.met.take().unwrap_or_default()
    }

    fn meet(
        &mut self,
        kind: Kind,
        what: impl FnOnce() -> String,
    ) -> Option<(Point, Option<Fault>)> {
        let met = self.met.as_mut()?;
        let point = Point { kind, what: what() };
        let strike = self.strike.filter(|strike| strike.point == met.len());
        met.push(point.clone());
        Some((point, strike.map(|strike| strike.fault).filter(|fault| fault.kind() == kind)))
    }
}

impl World {
    /// A message is sent: the fault that is addressed to it.
    pub fn meets_message(&self, what: impl FnOnce() -> String) -> Option<Fault> {
        self.meets(Kind::Message, what)
    }

    fn meets(&self, kind: Kind, what: impl FnOnce() -> String) -> Option<Fault> {
        let (point, fault) = self.with_points(|points| points.meet(kind, what))?;
        self.fault(fault?.name(), &point.what);
        self.heals();
        fault
    }

    /// A commit begins, before which the host's database has seen so many `changes`: whether the host goes
    /// down before it.
    pub fn begins_commit(
        &self,
        what: impl FnOnce() -> String,
        changes: impl FnOnce() -> i64,
    ) -> bool {
        let fault = self.meets(Kind::Commit, what);
        self.with_points(|points| {
            let commit = |met: &Vec<Point>| Commit {
                point: met.len() - 1,
                changes: changes(),
                doomed: fault == Some(Fault::CrashAfter),
            };
            points.commit = points.met.as_ref().map(commit);
        });
        fault == Some(Fault::CrashBefore)
    }

    /// The commit that began last is made: whether the host goes down after it.
    pub fn ends_commit(&self, changes: impl FnOnce() -> i64) -> bool {
        self.with_points(|points| {
            let Some(commit) = points.commit.take() else { return false };
            let point = points.met.as_mut().and_then(|met| met.get_mut(commit.point));
            if let Some(point) = point.filter(|_| commit.changes == changes()) {
                point.kind = Kind::Idle;
            }
            commit.doomed
        })
    }

    /// Whether the fault of this run is a message that arrives twice at the same moment.
    pub fn arrives_twice(&self) -> bool {
        self.with_points(|points| points.strike.is_some_and(|strike| strike.fault == Fault::Twice))
    }

    /// The last fault is over as of now.
    pub fn heals(&self) {
        let now = self.started.elapsed();
        self.with_points(|points| points.healed = now);
    }

    /// When the last fault was over, after the world's beginning.
    pub fn healed(&self) -> Duration {
        self.with_points(|points| points.healed)
    }

    /// Waits until everything else is done.
    pub async fn until_late(&self) {
        let late = self.with_points(|points| Arc::clone(&points.late));
        late.notified().await;
    }

    /// Everything else is done: what was held back arrives.
    pub fn is_late(&self) {
        self.with_points(|points| points.late.notify_waiters());
    }
}

/// What is said without what only one run has: `POST /orders/{ord_…}/cancel 1f2e3d4c` is
/// `POST /orders/*/cancel`.
#[must_use]
pub fn template(what: &str) -> String {
    let part = |part: &str| {
        let is_id = part.len() > 20 && (part.contains('_') || part.matches('-').count() == 4)
            || !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit());
        if is_id { "*".to_owned() } else { part.to_owned() }
    };
    let word = |word: &str| word.split('/').map(part).collect::<Vec<_>>().join("/");
    what.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_run_has_is_left_out() {
        let said = [
            "POST /api/v1/orders/ord_01kdvcq2k0e0w9b4n6s8x7z5yt/cancel",
            "event orders.order.confirmed.v1 3 0198c5b4-7d3a-7c70-8a54-5f5d1b2a0c11 for catalog.sales",
        ];

        assert_eq!(
            said.map(template),
            [
                "POST /api/v1/orders/*/cancel",
                "event orders.order.confirmed.v1 * * for catalog.sales"
            ]
        );
    }
}

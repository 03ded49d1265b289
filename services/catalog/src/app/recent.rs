//! Answers that were made a moment ago, ready to be sent, since many people look at few products and lists.
//! What is kept must never outlive a change made here: whatever changes what is shown tells of its commit,
//! and the count of such commits is the mark that an answer was read under. Changes made by another
//! process are seen within a second; an embedded database has no other. Checkout does not come here; it
//! reads the store ([`super::resolve_skus`]).

use std::{fmt, sync::Arc, time::Duration};

use moka::sync::Cache;
use techtrove_core::{SharedClock, Timestamp};
use techtrove_db::{Db, Engine};

/// How long an answer out of a shared database is kept at most.
const KEPT: Duration = Duration::from_secs(1);

/// How much of each kind is kept at most, in bytes of JSON.
const ROOM: u64 = 16 * 1_024 * 1_024;

/// An answer that can be kept.
pub trait Ready: Send + Sync + 'static {
    /// How many bytes it has.
    fn size(&self) -> usize;
}

/// When an answer was read: after which commits, and, where others write too, at what time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    commits: u64,
    at: Option<Timestamp>,
}

struct Kept<T> {
    mark: Mark,
    answer: Arc<T>,
}

/// Answers of one kind made a moment ago, by what was asked.
pub struct Recent<T> {
    db: Db,
    /// Absent where nobody else writes to the database.
    clock: Option<SharedClock>,
    kept: Cache<Arc<str>, Arc<Kept<T>>>,
}

impl<T: Ready> Recent<T> {
    /// Nothing yet; answers are going to be read from `db`.
    #[must_use]
    pub fn new(db: Db, clock: SharedClock) -> Self {
        let weigher = |asked: &Arc<str>, kept: &Arc<Kept<T>>| {
            u32::try_from(asked.len() + kept.answer.size()).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(ROOM).weigher(weigher).build();
        let clock = (db.engine() != Engine::Sqlite).then_some(clock);
        Self { db, clock, kept }
    }

    /// To be taken before an answer is read.
    pub(super) fn mark(&self) -> Mark {
        Mark { commits: self.db.commits_told(), at: self.clock.as_ref().map(|clock| clock.now()) }
    }

    /// The answer to this, if nothing has changed since it was read and that is not long ago.
    pub(super) fn lookup(&self, asked: &str) -> Option<Arc<T>> {
        let (kept, now) = (self.kept.get(asked)?, self.mark());
        let old = kept.mark.at.zip(now.at).is_some_and(|(then, now)| now.since(then) >= KEPT);
        let fresh = kept.mark.commits == now.commits && !old;
        fresh.then(|| Arc::clone(&kept.answer))
    }

    /// Keeps an answer that was read after `mark` was taken.
    pub(super) fn keep(&self, asked: &str, mark: Mark, answer: T) -> Arc<T> {
        let answer = Arc::new(answer);
        self.kept.insert(asked.into(), Arc::new(Kept { mark, answer: Arc::clone(&answer) }));
        answer
    }
}

impl<T> Clone for Recent<T> {
    fn clone(&self) -> Self {
        Self { db: self.db.clone(), clock: self.clock.clone(), kept: self.kept.clone() }
    }
}

impl<T> fmt::Debug for Recent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("db", &self.db).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::ManualClock;
    use techtrove_db::{DbError, testing};

    use super::*;

    impl Ready for u8 {
        fn size(&self) -> usize {
            1
        }
    }

    fn is_kept(recent: &Recent<u8>) -> bool {
        recent.lookup("keyboard").is_some()
    }

    async fn change(db: &Db) {
        let told = db.write("change", |tx| {
            tx.notify_committed();
            Ok::<_, DbError>(())
        });
        told.await.expect("committed");
    }

    #[tokio::test]
    async fn an_answer_is_kept_until_something_changes() {
        let db = testing::sqlite_inline().await;
        let recent = Recent::new((*db).clone(), Arc::new(ManualClock::default()));
        recent.keep("keyboard", recent.mark(), 1_u8);
        assert!(is_kept(&recent));

        change(&db).await;

        assert!(!is_kept(&recent));
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept_after_it() {
        let db = testing::sqlite_inline().await;
        let recent = Recent::new((*db).clone(), Arc::new(ManualClock::default()));
        let before = recent.mark();

        change(&db).await;
        recent.keep("keyboard", before, 1_u8);

        assert!(!is_kept(&recent));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_by_another_process_is_seen_within_a_second() {
        for db in testing::engines().await {
            let clock = Arc::new(ManualClock::default());
            let recent = Recent::new((*db).clone(), clock.clone());
            recent.keep("keyboard", recent.mark(), 1_u8);

            clock.advance(Duration::from_millis(999));
            assert!(is_kept(&recent), "{}", db.label());
            clock.advance(Duration::from_millis(1));

            assert_eq!(is_kept(&recent), db.engine() == Engine::Sqlite, "{}", db.label());
            db.close().await;
        }
    }
}

//! Products that were read a moment ago, ready to be sent, since many people look at few products. What
//! is kept must never outlive a change made here: whatever changes what is shown tells of its commit,
//! and the count of such commits is the mark that a product was read under. Changes made by another
//! process are seen within a second; an embedded database has no other. Checkout does not come here; it
//! reads the store ([`super::resolve_skus`]).

use std::{fmt, sync::Arc, time::Duration};

use moka::sync::Cache;
use techtrove_core::{SharedClock, Timestamp};
use techtrove_db::{Db, Engine};
use techtrove_http::Tagged;

use crate::domain::{ShownProduct, Status};

/// How long a product of a shared database is kept at most.
const KEPT: Duration = Duration::from_secs(1);

/// How much is kept at most, in bytes of JSON.
const ROOM: u64 = 16 * 1_024 * 1_024;

/// A product as it is sent.
#[derive(Debug)]
pub struct ReadyProduct {
    /// Whether it is on sale.
    pub status: Status,
    /// The JSON of a [`crate::domain::ProductBody`], with its entity tag.
    pub body: Tagged,
}

/// When a product was read: after which commits, and, where others write too, at what time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    commits: u64,
    at: Option<Timestamp>,
}

struct Kept {
    mark: Mark,
    product: Arc<ReadyProduct>,
}

/// Products read a moment ago, by the id or slug they were asked for.
#[derive(Clone)]
pub struct RecentProducts {
    db: Db,
    /// Absent where nobody else writes to the database.
    clock: Option<SharedClock>,
    kept: Cache<Arc<str>, Arc<Kept>>,
}

impl RecentProducts {
    /// Nothing yet; products are going to be read from `db`.
    #[must_use]
    pub fn new(db: Db, clock: SharedClock) -> Self {
        let weigher = |reference: &Arc<str>, kept: &Arc<Kept>| {
            u32::try_from(reference.len() + kept.product.body.len()).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(ROOM).weigher(weigher).build();
        let clock = (db.engine() != Engine::Sqlite).then_some(clock);
        Self { db, clock, kept }
    }

    /// To be taken before a product is read.
    pub(super) fn mark(&self) -> Mark {
        Mark { commits: self.db.commits_told(), at: self.clock.as_ref().map(|clock| clock.now()) }
    }

    /// What was read of this product, if nothing has changed since and that is not long ago.
    pub(super) fn lookup(&self, reference: &str) -> Option<Arc<ReadyProduct>> {
        let (kept, now) = (self.kept.get(reference)?, self.mark());
        let old = kept.mark.at.zip(now.at).is_some_and(|(then, now)| now.since(then) >= KEPT);
        let fresh = kept.mark.commits == now.commits && !old;
        fresh.then(|| Arc::clone(&kept.product))
    }

    /// Keeps a product that was read after `mark` was taken.
    pub(super) fn keep(
        &self,
        reference: &str,
        mark: Mark,
        product: ShownProduct,
    ) -> Arc<ReadyProduct> {
        let (status, version) = (product.status, product.version);
        let body = Tagged::new(version, product.into_json());
        let product = Arc::new(ReadyProduct { status, body });
        self.kept.insert(reference.into(), Arc::new(Kept { mark, product: Arc::clone(&product) }));
        product
    }
}

impl fmt::Debug for RecentProducts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentProducts").field("db", &self.db).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::{ManualClock, TypedId};
    use techtrove_db::{DbError, testing};
    use techtrove_inventory_api::Availability;

    use super::*;
    use crate::domain::Rating;

    fn product() -> ShownProduct {
        ShownProduct {
            id: TypedId::from_uuid(uuid::Uuid::from_u128(1)),
            document: "{}".to_owned(),
            version: 1,
            status: Status::Active,
            availability: Availability::InStock,
            rating: Rating::default(),
            price_min: 1,
            sold: 0,
        }
    }

    fn is_kept(recent: &RecentProducts) -> bool {
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
    async fn a_product_is_kept_until_something_changes() {
        let db = testing::sqlite_inline().await;
        let recent = RecentProducts::new((*db).clone(), Arc::new(ManualClock::default()));
        recent.keep("keyboard", recent.mark(), product());
        assert!(is_kept(&recent));

        change(&db).await;

        assert!(!is_kept(&recent));
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept_after_it() {
        let db = testing::sqlite_inline().await;
        let recent = RecentProducts::new((*db).clone(), Arc::new(ManualClock::default()));
        let before = recent.mark();

        change(&db).await;
        recent.keep("keyboard", before, product());

        assert!(!is_kept(&recent));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_change_by_another_process_is_seen_within_a_second() {
        for db in testing::engines().await {
            let clock = Arc::new(ManualClock::default());
            let recent = RecentProducts::new((*db).clone(), clock.clone());
            recent.keep("keyboard", recent.mark(), product());

            clock.advance(Duration::from_millis(999));
            assert!(is_kept(&recent), "{}", db.label());
            clock.advance(Duration::from_millis(1));

            assert_eq!(is_kept(&recent), db.engine() == Engine::Sqlite, "{}", db.label());
            db.close().await;
        }
    }
}

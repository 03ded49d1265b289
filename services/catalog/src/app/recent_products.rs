//! Products that were read a moment ago, ready to be sent, since many people look at few products. What
//! is kept must never outlive a change made here: every write moves the mark that it was read under.
//! Changes made by another process are seen within a second. Checkout does not come here; it reads
//! the store ([`super::resolve_skus`]).

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use moka::sync::Cache;
use techtrove_core::{SharedClock, Timestamp};

use crate::domain::{ShownProduct, Status};

/// How long a product is kept at most.
const KEPT: Duration = Duration::from_secs(1);

/// How much is kept at most, in bytes of JSON.
const ROOM: u64 = 16 * 1_024 * 1_024;

/// A product as it is sent.
#[derive(Debug)]
pub struct ReadyProduct {
    /// Whether it is on sale.
    pub status: Status,
    /// Raised by edits only.
    pub version: u64,
    /// The JSON of a [`crate::domain::ProductBody`].
    pub json: Bytes,
}

/// When a product was read: before which changes, and at what time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    changes: u64,
    at: Timestamp,
}

struct Kept {
    mark: Mark,
    product: Arc<ReadyProduct>,
}

/// Products read a moment ago, by the id or slug they were asked for.
#[derive(Clone)]
pub struct RecentProducts {
    clock: SharedClock,
    changes: Arc<AtomicU64>,
    kept: Cache<Arc<str>, Arc<Kept>>,
}

impl RecentProducts {
    /// Nothing yet.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        let weigher = |reference: &Arc<str>, kept: &Arc<Kept>| {
            u32::try_from(reference.len() + kept.product.json.len()).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(ROOM).weigher(weigher).build();
        Self { clock, changes: Arc::default(), kept }
    }

    /// To be taken before a product is read.
    pub(super) fn mark(&self) -> Mark {
        Mark { changes: self.changes.load(Ordering::Acquire), at: self.clock.now() }
    }

    /// What was read of this product, if nothing has changed since and that is not long ago.
    pub(super) fn lookup(&self, reference: &str) -> Option<Arc<ReadyProduct>> {
        let (kept, now) = (self.kept.get(reference)?, self.mark());
        let fresh = kept.mark.changes == now.changes && now.at.since(kept.mark.at) < KEPT;
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
        let product = Arc::new(ReadyProduct { status, version, json: product.into_json().into() });
        self.kept.insert(reference.into(), Arc::new(Kept { mark, product: Arc::clone(&product) }));
        product
    }

    /// Something was, or may have been, changed: nothing read before counts any more. To be called
    /// before the change is answered.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for RecentProducts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentProducts").field("changes", &self.changes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::{ManualClock, TypedId};
    use techtrove_inventory_api::Availability;

    use super::*;

    fn product(version: u64) -> ShownProduct {
        ShownProduct {
            id: TypedId::from_uuid(uuid::Uuid::from_u128(1)),
            document: "{}".to_owned(),
            version,
            status: Status::Active,
            availability: Availability::InStock,
        }
    }

    fn version(recent: &RecentProducts) -> Option<u64> {
        recent.lookup("keyboard").map(|product| product.version)
    }

    #[test]
    fn a_product_is_kept_until_something_changes() {
        let recent = RecentProducts::new(Arc::new(ManualClock::default()));
        recent.keep("keyboard", recent.mark(), product(1));
        assert_eq!(version(&recent), Some(1));

        recent.changed();

        assert_eq!(version(&recent), None);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let recent = RecentProducts::new(Arc::new(ManualClock::default()));
        let before = recent.mark();

        recent.changed();
        recent.keep("keyboard", before, product(1));

        assert_eq!(version(&recent), None);
    }

    #[test]
    fn a_change_by_another_process_is_seen_within_a_second() {
        let clock = Arc::new(ManualClock::default());
        let recent = RecentProducts::new(clock.clone());
        recent.keep("keyboard", recent.mark(), product(1));

        clock.advance(Duration::from_millis(999));
        assert_eq!(version(&recent), Some(1));
        clock.advance(Duration::from_millis(1));

        assert_eq!(version(&recent), None);
    }
}

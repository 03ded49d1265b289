//! Stores what a use case has decided about stock, and tells the others when what the public may know
//! has changed. Ids and the time are made before the transaction, which may run again.

use techtrove_bus::{AggregateRef, EventContext, NewEvent, record_all};
use techtrove_core::{Timestamp, TypedId, planted};
use techtrove_db::Tx;
use techtrove_inventory_api::{
    AVAILABILITY_CHANGED, AvailabilityChanged, MovementId, STOCK_AGGREGATE,
};
use uuid::Uuid;

use super::App;
use crate::{
    domain::{Cause, Movement, StockItem},
    error::Error,
    store::{self, Batch},
};

/// The time of a change and the ids it may need, made once for all runs of its transaction.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) now: Timestamp,
    base: Uuid,
    traceparent: Option<String>,
}

impl Stamp {
    /// Now, with a new id.
    pub(super) fn new(app: &App) -> Self {
        let traceparent = techtrove_http::current_traceparent();
        Self { now: app.clock.now(), base: app.ids.uuid(), traceparent }
    }

    /// The id number `index` of this change: the new id with its lowest 62 bits, which are random,
    /// raised by `index`. How many are needed is only known inside the transaction.
    pub(super) fn id(&self, index: usize) -> Uuid {
        const RANDOM: u128 = (1 << 62) - 1;
        let bits = self.base.as_u128();
        let raised = (bits & RANDOM).wrapping_add(index as u128) & RANDOM;
        Uuid::from_u128((bits & !RANDOM) | raised)
    }

    /// The same for ids behind the first `count`.
    pub(super) fn after(&self, count: usize) -> Self {
        Self { base: self.id(count), ..self.clone() }
    }

    fn event_context(&self, index: usize) -> EventContext {
        EventContext { id: self.id(index), time: self.now, traceparent: self.traceparent.clone() }
    }
}

/// The movements between the items as they were `before` and as they are to be `after` (both in the same
/// order).
pub(super) fn movements(
    before: &[StockItem],
    after: &[StockItem],
    cause: &Cause,
    stamp: &Stamp,
) -> Vec<Movement> {
    let pairs = before.iter().zip(after).enumerate();
    pairs
        .filter_map(|(index, (old, new))| {
            let id = MovementId::from_uuid(stamp.id(index));
            Movement::between(old, new, cause, id, stamp.now)
        })
        .collect()
}

/// Stores items that are locked and were `before` as they are to be `after` (both in the same order),
/// together with what is in `batch` already.
pub(super) fn save<'a>(
    tx: &mut Tx<'_>,
    mut batch: Batch<'a>,
    before: &'a [StockItem],
    after: &'a [StockItem],
    stamp: &Stamp,
) -> Result<(), Error> {
    let changed = || before.iter().zip(after).filter(|(old, new)| old != new);
    for (old, new) in changed() {
        store::update_item(&mut batch, old, new, stamp.now);
    }
    if !batch.run(tx)? {
        return Err(Error::Raced);
    }
    let news: Vec<(EventContext, NewEvent)> = changed()
        .filter(|(old, new)| old.published != new.published)
        .enumerate()
        .map(|(index, (_, new))| (stamp.event_context(index), availability_changed(new)))
        .collect();
    if !news.is_empty() && !planted("availability-untold") {
        record_all(tx, &news)?;
    }
    Ok(())
}

fn availability_changed(item: &StockItem) -> NewEvent {
    let data = AvailabilityChanged { sku: item.sku.clone(), availability: item.published };
    NewEvent {
        kind: AVAILABILITY_CHANGED,
        aggregate: AggregateRef { kind: STOCK_AGGREGATE, id: item.id },
        data: serde_json::json!(data),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_of_one_change_differ_and_stay_version_7() {
        let base = Uuid::from_u128(0x0198_7000_0000_7abc_bfff_ffff_ffff_fffe);
        let stamp = Stamp { now: Timestamp::from_micros(1), base, traceparent: None };

        let ids: BTreeSet<Uuid> = (0..1_000).map(|index| stamp.id(index)).collect();

        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert!(ids.iter().all(|id| id.get_variant() == uuid::Variant::RFC4122));
    }
}

//! Events that were not taken.

use techtrove_bus::outbox::Unpublished;
use techtrove_core::Timestamp;

use super::{
    super::{report::Report, rule::Rule},
    UNSENT_AFTER,
};

/// No event waits for long.
pub(in super::super) fn outboxes(
    outboxes: &[(&'static str, Unpublished)],
    now: Timestamp,
    report: &mut Report,
) {
    report.count("outboxes", outboxes.len());
    for (service, unpublished) in outboxes {
        let late = unpublished.oldest.is_some_and(|oldest| now.since(oldest) > UNSENT_AFTER);
        report.expect(!late, Rule::EventUnsent, service, || {
            format!("{} events wait, the oldest since {:?}", unpublished.count, unpublished.oldest)
        });
    }
}

/// No event is parked: who could not take it goes by what was before.
pub(in super::super) fn parked(parked: &[(&'static str, u64)], report: &mut Report) {
    for (service, count) in parked {
        report.expect(*count == 0, Rule::EventParked, service, || format!("{count} events"));
    }
}

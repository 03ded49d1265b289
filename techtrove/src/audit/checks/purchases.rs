//! What users have bought against what is known of it where they write reviews.

use std::collections::BTreeSet;

use techtrove_community_api::PurchaseEntry;
use techtrove_core::TypedId as _;
use techtrove_identity_api::UserId;
use techtrove_orders_api::PurchaseClaim;

use super::super::{report::Report, rule::Rule};

/// Who bought a product is known to have, and of no other.
pub(in super::super) fn purchases(
    claim: &PurchaseClaim,
    found: &[PurchaseEntry],
    report: &mut Report,
) {
    let known: BTreeSet<_> = found.iter().map(|entry| entry.product).collect();
    report.expect(known == claim.products, Rule::Purchase, UserId::from_uuid(claim.user), || {
        let missing: Vec<_> = claim.products.difference(&known).collect();
        let others: Vec<_> = known.difference(&claim.products).collect();
        format!("that {missing:?} were bought is not known, that {others:?} were is not so")
    });
}

/// Something that somebody without an order is known to have bought.
pub(in super::super) fn lone_purchase(orphan: &PurchaseEntry, report: &mut Report) {
    report.expect(false, Rule::Purchase, UserId::from_uuid(orphan.user), || {
        format!("that {} was bought is not so: there is no order", orphan.product)
    });
}

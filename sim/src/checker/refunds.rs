//! Money given back: each refund stands in orders' books as the provider has it, and the ledger says of each
//! payment what its books say.

use std::collections::BTreeMap;

use techtrove_core::TypedId as _;
use techtrove_payments_api::RefundId;
use uuid::Uuid;

use super::rows::rows;
use crate::{customers::Purchase, world::World};

/// What must be empty in the end: host, invariant, and the rows that break it.
pub const EMPTY: [(&str, &str, &str); 1] = [(
    "payments",
    "the ledger says what the payment says",
    "SELECT hex(p.id) || ' ' || p.status FROM payments p LEFT JOIN ( \
       SELECT payment_id, \
         SUM(CASE account WHEN 'provider_receivable' THEN amount ELSE 0 END) AS receivable, \
         SUM(CASE account WHEN 'sales' THEN amount ELSE 0 END) AS sales, \
         SUM(CASE account WHEN 'refunds' THEN amount ELSE 0 END) AS refunds, \
         SUM(CASE account WHEN 'authorized_at_provider' THEN amount ELSE 0 END) AS reserved \
       FROM ledger_entries GROUP BY payment_id) l ON l.payment_id = p.id \
     WHERE COALESCE(l.receivable, 0) <> p.captured - p.refunded OR COALESCE(l.sales, 0) <> -p.captured \
       OR COALESCE(l.refunds, 0) <> p.refunded \
       OR COALESCE(l.reserved, 0) <> CASE p.status WHEN 'authorized' THEN p.amount ELSE 0 END",
)];

/// Checks refunds against the provider's, and against what desks were told.
pub fn check(world: &World, purchases: &[Purchase]) {
    let at_provider =
        rows(&world.host("sandbox").look, "SELECT refund_key, status FROM refunds", |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?))
        });
    let at_provider: BTreeMap<String, String> = at_provider.into_iter().collect();
    let stands = |refund: &str| at_provider.get(refund).map(String::as_str);
    let known = rows(&world.host("orders").look, "SELECT id, status FROM refunds", |row| {
        Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?))
    });
    let known: BTreeMap<String, String> = known
        .into_iter()
        .map(|(id, status)| (RefundId::from_uuid(id).to_string(), status))
        .collect();
    for (id, status) in &known {
        if (status == "succeeded") != (stands(id) == Some("succeeded")) {
            let detail = format!("{id} {status}: {:?}", stands(id));
            world.violated("a refund stands as its provider has it", detail);
        }
    }
    for (id, _) in purchases.iter().flat_map(|purchase| &purchase.refunds) {
        let kept = known.get(id).is_some_and(|status| status == "succeeded");
        if !kept && stands(id) != Some("failed") {
            world.violated("what was given back is given back", id.clone());
        }
    }
}

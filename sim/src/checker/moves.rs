//! What may happen only once something else has: looked at in the moment in which it happens, in the books of
//! whoever did the other.

use techtrove_core::TypedId as _;
use techtrove_payments_api::{PaymentId, RefundId};
use uuid::Uuid;

use super::rows::{rows, values};
use crate::world::World;

/// The kind of thing that a SKU's stock is, which stands at its numbers.
pub const STOCK: &str = "stock";

/// The ways of each kind of thing, from where it stands to where it may go; several of them may be one commit.
const WAYS: [(&str, &[(&str, &str)]); 7] = [
    (
        "order",
        &[
            ("nothing", "pending"),
            ("pending", "confirmed"),
            ("pending", "cancelled"),
            ("pending", "payment_failed"),
            ("confirmed", "processing"),
            ("confirmed", "shipped"),
            ("confirmed", "delivered"),
            ("confirmed", "cancelled"),
            ("processing", "shipped"),
            ("processing", "delivered"),
            ("processing", "cancelled"),
            ("shipped", "delivered"),
        ],
    ),
    (
        "return",
        &[
            ("nothing", "requested"),
            ("requested", "approved"),
            ("requested", "rejected"),
            ("approved", "pending"),
            ("pending", "booked"),
        ],
    ),
    (
        "refund",
        &[
            ("nothing", "pending"),
            ("pending", "succeeded"),
            ("pending", "failed"),
            ("succeeded", "failed"),
        ],
    ),
    ("parcel", &[("nothing", "preparing"), ("preparing", "shipped"), ("preparing", "withdrawn")]),
    (
        "payment",
        &[
            ("nothing", "unknown"),
            ("nothing", "voided"),
            ("unknown", "requires_action"),
            ("unknown", "authorized"),
            ("unknown", "failed"),
            ("unknown", "voided"),
            ("requires_action", "authorized"),
            ("requires_action", "failed"),
            ("requires_action", "voided"),
            ("authorized", "captured"),
            ("authorized", "voided"),
            ("captured", "partially_refunded"),
            ("captured", "refunded"),
            ("partially_refunded", "refunded"),
            ("partially_refunded", "captured"),
            ("refunded", "partially_refunded"),
            ("refunded", "captured"),
        ],
    ),
    (
        "reservation",
        &[
            ("nothing", "held"),
            ("nothing", "released"),
            ("held", "committed"),
            ("held", "released"),
            ("committed", "shipped"),
            ("committed", "released"),
        ],
    ),
    (
        "charge",
        &[
            ("nothing", "requires_action"),
            ("nothing", "authorized"),
            ("nothing", "declined"),
            ("nothing", "voided"),
            ("requires_action", "authorized"),
            ("requires_action", "declined"),
            ("requires_action", "voided"),
            ("authorized", "captured"),
            ("authorized", "voided"),
        ],
    ),
];

/// Something that stands otherwise since a commit.
pub struct Move {
    /// The kind of thing.
    pub kind: &'static str,
    /// Which, beginning with the 32 digits of its id.
    pub id: String,
    /// How it stood before.
    pub from: String,
    /// How it stands.
    pub to: String,
}

impl Move {
    fn uuid(&self) -> Option<Uuid> {
        Uuid::try_parse(self.id.get(..32)?).ok()
    }
}

/// Checks what has just happened.
pub fn check(world: &World, moves: &[Move]) {
    for step in moves {
        let ways = WAYS.iter().find(|(kind, _)| *kind == step.kind);
        if ways.is_some_and(|(_, ways)| !leads(ways, &step.from, &step.to)) {
            let detail = format!("{} {}: {} > {}", step.kind, step.id, step.from, step.to);
            world.violated("everything goes the ways that there are", detail);
        }
        match (step.kind, &*step.from, &*step.to) {
            ("reservation", "nothing", "released") => refused_for_want(world, step.uuid(), moves),
            ("reservation", "held", "released") => stock_after_money(world, step.uuid()),
            ("refund", _, "succeeded") => told_after_given(world, step.uuid()),
            ("parcel", "nothing", "preparing") => packed_while_paid(world, step.uuid()),
            _ => {}
        }
    }
}

/// Whether one may come from `from` to `to`.
fn leads(ways: &[(&str, &str)], from: &str, to: &str) -> bool {
    let mut reached = vec![from];
    let mut looked = 0;
    while let Some(place) = reached.get(looked).copied() {
        let next = ways.iter().filter(|(from, _)| *from == place).map(|(_, to)| *to);
        let new: Vec<&str> = next.filter(|to| !reached.contains(to)).collect();
        reached.extend(new);
        looked += 1;
    }
    reached.iter().skip(1).any(|place| *place == to)
}

/// Nobody is refused what there is: when a hold was refused, some line of its order could not be had.
fn refused_for_want(world: &World, order: Option<Uuid>, moves: &[Move]) {
    let lines = rows(
        &world.host("orders").look,
        "SELECT l.order_id, l.sku, SUM(l.quantity) FROM order_lines l JOIN sagas s \
           ON s.order_id = l.order_id AND s.step IN ('authorize', 'hold') GROUP BY l.order_id, l.sku",
        |row| Ok((row.get::<Uuid>(0)?, (row.get::<String>(1)?, row.get::<i64>(2)?))),
    );
    let wanted: Vec<_> = lines.into_iter().filter(|(id, _)| Some(*id) == order).collect();
    let there = rows(
        &world.host("inventory").look,
        "SELECT sku, on_hand - held - committed FROM stock",
        |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)),
    );
    let is_there = |sku: &str, pieces: i64| {
        let untouched = !moves.iter().any(|step| step.kind == STOCK && step.id == sku);
        untouched && there.iter().any(|(known, count)| known == sku && *count >= pieces)
    };
    if !wanted.is_empty() && wanted.iter().all(|(_, (sku, pieces))| is_there(sku, *pieces)) {
        world.violated("nobody is refused what there is", format!("{wanted:?} of {there:?}"));
    }
}

/// No stock that was held is given back while its money may still be had: the order might be paid after all.
fn stock_after_money(world: &World, order: Option<Uuid>) {
    let payments = rows(&world.host("orders").look, "SELECT id, payment_id FROM orders", |row| {
        Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?))
    });
    let open = values::<String>(
        &world.host("sandbox").look,
        "SELECT charge_key FROM charges WHERE status IN ('authorized', 'requires_action')",
    );
    for (order, payment) in payments.into_iter().filter(|(id, _)| Some(*id) == order) {
        let charge = PaymentId::from_uuid(payment).to_string();
        if open.contains(&charge) {
            world.violated("stock is given back once its money is", format!("{order}: {charge}"));
        }
    }
}

/// Nothing is packed whose money is given back, or promised to be.
fn packed_while_paid(world: &World, parcel: Option<Uuid>) {
    let unpaid = values::<Uuid>(
        &world.host("orders").look,
        "SELECT s.id FROM shipments s JOIN orders o ON o.id = s.order_id \
           AND o.payment_status IN ('captured', 'partially_refunded', 'refunded') \
         WHERE s.carrier <> 'digital' AND o.captured <= o.refunded + COALESCE((SELECT SUM(r.amount) \
           FROM refunds r WHERE r.order_id = o.id AND r.status = 'pending'), 0)",
    );
    if let Some(parcel) = parcel.filter(|parcel| unpaid.contains(parcel)) {
        world.violated("nothing is packed whose money is given back", parcel.to_string());
    }
}

/// Nobody says that money was given back which is still under way.
fn told_after_given(world: &World, refund: Option<Uuid>) {
    let under_way = values::<String>(
        &world.host("sandbox").look,
        "SELECT refund_key FROM refunds WHERE status = 'pending'",
    );
    let refund = refund.map(|id| RefundId::from_uuid(id).to_string());
    if let Some(refund) = refund.filter(|refund| under_way.contains(refund)) {
        world.violated("money counts as given back once it is", refund);
    }
}

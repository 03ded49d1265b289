//! What may happen only once something else has: looked at in the moment in which it happens, in the books of
//! whoever did the other.

use techtrove_core::TypedId as _;
use techtrove_payments_api::{PaymentId, RefundId};
use uuid::Uuid;

use super::rows::{rows, values};
use crate::world::World;

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
        match (step.kind, &*step.from, &*step.to) {
            ("reservation", "held", "released") => stock_after_money(world, step.uuid()),
            ("refund", _, "succeeded") => told_after_given(world, step.uuid()),
            _ => {}
        }
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

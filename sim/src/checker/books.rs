//! What must hold in the end: the books of all services agree with each other, with the provider's, and
//! with what customers were answered.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::TypedId as _;
use techtrove_identity_api::UserId;
use techtrove_orders::domain::CapturePolicy;
use techtrove_orders_api::OrderId;
use techtrove_payments_api::PaymentId;
use uuid::Uuid;

use super::{
    agreed, mails, refunds, returns, reviews,
    rows::{none, rows, values},
    sold,
};
use crate::{
    customers::{Memory, Purchase},
    plan::Plan,
    world::World,
};

/// An order.
struct Order {
    id: Uuid,
    payment: Uuid,
    payment_status: String,
    email: Option<String>,
    status: String,
    total: i64,
    captured: i64,
    refunded: i64,
    refused: bool,
    user: Option<Uuid>,
}

/// A payment, as payments has it.
struct Payment {
    id: Uuid,
    owner: Option<Uuid>,
    status: String,
    captured: i64,
    refunded: i64,
}

/// A charge, as the provider's ledger has it.
#[derive(Clone, Debug, Default)]
struct Charge {
    status: String,
    captured: i64,
    refunded: i64,
}

impl Order {
    fn is_live(&self) -> bool {
        !["cancelled", "payment_failed", "pending"].contains(&self.status.as_str())
    }
}

struct Books<'a> {
    world: &'a World,
    orders: Vec<Order>,
    payments: Vec<Payment>,
    charges: BTreeMap<String, Charge>,
    capture: CapturePolicy,
}

/// What must be empty: host, invariant, and the rows that break it.
const EMPTY: [(&str, &str, &str); 9] = [
    ("orders", "no cart is left locked", "SELECT hex(id) FROM carts WHERE status = 'locked'"),
    (
        "orders",
        "no cancellation is left asked for",
        "SELECT hex(id) || ' is ' || status FROM orders WHERE cancel_asked IS NOT NULL \
           AND status NOT IN ('cancelled', 'payment_failed')",
    ),
    (
        "inventory",
        "what has left whole is shipped",
        "SELECT hex(r.id) || ' is ' || r.state FROM reservations r JOIN reservation_lines l \
           ON l.reservation_id = r.id AND l.attempt = r.attempt GROUP BY r.id, r.attempt \
         HAVING (r.state = 'shipped') <> (SUM(l.shipped) = SUM(l.quantity))",
    ),
    (
        "orders",
        "what is refunded is its refunds",
        "SELECT hex(id) || ' ' || refunded FROM orders o WHERE refunded <> COALESCE( \
           (SELECT SUM(amount) FROM refunds r WHERE r.order_id = o.id AND r.status = 'succeeded'), 0)",
    ),
    (
        "orders",
        "each station once",
        "SELECT hex(order_id) || ' ' || status FROM order_history WHERE kind = 'status' \
         GROUP BY order_id, status HAVING COUNT(*) > 1",
    ),
    (
        "orders",
        "a cart's order is its owner's",
        "SELECT hex(o.id) FROM orders o JOIN carts c ON c.id = o.cart_id \
         WHERE o.refused = 0 AND c.user_id IS NOT o.user_id",
    ),
    (
        "orders",
        "carts that are claimed come into one",
        "SELECT hex(user_id) FROM cart_claims GROUP BY user_id HAVING COUNT(DISTINCT cart_id) > 1",
    ),
    (
        "orders",
        "every key has its answer",
        "SELECT hex(scope_hash) FROM idempotency_keys WHERE answer_status IS NULL",
    ),
    (
        "orders",
        "a shipped order has nothing left",
        "SELECT hex(o.id) FROM orders o JOIN order_lines l ON l.order_id = o.id \
         WHERE o.status IN ('shipped', 'delivered') AND l.shipped <> l.quantity",
    ),
];

/// Checks everything.
pub fn check(world: &World, memory: &Memory) {
    let purchases = &memory.all();
    let books = Books::read(world);
    books.orders_and_money();
    books.payments_and_provider();
    books.orders_and_stock();
    books.mails();
    books.promises(purchases);
    returns::check(world, purchases);
    refunds::check(world, purchases);
    sold::check(world, memory);
    agreed::check(world, purchases);
    mails::check(world);
    reviews::check(world, &memory.reviews());
    for (host, invariant, sql) in EMPTY
        .into_iter()
        .chain(returns::EMPTY)
        .chain(refunds::EMPTY)
        .chain(sold::EMPTY)
        .chain(agreed::EMPTY)
    {
        none(world, &world.host(host).look, invariant, sql);
    }
    for host in ["inventory", "catalog", "community", "orders", "notifications"] {
        let sql = "SELECT consumer || ': ' || error FROM dead_letters";
        none(world, &world.host(host).look, "no event is parked", sql);
    }
}

impl<'a> Books<'a> {
    fn read(world: &'a World) -> Self {
        let orders = rows(
            &world.host("orders").look,
            "SELECT id, payment_id, email, status, total, captured, refunded, refused, user_id, \
             payment_status \
             FROM orders",
            |row| {
                Ok(Order {
                    id: row.get(0)?,
                    payment: row.get(1)?,
                    email: row.get(2)?,
                    status: row.get(3)?,
                    total: row.get(4)?,
                    captured: row.get(5)?,
                    refunded: row.get(6)?,
                    refused: row.get::<i64>(7)? != 0,
                    user: row.get(8)?,
                    payment_status: row.get(9)?,
                })
            },
        );
        let payments = rows(
            &world.host("payments").look,
            "SELECT id, owner, status, captured, refunded FROM payments",
            |row| {
                let (id, owner, status) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Payment { id, owner, status, captured: row.get(3)?, refunded: row.get(4)? })
            },
        );
        let capture = Plan::of(world.seed).capture;
        Self { world, orders, payments, charges: charges(world), capture }
    }

    fn violated(&self, invariant: &'static str, detail: impl Into<String>) {
        self.world.violated(invariant, detail);
    }

    /// A live order is paid, once and in full, less what was given back; from nobody else anything is kept.
    fn orders_and_money(&self) {
        let mut kept: BTreeMap<String, &Charge> =
            self.charges.iter().map(|(key, charge)| (key.clone(), charge)).collect();
        for order in &self.orders {
            let charge = kept.remove(&PaymentId::from_uuid(order.payment).to_string());
            let charge = charge.cloned().unwrap_or_default();
            let (taken, given) = (charge.captured, charge.refunded);
            let reserved = charge.status == "authorized";
            let what = || format!("{} {} over {}: {charge:?}", order.id, order.status, order.total);
            if taken > order.total || (taken != 0 && taken != order.total) {
                self.violated("an order is charged once, its total", what());
            }
            if (order.captured, order.refunded) != (taken, given) {
                self.violated("an order knows its money", what());
            }
            let packing = self.capture == CapturePolicy::Shipment
                && ["confirmed", "processing"].contains(&order.status.as_str());
            if order.is_live() && taken != order.total && !(packing && reserved) {
                self.violated("a live order is paid", what());
            }
            if !order.is_live() && (taken != given || reserved) {
                self.violated("nothing is kept of an order that is none", what());
            }
        }
        for (key, charge) in kept {
            if charge.captured != charge.refunded || charge.status == "authorized" {
                self.violated("nobody is charged without an order", format!("{key}: {charge:?}"));
            }
        }
    }

    fn payments_and_provider(&self) {
        let owners: BTreeMap<Uuid, &Order> =
            self.orders.iter().map(|order| (order.payment, order)).collect();
        for payment in &self.payments {
            let key = PaymentId::from_uuid(payment.id).to_string();
            let charge = self.charges.get(&key).cloned().unwrap_or_default();
            let agrees = (payment.captured, payment.refunded) == (charge.captured, charge.refunded)
                && (payment.status == "authorized") == (charge.status == "authorized");
            let order = owners.get(&payment.id);
            let owner = order.and_then(|order| order.user);
            if let Some(order) = order.filter(|order| order.payment_status != payment.status) {
                let detail = format!("{} {}: {}", order.id, order.payment_status, payment.status);
                self.violated("an order knows how its payment stands", detail);
            }
            // One that was given up before it was asked for knows nobody.
            if payment.owner != owner && (payment.owner.is_some() || payment.captured > 0) {
                self.violated("a payment is its buyer's", key.clone());
            }
            if !agrees {
                let detail = format!("{key} {}: {charge:?}", payment.status);
                self.violated("payments and provider agree", detail);
            }
        }
    }

    /// What is sold is set aside or gone, exactly, and nothing else is.
    fn orders_and_stock(&self) {
        let sold = rows(
            &self.world.host("orders").look,
            "SELECT o.id, l.sku, SUM(l.quantity), SUM(l.shipped) FROM orders o \
             JOIN order_lines l ON l.order_id = o.id \
             WHERE o.status NOT IN ('pending', 'cancelled', 'payment_failed') GROUP BY o.id, l.sku",
            |row| {
                let (id, sku): (Uuid, String) = (row.get(0)?, row.get(1)?);
                Ok((id, sku, row.get::<i64>(2)?, row.get::<i64>(3)?))
            },
        );
        let reserved = rows(
            &self.world.host("inventory").look,
            "SELECT r.id, l.sku, SUM(l.quantity), SUM(l.shipped) FROM reservations r \
             JOIN reservation_lines l ON l.reservation_id = r.id AND l.attempt = r.attempt \
             WHERE r.state IN ('held', 'committed', 'shipped') GROUP BY r.id, l.sku",
            |row| {
                let (id, sku): (Uuid, String) = (row.get(0)?, row.get(1)?);
                Ok((id, sku, row.get::<i64>(2)?, row.get::<i64>(3)?))
            },
        );
        let (sold, reserved): (BTreeSet<_>, BTreeSet<_>) =
            (sold.into_iter().collect(), reserved.into_iter().collect());
        for (id, sku, quantity, shipped) in sold.difference(&reserved) {
            let detail = format!("{id}: {quantity} of {sku}, {shipped} shipped");
            self.violated("what is sold is set aside", detail);
        }
        for (id, sku, quantity, shipped) in reserved.difference(&sold) {
            let detail = format!("{id}: {quantity} of {sku}, {shipped} shipped");
            self.violated("only what is sold is set aside", detail);
        }
    }

    /// Each station of an order has its mail, once.
    fn mails(&self) {
        let written = rows(
            &self.world.host("notifications").look,
            "SELECT subject_id, template, COUNT(*) FROM mails GROUP BY subject_id, template",
            |row| Ok(((row.get::<Uuid>(0)?, row.get::<String>(1)?), row.get::<i64>(2)?)),
        );
        let written: BTreeMap<_, _> = written.into_iter().collect();
        let due = rows(
            &self.world.host("orders").look,
            "SELECT order_id, CASE status WHEN 'payment_failed' THEN status ELSE 'order_' || status END, \
               COUNT(*) FROM order_history h \
             WHERE kind = 'status' AND status IN ('confirmed', 'cancelled', 'payment_failed', 'delivered') \
               AND order_id IN (SELECT id FROM orders WHERE refused = 0) \
               AND (status <> 'delivered' OR EXISTS (SELECT 1 FROM order_lines l \
                 WHERE l.order_id = h.order_id AND l.fulfilment <> 'digital')) \
             GROUP BY order_id, status \
             UNION ALL SELECT order_id, 'order_refunded', COUNT(*) FROM refunds \
             WHERE status = 'succeeded' GROUP BY order_id \
             UNION ALL SELECT order_id, 'order_shipped', COUNT(*) FROM shipments \
             WHERE status = 'shipped' AND carrier <> 'digital' GROUP BY order_id \
             UNION ALL SELECT order_id, 'licence_keys', COUNT(*) FROM shipments \
             WHERE status = 'shipped' AND carrier = 'digital' GROUP BY order_id",
            |row| Ok(((row.get::<Uuid>(0)?, row.get::<String>(1)?), row.get::<i64>(2)?)),
        );
        let due: BTreeMap<_, _> = due.into_iter().collect();
        let lost = self.lost_refunds();
        let all: BTreeSet<_> = due.keys().chain(written.keys()).collect();
        for about in all {
            let count = |of: &BTreeMap<_, i64>| of.get(about).copied().unwrap_or(0);
            // One that was made before it failed has its mail.
            let (found, due, lost) = (count(&written), count(&due), count(&lost));
            if !(due..=due + lost).contains(&found) {
                self.violated(
                    "each mail once",
                    format!("{} of {due} {}: {}", found, about.1, about.0),
                );
            }
        }
    }

    /// The mails there may be besides: of refunds that payments had booked as made before they failed.
    fn lost_refunds(&self) -> BTreeMap<(Uuid, String), i64> {
        let made = values::<Uuid>(
            &self.world.host("payments").look,
            "SELECT r.id FROM refunds r JOIN ledger_entries e ON e.payment_id = r.payment_id \
               AND e.operation = r.operation AND e.account = 'refunds' AND e.amount > 0",
        );
        let failed = rows(
            &self.world.host("orders").look,
            "SELECT order_id, id FROM refunds WHERE status = 'failed'",
            |row| Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?)),
        );
        let mut lost = BTreeMap::new();
        for (order, _) in failed.into_iter().filter(|(_, id)| made.contains(id)) {
            *lost.entry((order, "order_refunded".to_owned())).or_default() += 1;
        }
        lost
    }

    /// What customers were answered is so.
    fn promises(&self, purchases: &[Purchase]) {
        for purchase in purchases {
            let mine = self
                .orders
                .iter()
                .filter(|order| !order.refused && order.email.as_deref() == Some(&purchase.email));
            let mine: Vec<&Order> = mine.collect();
            let ids: Vec<String> =
                mine.iter().map(|order| OrderId::from_uuid(order.id).to_string()).collect();
            let what = || format!("{}: {ids:?}, told {purchase:?}", purchase.email);
            match &purchase.order {
                Some(order) if !ids.contains(order) => {
                    self.violated("what was acknowledged is there", what());
                }
                None if purchase.refused && mine.iter().any(|order| order.is_live()) => {
                    self.violated("what was refused is not there", what());
                }
                _ => {}
            }
            let user = |order: &&&Order| {
                order.user.map(|user| UserId::from_uuid(user).to_string()) != purchase.user
            };
            if mine.iter().any(|order| user(&order)) {
                self.violated("an order is its buyer's", what());
            }
            let live = mine.iter().filter(|order| order.is_live()).count();
            if live > 1 {
                self.violated("a purchase is one order", what());
            }
            if purchase.unpaid && live > 0 {
                self.violated("who refuses at the bank buys nothing", what());
            }
            if purchase.cancelled && live > 0 {
                self.violated("what was cancelled is cancelled", what());
            }
        }
    }
}

/// What the provider's ledger comes to, by charge.
fn charges(world: &World) -> BTreeMap<String, Charge> {
    let look = &world.host("sandbox").look;
    let mut charges: BTreeMap<String, Charge> =
        rows(look, "SELECT charge_key, status FROM charges", |row| {
            let (key, status): (String, String) = (row.get(0)?, row.get(1)?);
            Ok((key, Charge { status, ..Charge::default() }))
        })
        .into_iter()
        .collect();
    let entries = rows(look, "SELECT charge_key, entry, amount FROM ledger", |row| {
        Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<i64>(2)?))
    });
    for (key, entry, amount) in entries {
        let charge = charges.entry(key).or_default();
        match entry.as_str() {
            "captured" => charge.captured += amount,
            "authorized" | "voided" => {}
            _ if entry.starts_with("refund_failed:") => charge.refunded -= amount,
            _ => charge.refunded += amount,
        }
    }
    charges
}

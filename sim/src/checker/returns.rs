//! What came back: orders' returns against the parcels that left, inventory's books and the money given
//! back for them, and against what buyer and shop were answered.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::TypedId as _;
use techtrove_orders_api::{ReturnId, ShipmentId};
use uuid::Uuid;

use super::rows::rows;
use crate::{
    customers::{Purchase, Receipt, SentBack},
    world::World,
};

/// What must be empty in the end: host, invariant, and the rows that break it.
pub const EMPTY: [(&str, &str, &str); 8] = [
    (
        "orders",
        "what left is in its parcels",
        "SELECT hex(l.order_id) || ' line ' || l.line_no FROM order_lines l WHERE l.shipped <> COALESCE( \
           (SELECT SUM(p.quantity) FROM shipment_lines p JOIN shipments s ON s.id = p.shipment_id \
            WHERE s.order_id = l.order_id AND s.status = 'shipped' AND p.line_no = l.line_no), 0)",
    ),
    (
        "orders",
        "licence keys never come back",
        "SELECT hex(l.order_id) FROM order_lines l WHERE l.fulfilment = 'digital' AND l.returned > 0",
    ),
    (
        "orders",
        "what is received is taken back",
        "SELECT hex(id) || ' ' || booking FROM returns WHERE status = 'received' AND booking <> 'booked'",
    ),
    (
        "orders",
        "money for goods is one return's",
        "SELECT hex(r.order_id) || ' ' || r.amount FROM refunds r WHERE r.reason = 'goods were sent back' \
           AND (SELECT COUNT(*) FROM returns b WHERE b.refund_id = r.id AND b.order_id = r.order_id \
             AND b.status = 'received') <> 1",
    ),
    (
        "orders",
        "a return's money is given back",
        "SELECT hex(b.id) FROM returns b WHERE b.refund_id IS NOT NULL AND NOT EXISTS ( \
           SELECT 1 FROM refunds r WHERE r.id = b.refund_id AND r.status IN ('succeeded', 'failed'))",
    ),
    (
        "inventory",
        "what came back is counted",
        "SELECT hex(l.reservation_id) || ' ' || l.sku FROM reservation_lines l WHERE l.returned <> COALESCE( \
           (SELECT SUM(p.quantity) FROM return_lines p JOIN returns b ON b.id = p.return_id \
            WHERE b.reservation_id = l.reservation_id AND b.attempt = l.attempt AND p.sku = l.sku), 0)",
    ),
    (
        "inventory",
        "what left and came back has its movements",
        "SELECT hex(l.reservation_id) || ' ' || l.sku FROM ( \
           SELECT reservation_id, sku, SUM(shipped) AS shipped, SUM(returned) AS returned \
           FROM reservation_lines GROUP BY reservation_id, sku) l \
         WHERE -l.shipped <> COALESCE((SELECT SUM(m.delta) FROM movements m \
             WHERE m.reservation_id = l.reservation_id AND m.sku = l.sku AND m.kind = 'ship'), 0) \
           OR l.returned <> COALESCE((SELECT SUM(m.delta) FROM movements m \
             WHERE m.reservation_id = l.reservation_id AND m.sku = l.sku AND m.kind = 'restock'), 0)",
    ),
    (
        "inventory",
        "what is written off is gone",
        "SELECT hex(l.reservation_id) || ' ' || l.sku FROM ( \
           SELECT DISTINCT reservation_id, sku FROM reservation_lines) l \
         WHERE COALESCE((SELECT -SUM(p.quantity) FROM return_lines p JOIN returns b ON b.id = p.return_id \
             WHERE b.reservation_id = l.reservation_id AND p.sku = l.sku AND b.restocked = 0), 0) \
           <> COALESCE((SELECT SUM(m.delta) FROM movements m \
             WHERE m.reservation_id = l.reservation_id AND m.sku = l.sku AND m.kind = 'write_off'), 0)",
    ),
];

/// A return as orders has it.
struct Back {
    order: Uuid,
    status: String,
    restock: bool,
    refunded: i64,
    pieces: i64,
    /// What is given back for it at least where no desk named an amount: its goods, up to a minor unit for
    /// each piece, as far as there was money left.
    least: i64,
}

/// Checks what came back, and what was told of it.
pub fn check(world: &World, purchases: &[Purchase]) {
    orders_and_inventory(world);
    worth(world);
    promises(world, purchases);
}

/// What orders has received is what inventory took back, piece by piece, to be sold again or not.
fn orders_and_inventory(world: &World) {
    let received = rows(
        &world.host("orders").look,
        "SELECT b.id, b.order_id, l.sku, SUM(p.quantity), b.restock FROM returns b \
         JOIN return_lines p ON p.return_id = b.id \
         JOIN order_lines l ON l.order_id = b.order_id AND l.line_no = p.line_no \
         WHERE b.status = 'received' GROUP BY b.id, b.order_id, l.sku, b.restock",
        |row| {
            let (id, order): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
            Ok((id, order, row.get::<String>(2)?, row.get::<i64>(3)?, row.get::<i64>(4)?))
        },
    );
    let taken = rows(
        &world.host("inventory").look,
        "SELECT b.id, b.reservation_id, p.sku, SUM(p.quantity), b.restocked FROM returns b \
         JOIN return_lines p ON p.return_id = b.id \
         GROUP BY b.id, b.reservation_id, p.sku, b.restocked",
        |row| {
            let (id, order): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
            Ok((id, order, row.get::<String>(2)?, row.get::<i64>(3)?, row.get::<i64>(4)?))
        },
    );
    let (received, taken): (BTreeSet<_>, BTreeSet<_>) =
        (received.into_iter().collect(), taken.into_iter().collect());
    for different in received.symmetric_difference(&taken) {
        let where_from = if received.contains(different) { "orders" } else { "inventory" };
        let detail = format!("{different:?} by {where_from} alone");
        world.violated("orders and inventory agree on what came back", detail);
    }
}

/// For what came back of an order no more is given than it cost, with the shipping once all of it is back.
fn worth(world: &World) {
    let orders = rows(
        &world.host("orders").look,
        "SELECT o.id, \
           (SELECT SUM((2 * (l.total + l.tax * (1 - o.prices_include_tax)) * back.pieces + l.quantity) \
              / (2 * l.quantity)) \
            FROM order_lines l JOIN (SELECT b.order_id, p.line_no, SUM(p.quantity) AS pieces \
              FROM return_lines p JOIN returns b ON b.id = p.return_id AND b.status = 'received' \
              GROUP BY b.order_id, p.line_no) back \
            ON back.order_id = l.order_id AND back.line_no = l.line_no WHERE l.order_id = o.id), \
           CASE WHEN EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id \
             AND l.fulfilment <> 'digital' AND l.quantity > COALESCE((SELECT SUM(p.quantity) \
               FROM return_lines p JOIN returns b ON b.id = p.return_id AND b.status = 'received' \
               WHERE b.order_id = l.order_id AND p.line_no = l.line_no), 0)) THEN 0 \
             ELSE o.total - (SELECT SUM(l.total + l.tax * (1 - o.prices_include_tax)) \
               FROM order_lines l WHERE l.order_id = o.id) END, \
           SUM(r.amount) \
         FROM orders o JOIN refunds r ON r.order_id = o.id AND r.status = 'succeeded' \
         WHERE r.id IN (SELECT refund_id FROM returns) GROUP BY o.id",
        |row| {
            let (goods, shipping): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok((row.get::<Uuid>(0)?, goods, shipping, row.get::<i64>(3)?))
        },
    );
    for (order, goods, shipping, given) in orders {
        if given > goods + shipping {
            let detail =
                format!("{order}: {given} for {goods} of goods and {shipping} of shipping");
            world.violated("what comes back is worth no more than it cost", detail);
        }
    }
}

/// What customers and desks were told of parcels, refunds and returns is so, and nothing came about that nobody
/// asked for.
fn promises(world: &World, purchases: &[Purchase]) {
    let returns = returns(world);
    let parcels = rows(&world.host("orders").look, "SELECT id, order_id FROM shipments", |row| {
        Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?))
    });
    let refunds = rows(
        &world.host("orders").look,
        "SELECT id, order_id FROM refunds WHERE reason = 'a scratch'",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?)),
    );
    let parcels: BTreeMap<Uuid, Uuid> = parcels.into_iter().collect();
    for purchase in purchases {
        let Some(order) = purchase.order.as_deref() else { continue };
        let Ok(order) = order.parse::<techtrove_orders_api::OrderId>() else { continue };
        let order = order.uuid();
        for parcel in &purchase.parcels {
            let known = parcel.parse::<ShipmentId>().ok().and_then(|id| parcels.get(&id.uuid()));
            if known != Some(&order) {
                world.violated("a parcel that was told of is there", format!("{order}: {parcel}"));
            }
        }
        let given = refunds.iter().filter(|(_, of)| *of == order).count();
        let sent = returns.values().filter(|back| back.order == order).count();
        if given > purchase.refunds_asked || sent > purchase.returns_asked {
            let detail = format!("{order}: {given} refunds, {sent} returns; told {purchase:?}");
            world.violated("nothing comes about that nobody asked for", detail);
        }
        for told in &purchase.returns {
            let stored = told.id.parse::<ReturnId>().ok().and_then(|id| returns.get(&id.uuid()));
            let is_so = stored.is_some_and(|back| back.order == order && back.is_as(told));
            if !is_so {
                let what = stored.map(|back| (&back.status, back.restock, back.refunded));
                let detail = format!("{what:?}, told {told:?}");
                world.violated("a return is as it was told", detail);
            }
        }
    }
}

fn returns(world: &World) -> BTreeMap<Uuid, Back> {
    let returns = rows(
        &world.host("orders").look,
        "SELECT b.id, b.order_id, b.status, COALESCE(b.restock, 0), COALESCE(r.amount, 0), \
           SUM(p.quantity), \
           MIN(SUM((l.total + l.tax * (1 - o.prices_include_tax)) * p.quantity / l.quantity), \
             o.captured - COALESCE((SELECT SUM(x.amount) FROM refunds x \
               WHERE x.order_id = o.id AND x.id IS NOT b.refund_id), 0)) - SUM(p.quantity) \
         FROM returns b LEFT JOIN refunds r ON r.id = b.refund_id \
         JOIN orders o ON o.id = b.order_id JOIN return_lines p ON p.return_id = b.id \
         JOIN order_lines l ON l.order_id = b.order_id AND l.line_no = p.line_no GROUP BY b.id",
        |row| {
            let (id, order, status) = (row.get::<Uuid>(0)?, row.get(1)?, row.get(2)?);
            let (restock, refunded) = (row.get::<i64>(3)? != 0, row.get(4)?);
            let (pieces, least) = (row.get(5)?, row.get(6)?);
            Ok((id, Back { order, status, restock, refunded, pieces, least }))
        },
    );
    returns.into_iter().collect()
}

impl Back {
    fn is_as(&self, told: &SentBack) -> bool {
        let received = |receipt: &Receipt| {
            self.status == "received"
                && self.restock == receipt.restock
                && self.refunded == receipt.given
                && match receipt.asked {
                    Some(asked) => receipt.given == asked,
                    None => receipt.given >= self.least,
                }
        };
        self.pieces == told.pieces
            && (told.decided || !["approved", "received"].contains(&self.status.as_str()))
            && (!told.approved || ["approved", "received"].contains(&self.status.as_str()))
            && (!told.rejected || self.status == "rejected")
            && told.receipts.iter().all(received)
    }
}

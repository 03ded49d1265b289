//! What is watched after each commit: that no book is out of order even for a moment, and from where to
//! where orders, payments, reservations and charges go, which is how the edges of the sagas are counted.

use std::collections::BTreeMap;

use techtrove_db::Db;

use super::{
    moves::{self, Move},
    reviews,
    rows::{none, rows},
};
use crate::world::World;

/// How things stood after the last commit.
#[derive(Debug, Default)]
pub struct Watch {
    stood: BTreeMap<(&'static str, String), String>,
}

/// What never changes once it is there: host, invariant, and what it is of each.
const FIXED: [(&str, &str, &str); 4] = [
    (
        "orders",
        "what was agreed stays",
        "SELECT hex(order_id) || line_no, sku || quantity || ' at ' || unit_price || ', ' || total \
           || ', ' || tax FROM order_lines",
    ),
    (
        "orders",
        "what an order costs stays",
        "SELECT hex(id), total || ', payment ' || hex(payment_id) FROM orders",
    ),
    (
        "orders",
        "what is on its way is edited no more",
        "SELECT hex(s.id), 'version ' || o.version FROM shipments s JOIN orders o ON o.id = s.order_id \
         WHERE s.carrier <> 'digital' AND s.status <> 'withdrawn'",
    ),
    (
        "orders",
        "a buyer's time has one end",
        "SELECT hex(order_id), CAST(deadline AS TEXT) FROM sagas WHERE deadline IS NOT NULL",
    ),
];

/// What is watched of a host's database: the kind of thing, and how each stands.
const EDGES: [(&str, &str, &str); 9] = [
    (
        "orders",
        "saga",
        "SELECT hex(o.id), COALESCE(s.step, 'settled') FROM orders o \
         LEFT JOIN sagas s ON s.order_id = o.id",
    ),
    ("orders", "order", "SELECT hex(id), status FROM orders"),
    (
        "orders",
        "return",
        "SELECT hex(id), CASE status WHEN 'received' THEN booking ELSE status END FROM returns",
    ),
    ("orders", "refund", "SELECT hex(id), status FROM refunds"),
    ("orders", "parcel", "SELECT hex(id), status FROM shipments"),
    (
        "payments",
        "payment",
        "SELECT hex(id), CASE WHEN customer_action = 'required' AND status = 'unknown' \
           THEN 'requires_action' ELSE status END FROM payments",
    ),
    (
        "payments",
        "operation",
        "SELECT hex(payment_id) || number, kind || ' ' || state FROM operations",
    ),
    ("inventory", "reservation", "SELECT hex(id) || attempt, state FROM reservations"),
    ("sandbox", "charge", "SELECT charge_key, status FROM charges"),
];

/// The numbers of each SKU's stock: a refusal is judged by stock that nobody changed in the same commit.
const STOCK: (&str, &str, &str) = (
    "inventory",
    moves::STOCK,
    "SELECT sku, version || ' ' || on_hand || ' ' || held || ' ' || committed FROM stock",
);

/// What no commit may leave: host, invariant, and the rows that break it.
const ALWAYS: [(&str, &str, &str); 12] = [
    (
        "payments",
        "a payment stands as its money says",
        "SELECT hex(id) || ' ' || status FROM payments \
         WHERE NOT CASE status WHEN 'captured' THEN captured = amount AND refunded = 0 \
           WHEN 'partially_refunded' THEN refunded BETWEEN 1 AND captured - 1 \
           WHEN 'refunded' THEN refunded = captured AND captured > 0 \
           ELSE captured = 0 AND refunded = 0 END",
    ),
    (
        "orders",
        "an order's payment stands as its money says",
        "SELECT hex(id) || ' ' || payment_status FROM orders \
         WHERE NOT CASE payment_status WHEN 'captured' THEN captured = total AND refunded = 0 \
           WHEN 'partially_refunded' THEN refunded BETWEEN 1 AND captured - 1 \
           WHEN 'refunded' THEN refunded = captured AND captured > 0 \
           ELSE captured = 0 AND refunded = 0 END",
    ),
    (
        "inventory",
        "stock is its movements",
        "SELECT sku || ' has ' || on_hand FROM stock s WHERE on_hand <> COALESCE( \
           (SELECT SUM(delta) FROM movements m WHERE m.sku = s.sku AND m.location = s.location), 0)",
    ),
    (
        "inventory",
        "movements go from count to count",
        "SELECT sku || ' at ' || count FROM ( \
           SELECT sku, on_hand_after AS count, 1 AS step FROM movements \
           UNION ALL SELECT sku, on_hand_after - delta, -1 FROM movements \
           UNION ALL SELECT sku, on_hand, -1 FROM stock UNION ALL SELECT sku, 0, 1 FROM stock) \
         GROUP BY sku, count HAVING SUM(step) <> 0",
    ),
    (
        "inventory",
        "never oversold",
        "SELECT sku || ' ' || held || ' + ' || committed || ' of ' || on_hand FROM stock \
         WHERE held < 0 OR committed < 0 OR held + committed > on_hand",
    ),
    (
        "inventory",
        "what is told of stock is so",
        "SELECT sku || ' is ' || availability FROM stock WHERE availability <> CASE \
           WHEN on_hand <= held + committed THEN 'out_of_stock' \
           WHEN on_hand - held - committed <= low_stock_threshold THEN 'low_stock' ELSE 'in_stock' END",
    ),
    (
        "inventory",
        "what is set aside is reserved",
        "SELECT sku || ' ' || held || ' held, ' || committed || ' committed' FROM stock s WHERE \
           held <> COALESCE((SELECT SUM(l.quantity) FROM reservation_lines l \
             JOIN reservations r ON r.id = l.reservation_id AND r.attempt = l.attempt \
             WHERE l.sku = s.sku AND l.location = s.location AND r.state = 'held'), 0) \
           OR committed <> COALESCE((SELECT SUM(l.quantity - l.shipped) FROM reservation_lines l \
             JOIN reservations r ON r.id = l.reservation_id AND r.attempt = l.attempt \
             WHERE l.sku = s.sku AND l.location = s.location AND r.state IN ('committed', 'shipped')), 0)",
    ),
    (
        "payments",
        "the ledger sums to zero",
        "SELECT hex(payment_id) || ' ' || operation || ' by ' || SUM(amount) FROM ledger_entries \
         GROUP BY payment_id, operation HAVING SUM(amount) <> 0",
    ),
    (
        "payments",
        "no more is asked back than was taken",
        "SELECT hex(p.id) FROM payments p JOIN operations o ON o.payment_id = p.id \
           AND o.kind = 'refund' AND o.state <> 'refused' GROUP BY p.id HAVING SUM(o.amount) > p.captured",
    ),
    (
        "orders",
        "one live order of a cart",
        "SELECT hex(cart_id) FROM orders WHERE cart_id IS NOT NULL AND refused = 0 \
           AND status NOT IN ('cancelled', 'payment_failed') GROUP BY cart_id HAVING COUNT(*) > 1",
    ),
    (
        "orders",
        "no more comes back than left, each piece once",
        "SELECT hex(l.order_id) || ' line ' || l.line_no FROM order_lines l \
         LEFT JOIN (SELECT b.order_id, p.line_no, SUM(p.quantity) AS pieces FROM return_lines p \
           JOIN returns b ON b.id = p.return_id AND b.status <> 'rejected' \
           GROUP BY b.order_id, p.line_no) back \
         ON back.order_id = l.order_id AND back.line_no = l.line_no \
         WHERE COALESCE(back.pieces, 0) > l.shipped OR COALESCE(back.pieces, 0) <> l.returned",
    ),
    (
        "orders",
        "refunds within what was captured",
        "SELECT hex(o.id) FROM orders o JOIN refunds r ON r.order_id = o.id AND r.status <> 'failed' \
         GROUP BY o.id HAVING SUM(r.amount) > o.captured",
    ),
];

impl Watch {
    /// Looks at the database of `host` after a commit.
    pub fn look(&mut self, world: &World, host: &str, db: &Db) {
        let mut moves = Vec::new();
        for (_, kind, sql) in EDGES.into_iter().chain([STOCK]).filter(|(of, _, _)| *of == host) {
            let pair = rows(db, sql, |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)));
            for (id, stands) in pair {
                let stood = self.stood.insert((kind, id.clone()), stands.clone());
                if stood.as_deref() != Some(&stands) {
                    let from = stood.unwrap_or_else(|| "nothing".to_owned());
                    if kind != moves::STOCK {
                        world.reach(format!("edge {kind} {from} > {stands}"));
                    }
                    moves.push(Move { kind, id, from, to: stands });
                }
            }
        }
        moves::check(world, &moves);
        for (_, invariant, sql) in FIXED.into_iter().filter(|(of, _, _)| *of == host) {
            let pair = rows(db, sql, |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)));
            for (id, stands) in pair {
                let stood = self.stood.entry((invariant, id.clone())).or_insert(stands.clone());
                if *stood != stands {
                    world.violated(invariant, format!("{id}: {stood}, then {stands}"));
                }
            }
        }
        let always = ALWAYS.into_iter().chain(reviews::ALWAYS);
        for (_, invariant, sql) in always.filter(|(of, _, _)| *of == host) {
            none(world, db, invariant, sql);
        }
    }
}

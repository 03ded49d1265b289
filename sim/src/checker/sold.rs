//! What was sold: that it is what was wanted, at the price on the shelf, with the licence keys that belong to
//! it, and that whoever hears of a sale counts it once.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::TypedId as _;
use techtrove_orders_api::OrderId;
use uuid::Uuid;

use super::rows::{rows, values};
use crate::{
    customers::{IMPORTED, Memory, Priced, Purchase},
    world::World,
};

/// What must be empty in the end: host, invariant, and the rows that break it.
pub const EMPTY: [(&str, &str, &str); 9] = [
    (
        "orders",
        "an order is of its cart",
        "SELECT hex(o.id) FROM orders o JOIN carts c ON c.order_id = o.id AND c.status = 'completed' \
         WHERE EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.quantity IS NOT ( \
             SELECT i.quantity FROM cart_items i WHERE i.cart_id = c.id AND i.sku = l.sku)) \
           OR EXISTS (SELECT 1 FROM cart_items i WHERE i.cart_id = c.id AND i.sku NOT IN ( \
             SELECT l.sku FROM order_lines l WHERE l.order_id = o.id))",
    ),
    (
        "catalog",
        "an import takes each of its lines",
        "SELECT hex(id) || ' ' || error_count FROM import_jobs WHERE status = 'done' \
           AND (error_count > 0 OR done <> total)",
    ),
    (
        "inventory",
        "an import counts once",
        "SELECT sku || ' to ' || on_hand_after FROM movements WHERE reason = 'import' \
         GROUP BY sku, on_hand_after HAVING COUNT(*) > 1",
    ),
    (
        "orders",
        "a total is the sum of its parts",
        "SELECT hex(o.id) FROM orders o WHERE \
           o.subtotal <> (SELECT SUM(l.total) FROM order_lines l WHERE l.order_id = o.id) \
           OR o.total <> o.subtotal - o.discount + o.shipping + o.tax * (1 - o.prices_include_tax)",
    ),
    (
        "orders",
        "a line costs its pieces",
        "SELECT hex(order_id) || ' ' || sku FROM order_lines WHERE total <> unit_price * quantity",
    ),
    (
        "orders",
        "nothing is both shipped and cancelled",
        "SELECT hex(o.id) || ' is ' || o.status FROM orders o \
         WHERE o.status IN ('pending', 'payment_failed', 'cancelled') AND EXISTS (SELECT 1 \
           FROM order_lines l WHERE l.order_id = o.id AND l.shipped > 0)",
    ),
    (
        "orders",
        "no parcel is left behind",
        "SELECT hex(order_id) || ' ' || carrier FROM shipments WHERE status = 'preparing'",
    ),
    (
        "inventory",
        "what is sold as keys has its keys, seen once they left",
        "SELECT hex(l.reservation_id) || ' ' || l.sku FROM reservation_lines l \
         JOIN stock s ON s.sku = l.sku AND s.keyed = 1 \
         JOIN reservations r ON r.id = l.reservation_id AND r.attempt = l.attempt \
         LEFT JOIN licence_keys k ON k.sku = l.sku AND k.reservation_id = l.reservation_id \
           AND k.attempt = l.attempt \
         GROUP BY l.reservation_id, l.attempt, l.sku \
         HAVING COUNT(k.id) <> CASE WHEN r.state IN ('committed', 'shipped') THEN l.quantity ELSE 0 END \
           OR COUNT(k.revealed_at) <> l.shipped",
    ),
    (
        "inventory",
        "as many keys nobody has seen as there are pieces",
        "SELECT s.sku || ' ' || s.on_hand FROM stock s WHERE s.keyed = 1 AND s.on_hand <> ( \
           SELECT COUNT(*) FROM licence_keys k WHERE k.sku = s.sku AND k.revealed_at IS NULL)",
    ),
];

/// Checks what was sold against what was wanted, and who was told of it.
pub fn check(world: &World, memory: &Memory) {
    let (purchases, prices) = (&memory.all(), &memory.prices());
    wishes(world, purchases);
    paid(world, purchases, prices);
    imported(world, prices, &memory.imports());
    shown(world, purchases);
    heard(world);
    seen(world);
}

/// Who bought gets what they wanted, at the price on the shelf, and what they said later.
fn wishes(world: &World, purchases: &[Purchase]) {
    let lines = rows(
        &world.host("orders").look,
        "SELECT COALESCE(o.email, ''), o.id, l.sku, l.quantity FROM orders o \
         JOIN order_lines l ON l.order_id = o.id",
        |row| {
            let (email, order, sku): (String, Uuid, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((email, order, sku, row.get::<i64>(3)?))
        },
    );
    let mut sold = BTreeMap::<(String, Uuid), BTreeMap<String, i64>>::new();
    for (email, order, sku, quantity) in lines {
        *sold.entry((email, order)).or_default().entry(sku).or_default() += quantity;
    }
    let wanted: BTreeMap<_, _> =
        purchases.iter().map(|purchase| (&purchase.email, &purchase.wanted)).collect();
    for ((email, order), pieces) in &sold {
        if let Some(Some(wanted)) = wanted.get(email)
            && wanted != pieces
        {
            let detail = format!("{order} has {pieces:?} of {wanted:?}");
            world.violated("an order is of what was wanted", detail);
        }
    }
    let notes = rows(
        &world.host("orders").look,
        "SELECT COALESCE(email, '') FROM orders WHERE note = 'ring twice'",
        |row| row.get::<String>(0),
    );
    for purchase in purchases.iter().filter(|purchase| purchase.edited) {
        if !notes.contains(&purchase.email) {
            world.violated("what was edited is edited", purchase.email.clone());
        }
    }
}

/// Nobody pays what was never on the shelf, nor what was gone before they asked.
fn paid(world: &World, purchases: &[Purchase], prices: &[Priced]) {
    let lines = rows(
        &world.host("orders").look,
        "SELECT COALESCE(o.email, ''), o.id, l.sku, l.unit_price FROM orders o \
         JOIN order_lines l ON l.order_id = o.id",
        |row| {
            let (email, order): (String, Uuid) = (row.get(0)?, row.get(1)?);
            Ok((email, order, row.get::<String>(2)?, row.get::<i64>(3)?))
        },
    );
    let asked: BTreeMap<_, _> =
        purchases.iter().map(|purchase| (&purchase.email, purchase.asked)).collect();
    for (email, order, sku, price) in lines {
        let of_sku: Vec<&Priced> = prices.iter().filter(|known| known.sku == sku).collect();
        let asked = asked.get(&email).copied().flatten();
        // The first of those that may be the price: the last that was certain before the buyer asked.
        let first = of_sku
            .iter()
            .rposition(|known| known.since.zip(asked).is_some_and(|(since, asked)| since <= asked));
        let mut possible = of_sku.iter().skip(first.unwrap_or(0));
        if !possible.any(|known| known.price == price) {
            let detail = format!("{order}: {sku} at {price} of {of_sku:?}, asked at {asked:?}");
            world.violated("a price is that on the shelf", detail);
        }
    }
}

/// As many imports are done as were taken, and where one was, the price is one of theirs.
fn imported(world: &World, prices: &[Priced], taken: &[Vec<i64>]) {
    let sql = "SELECT COUNT(*) FROM import_jobs WHERE status = 'done'";
    let done = values::<i64>(&world.host("catalog").look, sql).first().copied().unwrap_or(0);
    if usize::try_from(done).is_ok_and(|done| done < taken.len()) {
        let detail = format!("{done} of {}", taken.len());
        world.violated("an import that was taken is made", detail);
    }
    let counted = values::<i64>(
        &world.host("inventory").look,
        "SELECT on_hand_after FROM movements WHERE reason = 'import'",
    );
    for count in taken.iter().flatten().filter(|count| !counted.contains(count)) {
        world.violated("an import that was taken is made", format!("nobody counts {count}"));
    }
    let found = rows(&world.host("catalog").look, "SELECT sku, price FROM variants", |row| {
        Ok((row.get::<String>(0)?, row.get::<i64>(1)?))
    });
    // The first price is that of the opening.
    let of_import: Vec<&Priced> = prices.iter().filter(|it| it.sku == IMPORTED).skip(1).collect();
    for (sku, price) in found.iter().filter(|(sku, _)| sku == IMPORTED && !taken.is_empty()) {
        if of_import.iter().all(|known| known.price != *price) {
            let detail = format!("{sku} at {price} of {of_import:?}");
            world.violated("an import that was taken is made", detail);
        }
    }
}

/// Licence keys that a buyer was shown are theirs, and were let go.
fn shown(world: &World, purchases: &[Purchase]) {
    let gone = rows(
        &world.host("inventory").look,
        "SELECT reservation_id, sku, licence FROM licence_keys WHERE revealed_at IS NOT NULL",
        |row| {
            let (order, sku) = (row.get::<Uuid>(0)?, row.get::<String>(1)?);
            Ok((order, (sku, row.get::<String>(2)?)))
        },
    );
    for purchase in purchases {
        let order = purchase.order.as_deref().and_then(|order| order.parse::<OrderId>().ok());
        let Some(order) = order.map(|order| order.uuid()) else { continue };
        for key in &purchase.keys {
            if !gone.iter().any(|(of, gone)| *of == order && gone == key) {
                world.violated("a key that was shown is its buyer's", format!("{order}: {key:?}"));
            }
        }
    }
}

/// What the catalogue shows of stock is so.
fn seen(world: &World) {
    let stock = rows(
        &world.host("inventory").look,
        "SELECT sku, CASE WHEN on_hand <= held + committed THEN 0 \
           WHEN on_hand - held - committed <= low_stock_threshold THEN 1 ELSE 2 END FROM stock",
        |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)),
    );
    let shown =
        rows(&world.host("catalog").look, "SELECT sku, availability FROM availability", |row| {
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?))
        });
    let shown: BTreeMap<String, i64> = shown.into_iter().collect();
    for (sku, class) in stock {
        if shown.get(&sku) != Some(&class) {
            let detail = format!("{sku}: {:?} of {class}", shown.get(&sku));
            world.violated("the catalogue shows what there is", detail);
        }
    }
}

/// Each sale is counted once for its products, and makes its buyer one who bought them.
fn heard(world: &World) {
    let confirmed = rows(
        &world.host("orders").look,
        "SELECT l.product_id, o.user_id, l.quantity FROM orders o \
         JOIN order_lines l ON l.order_id = o.id \
         WHERE o.id IN (SELECT order_id FROM order_history WHERE status = 'confirmed')",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<Option<Uuid>>(1)?, row.get::<i64>(2)?)),
    );
    let mut sold = BTreeMap::<Uuid, i64>::new();
    let mut bought = BTreeSet::new();
    for (product, user, quantity) in confirmed {
        *sold.entry(product).or_default() += quantity;
        bought.extend(user.map(|user| (user, product)));
    }
    let counted = rows(
        &world.host("catalog").look,
        "SELECT p.id, p.sold + COALESCE((SELECT SUM(s.pieces) FROM sales s \
           WHERE s.product_id = p.id), 0) FROM products p",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?)),
    );
    for (product, count) in counted {
        let sold = sold.get(&product).copied().unwrap_or(0);
        if sold != count {
            world.violated("each sale is counted once", format!("{product}: {count} of {sold}"));
        }
    }
    let known =
        rows(&world.host("community").look, "SELECT user_id, product_id FROM purchases", |row| {
            Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?))
        });
    for (user, product) in bought.symmetric_difference(&known.into_iter().collect()) {
        let detail = format!("{user}: {product}");
        world.violated("who bought is known to have, and nobody else", detail);
    }
}

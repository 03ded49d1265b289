//! What was agreed with a buyer when they bought: taxes and shipping of where it goes, and who gets the bill.

use std::collections::BTreeMap;

use super::rows::rows;
use crate::{customers::Purchase, world::World};

/// Each order that there is with where it is taxed: where its goods go, or, where nothing travels, where the bill
/// goes; and the rate there, in hundredths of a percent.
macro_rules! taxed {
    () => {
        "(SELECT *, CASE json_extract(place, '$.country') WHEN 'DE' THEN 1900 WHEN 'US' THEN \
             CASE json_extract(place, '$.region') WHEN 'CA' THEN 725 ELSE 0 END ELSE 0 END AS rate \
           FROM (SELECT o.id, o.shipping, o.tax - l.tax AS shipping_tax, l.travels, \
             o.prices_include_tax AS within, json_extract(o.shipping_address, '$.country') AS country, \
             CASE WHEN l.travels THEN o.shipping_address \
               ELSE COALESCE(o.billing_address, o.shipping_address) END AS place \
           FROM orders o JOIN (SELECT order_id, SUM(tax) AS tax, MAX(fulfilment <> 'digital') AS travels \
             FROM order_lines GROUP BY order_id) l ON l.order_id = o.id WHERE o.refused = 0))"
    };
}

/// The tax on something, half up.
macro_rules! tax_on {
    ($price:literal) => {
        concat!(
            "CASE WHEN o.within = 1 THEN (2 * ",
            $price,
            " * o.rate + 10000 + o.rate) / (2 * (10000 + o.rate)) ELSE (2 * ",
            $price,
            " * o.rate + 10000) / 20000 END"
        )
    };
}

/// What must be empty in the end: host, invariant, and the rows that break it.
pub const EMPTY: [(&str, &str, &str); 2] = [
    (
        "orders",
        "goods are taxed where they go",
        concat!(
            "SELECT hex(l.order_id) || ' ' || l.sku || ' by ' || l.tax FROM order_lines l JOIN ",
            taxed!(),
            " o ON o.id = l.order_id WHERE l.tax <> ",
            tax_on!("l.total")
        ),
    ),
    (
        "orders",
        "shipping costs what it costs, with its tax, and nothing where nothing travels",
        concat!(
            "SELECT hex(o.id) || ' ' || o.shipping FROM ",
            taxed!(),
            " o WHERE o.shipping <> o.travels * CASE o.country WHEN 'DE' THEN 1500 ELSE 500 END \
             OR o.shipping_tax <> ",
            tax_on!("o.shipping")
        ),
    ),
];

/// Checks whom the bills go to.
pub fn check(world: &World, purchases: &[Purchase]) {
    let bills = rows(
        &world.host("orders").look,
        "SELECT COALESCE(email, ''), json_extract(billing_address, '$.country') FROM orders \
         WHERE refused = 0",
        |row| Ok((row.get::<String>(0)?, row.get::<Option<String>>(1)?)),
    );
    let told: BTreeMap<&str, Option<&str>> =
        purchases.iter().map(|purchase| (&*purchase.email, purchase.billed)).collect();
    for (email, bill) in bills {
        if told.get(&*email).is_some_and(|told| *told != bill.as_deref()) {
            world.violated("a bill goes where it was to go", format!("{email}: {bill:?}"));
        }
    }
}

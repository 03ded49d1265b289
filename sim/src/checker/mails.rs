//! Mails: whom they go to, and that they tell what they are of. How many there are of each station of an order
//! stands in [`super::books`].

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::rows::rows;
use crate::world::World;

/// Checks whom mails go to, and what they tell.
pub fn check(world: &World) {
    addressees(world);
    totals(world);
    amounts(world);
    parcels(world);
    keys(world);
}

/// A mail goes to whom its order is for.
fn addressees(world: &World) {
    let contacts =
        rows(&world.host("orders").look, "SELECT id, COALESCE(email, '') FROM orders", |row| {
            Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?))
        });
    let contacts: BTreeMap<Uuid, String> = contacts.into_iter().collect();
    let mails =
        rows(&world.host("notifications").look, "SELECT subject_id, recipient FROM mails", |row| {
            Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?))
        });
    for (order, recipient) in mails {
        if contacts.get(&order) != Some(&recipient) {
            world.violated("a mail goes to its order's buyer", format!("{order}: {recipient}"));
        }
    }
}

/// A confirmation tells the order's total.
fn totals(world: &World) {
    let totals = rows(&world.host("orders").look, "SELECT id, total FROM orders", |row| {
        Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?))
    });
    let totals: BTreeMap<Uuid, i64> = totals.into_iter().collect();
    let told = rows(
        &world.host("notifications").look,
        "SELECT m.subject_id, COALESCE(json_extract(l.letter, '$.matter.order[1].totals.total.amount'), -1) \
         FROM mails m JOIN letters l ON l.mail_id = m.id WHERE m.template = 'order_confirmed'",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?)),
    );
    for (order, total) in told.into_iter().filter(|(id, total)| totals.get(id) != Some(total)) {
        world.violated("a mail tells what it is of", format!("{order}: a total of {total}"));
    }
}

/// Each refund has a mail that tells its amount.
fn amounts(world: &World) {
    let given = rows(
        &world.host("orders").look,
        "SELECT order_id, amount FROM refunds WHERE status = 'succeeded'",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?)),
    );
    let mut told = rows(
        &world.host("notifications").look,
        "SELECT m.subject_id, COALESCE(json_extract(l.letter, '$.matter.order[1].refund.amount'), -1) \
         FROM mails m JOIN letters l ON l.mail_id = m.id WHERE m.template = 'order_refunded'",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?)),
    );
    for refund in given {
        match told.iter().position(|mail| *mail == refund) {
            Some(found) => drop(told.swap_remove(found)),
            None => {
                let (order, amount) = refund;
                let detail = format!("{order}: no refund of {amount}");
                world.violated("a mail tells what it is of", detail);
            }
        }
    }
}

/// Each parcel that left has a mail that tells who carries it and what is in it.
fn parcels(world: &World) {
    let sent = rows(
        &world.host("orders").look,
        "SELECT s.id, s.order_id, s.carrier, l.sku, p.quantity FROM shipments s \
         JOIN shipment_lines p ON p.shipment_id = s.id \
         JOIN order_lines l ON l.order_id = s.order_id AND l.line_no = p.line_no \
         WHERE s.status = 'shipped' AND s.carrier <> 'digital'",
        |row| {
            let (id, order): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
            Ok((id, order, row.get::<String>(2)?, row.get::<String>(3)?, row.get::<i64>(4)?))
        },
    );
    let mut parcels = BTreeMap::<Uuid, (Uuid, String, BTreeMap<String, i64>)>::new();
    for (id, order, carrier, sku, quantity) in sent {
        let (_, _, pieces) = parcels.entry(id).or_insert((order, carrier, BTreeMap::new()));
        *pieces.entry(sku).or_default() += quantity;
    }
    let mails = rows(
        &world.host("notifications").look,
        "SELECT m.subject_id, COALESCE(json_extract(l.letter, '$.matter.order[1].parcel'), '') \
         FROM mails m JOIN letters l ON l.mail_id = m.id WHERE m.template = 'order_shipped'",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?)),
    );
    let mut told: Vec<_> =
        mails.iter().map(|(order, parcel)| told_parcel(*order, parcel)).collect();
    for parcel in parcels.into_values() {
        match told.iter().position(|mail| *mail == parcel) {
            Some(found) => drop(told.swap_remove(found)),
            None => world.violated("a mail tells what it is of", format!("no mail of {parcel:?}")),
        }
    }
}

/// The order, carrier and pieces of a parcel, as its mail has them.
fn told_parcel(order: Uuid, parcel: &str) -> (Uuid, String, BTreeMap<String, i64>) {
    let parcel: Value = serde_json::from_str(parcel).unwrap_or_default();
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let mut pieces = BTreeMap::new();
    for line in parcel["lines"].as_array().into_iter().flatten() {
        *pieces.entry(text(line, "sku")).or_default() += line["quantity"].as_i64().unwrap_or(0);
    }
    (order, text(&parcel, "carrier"), pieces)
}

/// Whoever bought licence keys has them by mail once they left.
fn keys(world: &World) {
    let gone = rows(
        &world.host("inventory").look,
        "SELECT reservation_id, licence FROM licence_keys WHERE revealed_at IS NOT NULL",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?)),
    );
    let told = rows(
        &world.host("notifications").look,
        "SELECT m.subject_id, COALESCE(json_extract(l.letter, '$.matter.order[1].licence_keys'), '') \
         FROM mails m JOIN letters l ON l.mail_id = m.id WHERE m.template = 'licence_keys'",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<String>(1)?)),
    );
    for (order, key) in gone {
        let quoted = format!("\"{key}\"");
        if !told.iter().any(|(of, keys)| *of == order && keys.contains(&quoted)) {
            world.violated("a mail tells what it is of", format!("{order}: no {key}"));
        }
    }
}

//! Waiting, in fair weather, until nothing is left to do. What takes longer than its recovery may take
//! has been forgotten.

use std::time::Duration;

use super::rows::{none, values};
use crate::{plan::Plan, wiring::PATIENCE, world::World};

/// How long it may take: whoever waits for a buyer or an unknown payment first runs out of patience, what
/// failed often is asked again after a minute at most, and so is money that a bank did not give back.
const RECOVERY: Duration = PATIENCE.saturating_add(Duration::from_secs(155));

/// What is not settled: host, invariant, and the rows that are left.
const UNSETTLED: [(&str, &str, &str); 7] = [
    (
        "catalog",
        "every import comes to its end",
        "SELECT hex(id) || ' is ' || status FROM import_jobs WHERE status IN ('queued', 'running')",
    ),
    (
        "orders",
        "every order comes to its end",
        "SELECT hex(o.id) || ' is ' || o.status || ' at ' || s.step FROM sagas s \
         JOIN orders o ON o.id = s.order_id",
    ),
    ("orders", "no order stays pending", "SELECT hex(id) FROM orders WHERE status = 'pending'"),
    (
        "payments",
        "every operation comes to its end",
        "SELECT hex(payment_id) || ' ' || kind FROM operations WHERE state = 'open'",
    ),
    (
        "inventory",
        "no hold is left",
        "SELECT hex(id) || ' attempt ' || attempt FROM reservations WHERE state = 'held'",
    ),
    ("sandbox", "every webhook is taken", "SELECT charge_key || ' ' || event FROM webhooks"),
    ("*", "every event is published", "SELECT kind FROM outbox WHERE published_at IS NULL"),
];

/// Refunds that are to be looked at again, which is nothing that anybody waits for.
const LOOKS: &str = "SELECT hex(r.id) FROM refunds r JOIN operations o ON o.payment_id = r.payment_id \
     AND o.number = r.operation AND o.state = 'done' WHERE r.look_at IS NOT NULL";

/// Those hosts whose database has an outbox.
const WITH_OUTBOX: [&str; 6] =
    ["identity", "inventory", "catalog", "community", "payments", "orders"];

fn places(world: &World) -> impl Iterator<Item = (techtrove_db::Db, &'static str, &'static str)> {
    let deaf = Plan::of(world.seed).deaf;
    let heard = UNSETTLED.into_iter().filter(move |(host, ..)| *host != "sandbox" || !deaf);
    heard.flat_map(|(host, invariant, sql)| {
        let named: Vec<&str> = if host == "*" { WITH_OUTBOX.to_vec() } else { vec![host] };
        let looks = named.into_iter().map(|name| world.host(name).look.clone());
        looks.map(move |db| (db, invariant, sql)).collect::<Vec<_>>()
    })
}

/// Waits until nothing is left to do, and says what is left after the time that there is.
pub async fn settle(world: &World) {
    let end = world.started.elapsed() + RECOVERY;
    while world.started.elapsed() < end {
        let looked = values::<String>(&world.host("payments").look, LOOKS).is_empty();
        if looked && unsettled(world).next().is_none() {
            world.tell("settled");
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    none(world, &world.host("payments").look, "what was given back is looked at", LOOKS);
    for (db, invariant, sql) in places(world) {
        none(world, &db, invariant, sql);
    }
}

/// What is left to do.
pub fn unsettled(world: &World) -> impl Iterator<Item = String> {
    places(world).flat_map(|(db, _, sql)| values::<String>(&db, sql))
}

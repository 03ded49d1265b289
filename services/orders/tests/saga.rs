//! The saga driven for real against neighbours that fail: each call in turn, in each way, with each
//! kind of order; and chance.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use techtrove_core::{Clock as _, TypedId as _};
use techtrove_inventory_api::ReservationId;
use techtrove_orders::{Config, Deadlines, recover_due};
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::{
    Reply, Seed, engines,
    faults::{Chance, Fault, Script},
    sqlite_inline,
};

use crate::world::{
    FAULTS, FOREVER, Moment, ORDERS, Setting, Trap, WISHES, World, cart_of, place, terms, wish,
};

/// The calls of inventory and payments by a part of their path; a hold's has nothing behind it.
const CALLS: [&str; 7] = [
    "/reservations",
    "payments/payments",
    "/commit",
    "/capture",
    "/void",
    "/release",
    "/reconcile",
];

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// Checks the answer against how the world ended.
async fn assert_told_the_truth(world: &World, reply: &Reply, context: &str) {
    let orders = world.orders().await;
    let [order] = &orders[..] else { panic!("{context}: {} orders", orders.len()) };
    let told = reply.value();
    match reply.status.as_u16() {
        201 => {
            assert_eq!(told["id"], order.id.to_string(), "{context}");
            if told["status"] == "confirmed" {
                assert_eq!(order.status, OrderStatus::Confirmed, "{context}");
            }
            assert!(!order.refused && order.number.is_some(), "{context}: shown orders are kept");
        }
        402 => assert_eq!(order.status, OrderStatus::PaymentFailed, "{context}"),
        409 | 422 | 503 => assert_eq!(order.status, OrderStatus::Cancelled, "{context}"),
        other => panic!("{context}: answered {other}: {}", reply.text()),
    }
    if reply.status != 201 {
        assert!(order.refused, "{context}: a refused attempt is no order");
        assert_eq!((&order.number, &order.email), (&None, &None), "{context}");
        assert_eq!(order.delivery.shipping_address, None, "{context}");
    }
}

#[tokio::test]
async fn a_usual_order_takes_its_steps_in_order_and_no_other() {
    let world = world().await;
    let script = Arc::new(Script::new());
    let shop = world.shop(Setting { faults: Arc::clone(&script) as _, ..Setting::default() }).await;

    let reply = place(&shop, "tok_ok", 2).await.expect(201);
    shop.app.drivers.idle().await;

    let verbs: Vec<String> = script
        .calls()
        .iter()
        .map(|call| call.rsplit('/').next().expect("a path").to_owned())
        .collect();
    assert_eq!(verbs, ["resolve", "reservations", "payments", "commit", "capture"]);
    let body: Value = reply.json();
    assert_eq!(
        (&body["status"], &body["payment"]["status"]),
        (&"confirmed".into(), &"authorized".into())
    );
    world.assert_settled("usual").await;
    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Captured);
}

#[tokio::test(start_paused = true)]
async fn each_call_failing_in_each_way_ends_in_agreement() {
    for (token, quantity) in WISHES {
        for call in CALLS {
            for fault in FAULTS {
                let context = format!("{token} × {quantity}, first {call} {fault:?}");
                let world = world().await;
                let shop = world.shop(Setting::faulty(Script::new().first(call, fault))).await;

                let reply = place(&shop, token, quantity).await;
                shop.app.drivers.idle().await;
                world.assert_books_agree(&context).await;
                world.settle().await;

                world.assert_settled(&context).await;
                assert_told_the_truth(&world, &reply, &context).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_always_fails_leaves_an_order_that_waits_until_it_heals() {
    for (token, quantity) in WISHES {
        for call in CALLS {
            for fault in FAULTS {
                let context = format!("{token} × {quantity}, every {call} {fault:?}");
                let world = world().await;
                let shop = world.shop(Setting::faulty(Script::new().every(call, fault))).await;

                let reply = place(&shop, token, quantity).await;
                shop.app.drivers.idle().await;
                for _ in 0..4 {
                    world.clock.advance(Duration::from_secs(30));
                    recover_due(&shop.app).await.expect("recovers");
                    world.assert_books_agree(&context).await;
                }
                // What was on its way arrives before the world is compared.
                tokio::time::sleep(Duration::from_secs(60)).await;
                world.settle().await;

                world.assert_settled(&context).await;
                assert_told_the_truth(&world, &reply, &context).await;
            }
        }
    }
}

#[tokio::test]
async fn a_hold_that_ended_is_made_again_once_and_then_given_up() {
    for (early_ends, status, attempts) in
        [(1, OrderStatus::Confirmed, 2), (2, OrderStatus::Cancelled, 2)]
    {
        let world = world().await;
        world.stock.lock().expect("whole").early_ends = early_ends;
        let shop = world.shop(Setting::default()).await;

        let reply = place(&shop, "tok_ok", 2).await;
        shop.app.drivers.idle().await;
        world.settle().await;

        let order = world.orders().await.remove(0);
        let reservation = ReservationId::from_uuid(order.id.uuid());
        let made = world.stock.lock().expect("whole").attempts(reservation);
        assert_eq!((order.status, made), (status, attempts), "{}", reply.text());
        world.assert_settled("held again").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_never_settles_is_voided_before_stock_is_freed() {
    let world = world().await;
    world.till.lock().expect("whole").silence = Some(u32::MAX);
    let shop = world.shop(Setting::default()).await;

    let reply = place(&shop, "tok_timeout", 2).await.expect(201);
    assert_eq!(reply.value()["payment"]["status"], "unknown");
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(60));
        recover_due(&shop.app).await.expect("recovers");
        let mut stock = world.stock.lock().expect("whole");
        stock.expire(world.clock.now());
        assert!(stock.reservations.values().all(|reserved| reserved.is_open()), "stock was freed");
    }
    world.till.lock().expect("whole").charges.values_mut().for_each(|charge| charge.silent = 0);
    world.settle().await;

    world.assert_settled("silence").await;
    assert_eq!(world.orders().await[0].status, OrderStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_neighbour_is_answered_for_within_three_seconds() {
    for (call, statuses) in
        [("/reservations", [503, 503]), ("payments/payments", [201, 201]), ("/commit", [201, 201])]
    {
        let world = world().await;
        let hangs = Script::new().every(call, Fault::Delay(Duration::from_secs(3_000)));
        let shop = world.shop(Setting::faulty(hangs)).await;
        let asked = tokio::time::Instant::now();

        let reply = place(&shop, "tok_ok", 1).await;

        assert!(asked.elapsed() <= Duration::from_secs(3), "{call}: {:?}", asked.elapsed());
        assert!(statuses.contains(&reply.status.as_u16()), "{call}: {}", reply.text());
    }
}

#[test]
fn no_lease_ends_while_its_driver_only_waits_for_slow_neighbours() {
    let Deadlines { call, payment, lease, .. } = Deadlines::default();

    // A step is at most: hold twice, ask for money and commit twice; or release two attempts, twice each.
    assert!(call * 4 + payment < lease);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_orders_over_a_bad_network_end_in_agreement() {
    let seed = Seed::new();
    let world = world().await;
    for round in 0..10_u64 {
        let faults = Chance::new(4, seed.random(round));
        let shop = world.shop(Setting::faulty(faults)).await;
        for (number, (token, quantity)) in (0..10).zip(WISHES.iter().cycle()) {
            let reply = place(&shop, token, *quantity % 3 + number % 2).await;
            assert_ne!(reply.status, 500, "{}", reply.text());
            world.clock.advance(Duration::from_secs(2));
            recover_due(&shop.app).await.expect("recovers");
            world.assert_books_agree("bad network").await;
        }
        shop.app.drivers.idle().await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.settle().await;

    world.assert_settled("bad network").await;
}

#[tokio::test]
async fn more_orders_than_seats_are_refused_and_leave_nothing() {
    let world = world().await;
    let trap = Trap::at(1, Moment::Before);
    let config = Config { orders_in_flight: 1, ..Setting::trapped(Arc::clone(&trap)).config };
    let setting = Setting { config, ..Setting::trapped(Arc::clone(&trap)) };
    let shop = Arc::new(world.shop(setting).await);
    let first = Arc::clone(&shop);
    let first = tokio::spawn(async move { place(&first, "tok_ok", 1).await });
    trap.caught().await;

    let refused = place(&shop, "tok_ok", 1).await.expect(503);

    assert_eq!(
        (refused.problem_code(), refused.header("retry-after")),
        ("unavailable".into(), "1")
    );
    trap.open();
    assert_eq!(first.await.expect("no panic").status, 201);
    shop.app.drivers.idle().await;
    world.assert_settled("busy").await;
    assert_eq!(world.orders().await.len(), 1);
}

#[tokio::test]
async fn who_does_not_come_to_their_turn_in_time_is_refused_and_leaves_nothing() {
    let world = world().await;
    let trap = Trap::at(1, Moment::Before);
    let setting = Setting::trapped(Arc::clone(&trap));
    let deadlines = Deadlines { turn: Duration::ZERO, ..setting.config.deadlines };
    let config = Config { turns: 1, deadlines, ..setting.config.clone() };
    let shop = Arc::new(world.shop(Setting { config, ..setting }).await);
    let first = Arc::clone(&shop);
    let first = tokio::spawn(async move { place(&first, "tok_ok", 1).await });
    trap.caught().await;

    let refused = place(&shop, "tok_ok", 1).await.expect(503);

    assert_eq!(refused.problem_code(), "unavailable");
    trap.open();
    assert_eq!(first.await.expect("no panic").status, 201);
    shop.app.drivers.idle().await;
    world.assert_settled("turns").await;
    assert_eq!(world.orders().await.len(), 1);
}

#[tokio::test]
async fn who_waits_for_the_provider_lets_the_next_ask_for_stock() {
    let world = world().await;
    let trap = Trap::at(2, Moment::Before);
    let setting = Setting::trapped(Arc::clone(&trap));
    let config = Config { turns: 1, ..setting.config.clone() };
    let shop = Arc::new(world.shop(Setting { config, ..setting }).await);
    let first = Arc::clone(&shop);
    let first = tokio::spawn(async move { place(&first, "tok_ok", 1).await });
    trap.caught().await;

    let next = place(&shop, "tok_ok", 1).await;

    assert_eq!(next.status, 201);
    trap.open();
    assert_eq!(first.await.expect("no panic").status, 201);
    shop.app.drivers.idle().await;
    world.assert_settled("turns").await;
}

#[tokio::test]
async fn a_capture_that_hangs_does_not_hold_up_the_next_buyers() {
    let world = world().await;
    let config = Config { orders_in_flight: 1, follow_ups_in_flight: 1, ..Config::default() };
    let hangs = Arc::new(Script::new().every("/capture", Fault::Delay(FOREVER)));
    let shop = world.shop(Setting { config, faults: hangs, ..Setting::default() }).await;

    for _ in 0..10 {
        let reply = place(&shop, "tok_ok", 1).await.expect(201);
        assert_eq!(reply.value()["status"], "confirmed");
    }

    world.settle().await;
    world.assert_settled("hanging capture").await;
}

#[tokio::test]
async fn a_capture_that_is_not_made_yet_is_asked_for_again() {
    let world = world().await;
    world.till.lock().expect("whole").slow_captures = 3;
    let shop = world.shop(Setting::default()).await;

    assert_eq!(place(&shop, "tok_ok", 1).await.status, 201);
    shop.app.drivers.idle().await;
    let waiting = world.entries().await.remove(0);
    world.settle().await;

    assert_eq!(
        (waiting.status, waiting.settled, waiting.captured),
        (OrderStatus::Confirmed, false, 0)
    );
    world.assert_settled("slow capture").await;
}

#[tokio::test]
async fn buyers_at_once_get_exactly_what_there_is() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = Arc::new(world.shop(Setting::patient()).await);
        let buyers: Vec<_> = (0..200)
            .map(|_| {
                let shop = Arc::clone(&shop);
                let wish = wish(&[("GPU", 1)], "tok_ok");
                tokio::spawn(async move { shop.actor.post(ORDERS, &wish).await })
            })
            .collect();

        let (mut confirmed, mut refused) = (0, 0);
        for buyer in buyers {
            let reply = buyer.await.expect("no panic");
            match reply.status.as_u16() {
                201 => confirmed += 1,
                409 => {
                    assert_eq!(reply.problem_code(), "out_of_stock");
                    assert_eq!(reply.value()["lines"][0]["available"], 0);
                    refused += 1;
                }
                other => panic!("{}: {other}: {}", db.label(), reply.text()),
            }
        }
        shop.app.drivers.idle().await;

        assert_eq!((confirmed, refused), (50, 150), "{}", db.label());
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

/// Until money was asked for nothing is lost by a refusal; from then on the order waits for the answer.
#[tokio::test(start_paused = true)]
async fn whoever_hangs_the_buyer_is_answered_within_three_seconds() {
    let hangs = [Fault::DropRequest, Fault::DropAnswer, Fault::Delay(FOREVER)];
    let money = hangs.map(|fault| ("payments/payments", fault, 201));
    let stock = hangs.map(|fault| ("/reservations", fault, 503));
    let away = [("payments/payments", Fault::Unreachable, 503)];

    for (call, fault, status) in money.into_iter().chain(stock).chain(away) {
        let context = format!("{call} {fault:?}");
        let world = world().await;
        let shop = world.shop(Setting::faulty(Script::new().every(call, fault))).await;
        let (guest, cart) = cart_of(&shop.actor, &[("GPU", 1)]).await;
        let asked = tokio::time::Instant::now();

        let reply = guest.post(&format!("{cart}/checkout"), &terms("tok_ok")).await;

        assert!(asked.elapsed() < Duration::from_secs(3), "{context}: {:?}", asked.elapsed());
        let reply = reply.expect(status);
        if status == 201 {
            let told = reply.value();
            assert_eq!(told["status"], "pending", "{context}");
            assert_eq!(told["payment"]["status"], "unknown", "{context}");
        }
        shop.app.drivers.idle().await;
        world.settle().await;
        world.assert_settled(&context).await;
        assert_told_the_truth(&world, &reply, &context).await;
    }
}

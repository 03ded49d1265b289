//! Parcels: in parts and whole, refused, repeated, and with every call failing. Nothing leaves that is
//! not paid, and nothing twice.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_orders::domain::CapturePolicy;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::{engines, faults::Script, sqlite_inline};

use crate::world::{
    self, FAULTS, Moment, ORDERS, Setting, Trap, World, buy, cancel, dies_at, refund, ship, wish,
};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

#[tokio::test]
async fn an_order_leaves_in_parts_until_it_is_shipped() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    // Two cards, a processor, and one card more.
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;

    let first = ship(&world, &shop, &bought, &[("GPU", 3)]).await.expect(201);
    let guest = shop.actor.with_header("x-guest-token", &bought.guest_token);
    let partly = guest.get(&bought.path).await.expect(200).value();
    let more = ship(&world, &shop, &bought, &[("GPU", 1)]).await.expect(422);
    let late = cancel(&shop, &bought).await.expect(409);
    ship(&world, &shop, &bought, &[]).await.expect(201);
    let nothing = ship(&world, &shop, &bought, &[]).await.expect(409);
    shop.app.drivers.idle().await;

    assert!(first.header("location").starts_with(&format!("{}#shp_", bought.path)));
    let parcel = &partly["shipments"][0];
    assert_eq!((&partly["status"], &parcel["carrier"]), (&json!("processing"), &json!("DHL")));
    assert_eq!(parcel["id"], first.value()["id"]);
    assert!(parcel["shipped_at"].is_string());
    let shipped: Vec<&Value> =
        partly["lines"].as_array().expect("lines").iter().map(|line| &line["shipped"]).collect();
    assert_eq!(shipped, [2, 0, 1]);
    assert_eq!(more.pointers(), ["/lines/0"]);
    assert_eq!(late.problem_code(), "invalid_transition");
    assert_eq!(nothing.problem_code(), "invalid_transition");
    world.assert_settled("shipped").await;
    let stations: Vec<_> =
        world.orders().await[0].history.iter().map(|entry| entry.status).collect();
    assert_eq!(stations[2..], [OrderStatus::Processing, OrderStatus::Shipped]);
}

#[tokio::test]
async fn parcels_at_once_never_hold_a_piece_twice() {
    for db in engines().await {
        let world = Arc::new(World::new((*db).clone()));
        let shop = Arc::new(world.shop(Setting::default()).await);
        let bought = buy(&shop, "tok_ok", 3).await;
        shop.app.drivers.idle().await;
        let parcels: Vec<_> = (0..10)
            .map(|_| {
                let (world, shop) = (Arc::clone(&world), Arc::clone(&shop));
                let bought = bought.clone();
                tokio::spawn(async move { ship(&world, &shop, &bought, &[("GPU", 1)]).await })
            })
            .collect();

        let mut left = 0;
        for parcel in parcels {
            let reply = parcel.await.expect("no panic");
            left += i32::from(reply.status == 201);
            assert!(matches!(reply.status.as_u16(), 201 | 422), "{}", reply.text());
        }
        shop.app.drivers.idle().await;

        assert_eq!(left, 4, "{}", db.label());
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn nothing_leaves_that_is_not_paid() {
    let world = world().await;
    world.till.lock().expect("whole").slow_captures = 1;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;

    let refused = ship(&world, &shop, &bought, &[]).await.expect(409);
    world.settle().await;
    let shipped = ship(&world, &shop, &bought, &[]).await.expect(201);

    assert_eq!(refused.problem_code(), "payment_not_captured");
    assert_eq!(shipped.value()["status"], "shipped");
    shop.app.drivers.idle().await;
    world.assert_settled("paid first").await;
}

#[tokio::test]
async fn nothing_leaves_once_all_money_is_given_back() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;

    let _ = refund(&world, &shop, &bought, Some(100)).await.expect(201);
    let _ = ship(&world, &shop, &bought, &[("GPU", 1)]).await.expect(201);
    let _ = refund(&world, &shop, &bought, None).await.expect(201);
    let refused = ship(&world, &shop, &bought, &[]).await.expect(409);
    shop.app.drivers.idle().await;

    assert_eq!(refused.problem_code(), "payment_not_captured");
    world.assert_settled("given back").await;
}

#[tokio::test]
async fn all_money_is_taken_before_the_first_parcel_where_that_is_the_policy() {
    let mut world = world().await;
    world.capture = CapturePolicy::Shipment;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    world.assert_settled("reserved").await;
    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Authorized);

    ship(&world, &shop, &bought, &[("CPU", 1)]).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Captured);
    world.assert_books_agree("taken").await;
}

#[tokio::test]
async fn a_parcel_that_inventory_refuses_is_withdrawn() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    world.stock.lock().expect("whole").keeps_all = true;

    let refused = ship(&world, &shop, &bought, &[]).await.expect(409);
    world.stock.lock().expect("whole").keeps_all = false;
    let shipped = ship(&world, &shop, &bought, &[]).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!(refused.problem_code(), "shipment_refused");
    assert_eq!(shipped.value()["status"], "shipped");
    world.assert_settled("withdrawn").await;
}

#[tokio::test]
async fn what_needs_no_parcel_leaves_once_it_is_paid() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    shop.actor.post(ORDERS, &wish(&[("KEY", 2)], "tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;

    world.assert_settled("digital").await;
    let order = world.orders().await.remove(0);
    assert_eq!((order.status, order.shipments.len()), (OrderStatus::Delivered, 1));
    assert_eq!(order.shipments[0].carrier, "digital");
}

#[tokio::test]
async fn only_managers_ship_and_every_value_is_checked() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    let path = format!("{}/shipments", bought.path);
    let manager = world.staff(&shop, Role::Manager);

    for (who, status) in [(&shop.actor, 401), (&world.staff(&shop, Role::Support), 403)] {
        who.post(&path, &json!({"carrier": "DHL", "tracking_number": "JD0001"}))
            .await
            .expect(status);
    }
    let lines = |sku: &str, quantity: i64| json!([{"sku": sku, "quantity": quantity}]);
    let parcel = |member: &str, value: Value| {
        let mut parcel = json!({"carrier": "DHL", "tracking_number": "JD0001"});
        parcel[member] = value;
        parcel
    };
    for (body, pointer) in [
        (json!({}), "/carrier"),
        (parcel("carrier", json!("")), "/carrier"),
        (json!({"carrier": "DHL"}), "/tracking_number"),
        (parcel("tracking_number", json!("\n")), "/tracking_number"),
        (parcel("lines", json!([])), "/lines"),
        (parcel("lines", lines("GPU", 0)), "/lines/0/quantity"),
        (parcel("lines", lines("GPU", 3)), "/lines/0"),
        (parcel("lines", lines("KEY", 1)), "/lines/0"),
        (parcel("by", json!("air")), "/by"),
    ] {
        let reply = manager.post(&path, &body).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{body}");
    }
    world.assert_settled("nothing left").await;
}

#[tokio::test(start_paused = true)]
async fn each_way_to_fail_ends_with_the_parcel_gone_once() {
    for fault in FAULTS {
        let context = format!("first ship {fault:?}");
        let world = world().await;
        let shop = world.shop(Setting::faulty(Script::new().every("/ship", fault))).await;
        let bought = buy(&shop, "tok_ok", 1).await;
        shop.app.drivers.idle().await;

        let path = format!("{}/shipments", bought.path);
        let body = json!({"carrier": "DHL", "tracking_number": "JD0001"});
        let manager = || world.staff(&shop, Role::Manager);
        let ask = || manager().post(&path, &body).header("idempotency-key", "k-1");
        let reply = ask().await.expect(201);
        let meanwhile = ask().await.expect(201);
        shop.app.drivers.idle().await;
        world.assert_books_agree(&context).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        world.settle().await;

        let status = reply.value()["status"].as_str().expect("text").to_owned();
        assert!(["shipped", "preparing"].contains(&&*status), "{context}: {status}");
        world.assert_settled(&context).await;
        assert_eq!(world.orders().await[0].status, OrderStatus::Shipped, "{context}");
        for again in [meanwhile, ask().await.expect(201)] {
            assert_eq!(again.text(), reply.text(), "{context}");
            assert_eq!(again.header("idempotent-replayed"), "true", "{context}");
        }
    }
}

#[tokio::test]
async fn a_key_of_a_parcel_whose_driver_died_gets_its_answer() {
    for moment in [Moment::Before, Moment::After] {
        let world = Arc::new(world().await);
        let first = world.shop(Setting::default()).await;
        let bought = buy(&first, "tok_ok", 1).await;
        first.app.drivers.idle().await;
        let path = format!("{}/shipments", bought.path);
        let ask = |shop: &world::Shop| {
            let manager = world.staff(shop, Role::Manager);
            let path = path.clone();
            let body = json!({"carrier": "DHL", "tracking_number": "JD0001"});
            async move { manager.post(&path, &body).header("idempotency-key", "k-1").await }
        };

        let shop = world.shop(Setting::trapped(Trap::at(1, moment))).await;
        let asked = ask(&shop);
        assert!(dies_at(shop, move |_| async move { drop(asked.await) }).await);
        ask(&first).await.expect(409);
        world.settle().await;
        let again = ask(&first).await.expect(201);

        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.value()["status"], "shipped");
        world.assert_settled("parcel recovered").await;
    }
}

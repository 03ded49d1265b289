//! Payments for which the buyer has to do something first: done in time, at the last moment, too late,
//! never; with payments' news, and without.

use std::time::Duration;

use techtrove_bus::{AggregateRef, NewEvent};
use techtrove_core::{Clock as _, TypedId as _};
use techtrove_orders::recover_due;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::{PAYMENT_AGGREGATE, PAYMENT_CHANGED, PaymentChanged, PaymentStatus};
use techtrove_testing::sqlite_inline;

use crate::world::{Setting, Shop, World, buy, cancel, place, tell_of_payments};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// Tells orders what payments would tell of every order's payment.
async fn tell(world: &World, shop: &Shop) {
    let changed = world.orders().await.into_iter().map(|order| {
        let data = PaymentChanged {
            payment_id: order.payment.id,
            reference: order.id.uuid(),
            status: PaymentStatus::Authorized,
        };
        NewEvent {
            kind: PAYMENT_CHANGED,
            aggregate: AggregateRef { kind: PAYMENT_AGGREGATE, id: order.payment.id.uuid() },
            data: serde_json::json!(data),
        }
    });
    tell_of_payments(world, shop, changed.collect()).await;
}

#[tokio::test]
async fn the_buyer_is_told_what_to_do_and_confirmed_once_it_is_done() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    let reply = place(&shop, "tok_requires_action", 2).await.expect(201).value();
    world.till.lock().expect("whole").complete_actions();
    tell(&world, &shop).await;
    shop.app.drivers.idle().await;

    let payment = &reply["payment"];
    assert_eq!(
        (&reply["status"], &payment["status"]),
        (&"pending".into(), &"requires_action".into())
    );
    assert_eq!(payment["next_action"]["type"], "redirect");
    assert!(payment["next_action"]["url"].as_str().expect("a url").starts_with("/pay/"));
    world.assert_settled("done").await;
    let order = world.orders().await.remove(0);
    assert_eq!((order.status, order.payment.next_action), (OrderStatus::Confirmed, None));
}

#[tokio::test]
async fn news_that_is_lost_costs_only_time() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    buy(&shop, "tok_requires_action", 2).await;
    world.till.lock().expect("whole").complete_actions();

    world.clock.advance(Duration::from_secs(2));
    recover_due(&shop.app).await.expect("recovers");

    world.assert_settled("no news").await;
    assert_eq!(world.orders().await[0].status, OrderStatus::Confirmed);
}

#[tokio::test]
async fn what_is_never_done_is_given_up_at_the_deadline_and_not_before() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    buy(&shop, "tok_requires_action", 2).await;
    let end = world.clock.now().plus(Duration::from_secs(15 * 60));

    while world.clock.now() < end {
        assert_eq!(world.orders().await[0].status, OrderStatus::Pending);
        assert!(world.stock.lock().expect("whole").reservations.values().all(|one| one.is_open()));
        world.clock.advance(Duration::from_secs(20));
        recover_due(&shop.app).await.expect("recovers");
    }

    world.assert_settled("given up").await;
    let order = world.orders().await.remove(0);
    assert_eq!(
        (order.status, order.payment.status),
        (OrderStatus::Cancelled, PaymentStatus::Voided)
    );
}

#[tokio::test]
async fn what_is_done_at_the_last_moment_is_kept_and_later_is_not_paid() {
    for late in [false, true] {
        let world = world().await;
        let shop = world.shop(Setting::default()).await;
        buy(&shop, "tok_requires_action", 2).await;

        if !late {
            world.till.lock().expect("whole").complete_actions();
        }
        world.clock.advance(Duration::from_secs(15 * 60));
        recover_due(&shop.app).await.expect("recovers");
        world.till.lock().expect("whole").complete_actions();
        tell(&world, &shop).await;
        shop.app.drivers.idle().await;
        world.settle().await;

        world.assert_settled("the last moment").await;
        let status = if late { OrderStatus::Cancelled } else { OrderStatus::Confirmed };
        assert_eq!(world.orders().await[0].status, status);
    }
}

#[tokio::test]
async fn an_order_that_waits_for_its_buyer_is_cancelled_at_once() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_requires_action", 2).await;

    let reply = cancel(&shop, &bought).await.expect(200);
    shop.app.drivers.idle().await;

    assert_eq!(reply.value()["payment"]["status"], "voided");
    world.assert_settled("cancelled").await;
}

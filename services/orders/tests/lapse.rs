//! Money that was reserved and lapses at its provider before it is taken: the order cannot be paid any
//! more. Nothing of it leaves, it is cancelled, and its stock is free.

use std::sync::Arc;

use serde_json::json;
use techtrove_bus::{AggregateRef, NewEvent};
use techtrove_core::TypedId as _;
use techtrove_identity_api::Role;
use techtrove_orders::domain::{CapturePolicy, Order};
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::{PAYMENT_AGGREGATE, PAYMENT_CHANGED, PaymentChanged, PaymentStatus};
use techtrove_testing::{engines, faults::Script, sqlite_inline};

use crate::world::{
    Bought, FAULTS, Moment, ORDERS, Setting, Shop, Trap, World, buy, cancel, dies_at, refund, ship,
    tell_of_payments, wish,
};

const NOTE: &str = "cancelled by the shop: the payment lapsed before it was taken";

/// A shop that takes the money when it ships.
async fn late() -> World {
    let mut world = World::new((*sqlite_inline().await).clone());
    world.capture = CapturePolicy::Shipment;
    world
}

async fn bought(shop: &Shop) -> Bought {
    let bought = buy(shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;
    bought
}

/// A shop that takes the money at once, and goes down over its buyer's call of this number; then the money
/// lapses.
async fn lapses_after_a_crash(sku: &'static str, (call, moment): (usize, Moment)) -> World {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::trapped(Trap::at(call, moment))).await;
    let buys = move |shop: Arc<Shop>| async move {
        let _ = shop.actor.post(ORDERS, &wish(&[(sku, 1)], "tok_ok")).await;
    };
    assert!(dies_at(shop, buys).await);
    world.till.lock().expect("whole").lapse();
    world
}

/// Payments tells, twice, that the money of the only order was given up.
async fn tell(world: &World, shop: &Shop) {
    let order = world.orders().await.remove(0);
    let told = |_| {
        let data = PaymentChanged {
            payment_id: order.payment.id,
            reference: order.id.uuid(),
            status: PaymentStatus::Voided,
        };
        NewEvent {
            kind: PAYMENT_CHANGED,
            aggregate: AggregateRef { kind: PAYMENT_AGGREGATE, id: order.payment.id.uuid() },
            data: json!(data),
        }
    };
    tell_of_payments(world, shop, (0..2).map(told).collect()).await;
    shop.app.drivers.idle().await;
}

/// The only order, which must have come to its end with nothing kept.
async fn ended(world: &World, context: &str) -> Order {
    world.assert_settled(context).await;
    let order = world.orders().await.remove(0);
    assert_eq!(order.status, OrderStatus::Cancelled, "{context}");
    assert_eq!(order.payment.status, PaymentStatus::Voided, "{context}");
    order
}

#[tokio::test]
async fn a_parcel_of_what_cannot_be_paid_is_refused_for_good_and_the_order_is_cancelled() {
    let world = late().await;
    let shop = world.shop(Setting::default()).await;
    let bought = bought(&shop).await;
    world.till.lock().expect("whole").lapse();

    let path = format!("{}/shipments", bought.path);
    let body = json!({"carrier": "DHL", "tracking_number": "JD0001"});
    let ask = || {
        let manager = world.staff(&shop, Role::Manager);
        let (path, body) = (path.clone(), body.clone());
        async move { manager.post(&path, &body).header("idempotency-key", "k-1").await }
    };
    let refused = ask().await.expect(409);
    shop.app.drivers.idle().await;
    let again = ask().await.expect(409);

    assert_eq!(refused.problem_code(), "payment_not_captured");
    assert_eq!(again.text(), refused.text());
    let order = ended(&world, "shipped too late").await;
    let last = order.history.last().expect("a station");
    assert_eq!((last.status, last.note.as_deref()), (OrderStatus::Cancelled, Some(NOTE)));
    assert_eq!(
        ship(&world, &shop, &bought, &[]).await.expect(409).problem_code(),
        "invalid_transition"
    );
    assert_eq!(
        refund(&world, &shop, &bought, None).await.expect(409).problem_code(),
        "invalid_transition"
    );
    assert_eq!(cancel(&shop, &bought).await.expect(409).problem_code(), "invalid_transition");
}

#[tokio::test]
async fn an_order_is_cancelled_once_payments_tells_that_its_money_has_lapsed() {
    for db in engines().await {
        let mut world = World::new((*db).clone());
        world.capture = CapturePolicy::Shipment;
        let shop = world.shop(Setting::default()).await;
        let bought = bought(&shop).await;
        world.till.lock().expect("whole").lapse();

        tell(&world, &shop).await;

        let order = ended(&world, db.label()).await;
        assert_eq!(order.history.last().and_then(|entry| entry.note.as_deref()), Some(NOTE));
        ship(&world, &shop, &bought, &[]).await.expect(409);
        tell(&world, &shop).await;
        world.assert_settled_again(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn money_that_lapsed_while_nobody_took_it_ends_an_order_that_takes_it_at_once() {
    // Hold, authorise, commit, capture; who has confirmed nothing is told nothing.
    for (call, moment, note) in
        [(3, Moment::Before, None), (3, Moment::After, None), (4, Moment::Before, Some(NOTE))]
    {
        let world = lapses_after_a_crash("GPU", (call, moment)).await;

        world.settle().await;

        let order = ended(&world, &format!("{moment:?} call {call}")).await;
        let told = order.history.last().and_then(|entry| entry.note.as_deref());
        assert_eq!(told == Some(NOTE), note.is_some(), "{moment:?} call {call}: {told:?}");
    }
}

#[tokio::test]
async fn a_cancellation_after_the_lapse_cancels_whether_or_not_it_was_told_of() {
    for told in [false, true] {
        let world = late().await;
        let shop = world.shop(Setting::default()).await;
        let bought = bought(&shop).await;
        world.till.lock().expect("whole").lapse();
        if told {
            tell(&world, &shop).await;
        }

        let status = if told { 409 } else { 200 };
        cancel(&shop, &bought).await.expect(status);
        shop.app.drivers.idle().await;

        ended(&world, &format!("told: {told}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_the_order_is_cancelled_in_the_end() {
    for call in ["/capture", "/reconcile", "/release"] {
        for fault in FAULTS {
            let context = format!("first {call} {fault:?}");
            let world = late().await;
            let shop = world.shop(Setting::faulty(Script::new().every(call, fault))).await;
            let bought = bought(&shop).await;
            world.till.lock().expect("whole").lapse();

            let reply = ship(&world, &shop, &bought, &[]).await;
            shop.app.drivers.idle().await;
            world.settle().await;

            assert!(matches!(reply.status.as_u16(), 201 | 409), "{context}: {}", reply.text());
            ended(&world, &context).await;
        }
    }
}

#[tokio::test]
async fn a_licence_key_that_cannot_be_paid_is_never_revealed() {
    let world = lapses_after_a_crash("KEY", (4, Moment::Before)).await;

    world.settle().await;

    let order = ended(&world, "a key").await;
    assert!(!order.has_shipped());
}

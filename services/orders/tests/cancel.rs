//! Cancelling: by whom, until when, at whatever moment, and with every call failing. Stock is free at
//! once, money follows, and neither is ever given back twice or while nobody knows.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use techtrove_identity_api::Role;
use techtrove_orders::{
    Config,
    domain::{CapturePolicy, RefundStatus},
    recover_due,
};
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::{engines, faults::Script, sqlite_inline};

use crate::world::{
    FAULTS, Moment, Setting, Trap, World, buy, cancel, dies_at, place, refund, ship,
};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

#[tokio::test]
async fn a_confirmed_order_is_cancelled_and_paid_back() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;

    let reply = cancel(&shop, &bought).await.expect(200);
    shop.app.drivers.idle().await;

    assert_eq!(reply.value()["status"], "cancelled");
    world.assert_settled("cancelled").await;
    let order = world.orders().await.remove(0);
    assert_eq!(order.payment.status, PaymentStatus::Refunded);
    assert_eq!(order.payment.refunded, order.totals.total.amount);
    let note = order.history.last().and_then(|entry| entry.note.as_deref());
    assert_eq!(note, Some("cancelled by the buyer"));
    assert_eq!(cancel(&shop, &bought).await.expect(409).problem_code(), "invalid_transition");
}

#[tokio::test]
async fn what_was_given_back_before_is_not_given_back_again() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;

    refund(&world, &shop, &bought, Some(1_000)).await.expect(201);
    cancel(&shop, &bought).await.expect(200);
    shop.app.drivers.idle().await;

    let late = refund(&world, &shop, &bought, Some(1)).await.expect(409);
    assert_eq!(late.problem_code(), "refund_exceeds_payment");
    world.assert_settled("refunded, then cancelled").await;
    assert_eq!(world.orders().await[0].refunds.len(), 2);
}

#[tokio::test]
async fn money_that_is_refused_is_asked_back_under_a_fresh_id_and_given_back_once() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let bought = buy(&shop, "tok_ok", 2).await;
        shop.app.drivers.idle().await;
        world.till.lock().expect("whole").refuses = 1;

        cancel(&shop, &bought).await.expect(200);
        shop.app.drivers.idle().await;
        let refused = world.orders().await.remove(0);
        world.assert_books_agree(db.label()).await;
        world.settle().await;

        assert_eq!((refused.payment.refunded, refused.refunds.len()), (0, 1), "{}", db.label());
        world.assert_settled(db.label()).await;
        let order = world.orders().await.remove(0);
        let statuses: Vec<_> = order.refunds.iter().map(|refund| refund.status).collect();
        assert_eq!(statuses, [RefundStatus::Failed, RefundStatus::Succeeded], "{}", db.label());
        assert_eq!(order.payment.refunded, order.totals.total.amount, "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn money_that_is_refused_again_and_again_waits_for_staff() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;
    world.till.lock().expect("whole").refuses = 6;

    cancel(&shop, &bought).await.expect(200);
    shop.app.drivers.idle().await;
    for _ in 0..8 {
        world.clock.advance(Duration::from_secs(12 * 3_600));
        recover_due(&shop.app).await.expect("recovers");
    }
    let tried = world.orders().await.remove(0).refunds.len();
    let refused = refund(&world, &shop, &bought, None).await.expect(409);
    shop.app.drivers.idle().await;
    let made = refund(&world, &shop, &bought, None).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!((tried, refused.problem_code().as_str()), (5, "refund_refused"));
    assert_eq!(made.value()["status"], "succeeded");
    world.assert_settled("given back by staff").await;
    let over = refund(&world, &shop, &bought, None).await.expect(409);
    assert_eq!(over.problem_code(), "refund_exceeds_payment");
}

#[tokio::test]
async fn money_that_was_not_taken_is_voided() {
    let mut world = world().await;
    world.capture = CapturePolicy::Shipment;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;

    cancel(&shop, &bought).await.expect(200);
    shop.app.drivers.idle().await;

    world.assert_settled("voided").await;
    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Voided);
}

#[tokio::test]
async fn only_whom_it_concerns_cancels() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    let path = format!("{}/cancel", bought.path);
    let guest = shop.actor.with_header("x-guest-token", &bought.guest_token);
    let stranger = shop.actor.bearer(&world.token(7, &[Role::Customer]));
    let support = world.staff(&shop, Role::Support);

    for (who, status) in [
        (&shop.actor, 401),
        (&shop.actor.with_header("x-guest-token", "wrong"), 401),
        (&shop.actor.with_header("x-guest-token", &"A".repeat(43)), 404),
        (&stranger, 404),
        (&world.staff(&shop, Role::Manager), 403),
    ] {
        who.post(&path, &json!({})).await.expect(status);
    }
    shop.actor.post(&path, &json!({"reason": "changed my mind"})).await.expect(401);
    let reply = guest.post(&path, &json!({"reason": "changed my mind"})).await.expect(422);
    assert_eq!(reply.pointers(), ["/reason"]);
    guest.post(&path, &json!({"reasons": 1})).await.expect(422);
    support.post(&path, &json!({"reason": " "})).await.expect(422);
    let reply = support.post(&path, &json!({"reason": "a fraud"})).await.expect(200);
    shop.app.drivers.idle().await;

    assert_eq!(reply.value()["history"][2]["note"], "cancelled by the shop: a fraud");
    world.assert_settled("by staff").await;
}

#[tokio::test]
async fn a_key_pins_the_refusal_for_good_and_that_it_was_asked() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (kept, gone) = (buy(&shop, "tok_ok", 1).await, buy(&shop, "tok_ok", 1).await);
    let ask = |path: String, token: &str, key: &'static str| {
        let guest = shop.actor.with_header("x-guest-token", token);
        async move { guest.post(&path, &json!({})).header("idempotency-key", key).await }
    };
    let (cancel, reorder) =
        (|path: &str| format!("{path}/cancel"), |path: &str| format!("{path}/reorder"));
    shop.app.drivers.idle().await;
    ship(&world, &shop, &gone, &[("GPU", 1)]).await.expect(201);
    shop.app.drivers.idle().await;

    let refused = ask(cancel(&gone.path), &gone.guest_token, "k-1").await.expect(409);
    let again = ask(cancel(&gone.path), &gone.guest_token, "k-1").await.expect(409);
    let elsewhere = ask(reorder(&gone.path), &gone.guest_token, "k-1").await.expect(422);
    ask(reorder(&kept.path), &kept.guest_token, "k-1").await.expect(201);
    let reused = ask(cancel(&kept.path), &kept.guest_token, "k-1").await.expect(422);
    let empty = ask(cancel(&kept.path), &kept.guest_token, "").await.expect(400);
    let done = ask(cancel(&kept.path), &kept.guest_token, "k-2").await.expect(200);
    let late = ask(cancel(&kept.path), &kept.guest_token, "k-2").await.expect(200);
    let other = ask(cancel(&kept.path), &kept.guest_token, "k-3").await.expect(409);
    shop.app.drivers.idle().await;

    let replays = [&refused, &again, &done, &late].map(|reply| reply.header("idempotent-replayed"));
    assert_eq!(replays, ["", "true", "", ""]);
    assert_eq!(again.problem_code(), "invalid_transition");
    assert_eq!(elsewhere.problem_code(), "idempotency_key_reused");
    assert_eq!(reused.problem_code(), "idempotency_key_reused");
    assert_eq!(empty.problem_code(), "bad_request");
    assert_eq!(done.value()["status"], "cancelled");
    assert_eq!(late.value()["status"], "cancelled");
    assert_eq!(other.problem_code(), "invalid_transition");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_payment_is_voided_by_key_before_stock_is_freed() {
    let world = world().await;
    world.till.lock().expect("whole").silence = Some(u32::MAX);
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_timeout", 2).await;

    for _ in 0..2 {
        let reply = cancel(&shop, &bought).await.expect(202);
        assert_eq!(reply.value()["status"], "pending");
        let stock = world.stock.lock().expect("whole");
        assert!(stock.reservations.values().all(|reserved| reserved.is_open()), "stock was freed");
    }
    world.till.lock().expect("whole").charges.values_mut().for_each(|charge| charge.silent = 0);
    world.settle().await;

    world.assert_settled("unknown").await;
    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Voided);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_waits_for_the_step_in_flight() {
    // The second call asks for money, the third commits, the fourth captures.
    for number in 2..=4 {
        let world = world().await;
        let trap = Trap::at(number, Moment::Before);
        let shop = Arc::new(world.shop(Setting::trapped(Arc::clone(&trap))).await);
        let buyer = Arc::clone(&shop);
        let placed = tokio::spawn(async move { place(&buyer, "tok_ok", 1).await });
        trap.caught().await;
        let path = format!("/api/v1/orders/{}/cancel", world.orders().await[0].id);

        let support = world.staff(&shop, Role::Support);
        let asked = support.post(&path, &json!({})).await.expect(202);
        trap.open();
        let reply = placed.await.expect("no panic").expect(201);
        shop.app.drivers.idle().await;

        let status = if number == 4 { "confirmed" } else { "pending" };
        assert_eq!(
            (&asked.value()["status"], &reply.value()["status"]),
            (&json!(status), &json!(status))
        );
        world.assert_settled("in flight").await;
        assert_eq!(world.orders().await[0].status, OrderStatus::Cancelled, "call {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_failing_in_each_way_ends_in_agreement() {
    for call in ["/release", "/refunds", "/void"] {
        for fault in FAULTS {
            let context = format!("cancelled, first {call} {fault:?}");
            let mut world = world().await;
            if call == "/void" {
                world.capture = CapturePolicy::Shipment;
            }
            let shop = world.shop(Setting::faulty(Script::new().first(call, fault))).await;
            let bought = buy(&shop, "tok_ok", 2).await;
            shop.app.drivers.idle().await;

            let reply = cancel(&shop, &bought).await;
            shop.app.drivers.idle().await;
            world.assert_books_agree(&context).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.settle().await;

            assert!(matches!(reply.status.as_u16(), 200 | 202), "{context}: {}", reply.text());
            world.assert_settled(&context).await;
            assert_eq!(world.orders().await[0].status, OrderStatus::Cancelled, "{context}");
        }
    }
}

#[tokio::test]
async fn a_driver_that_dies_while_it_cancels_is_replaced() {
    for moment in [Moment::Before, Moment::After] {
        for number in 1..=2 {
            let context = format!("dies {moment:?} call {number}");
            let world = world().await;
            let first = world.shop(Setting::default()).await;
            let bought = buy(&first, "tok_ok", 2).await;
            first.app.drivers.idle().await;

            let shop = world.shop(Setting::trapped(Trap::at(number, moment))).await;
            let dies = dies_at(shop, move |shop| async move {
                cancel(&shop, &bought).await;
            });
            assert!(dies.await, "{context}");
            world.settle().await;

            world.assert_settled(&context).await;
            assert_eq!(world.orders().await[0].status, OrderStatus::Cancelled, "{context}");
        }
    }
}

#[tokio::test]
async fn of_a_cancellation_and_a_parcel_at_once_exactly_one_wins() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        for _ in 0..8 {
            let bought = buy(&shop, "tok_ok", 1).await;
            shop.app.drivers.idle().await;

            let (cancelled, shipped) =
                tokio::join!(cancel(&shop, &bought), ship(&world, &shop, &bought, &[("GPU", 1)]));
            shop.app.drivers.idle().await;

            let both = (cancelled.status.as_u16(), shipped.status.as_u16());
            let label = format!("{}: {} {}", db.label(), cancelled.text(), shipped.text());
            assert!([(200, 409), (409, 201)].contains(&both), "{label}");
            let id = bought.path.rsplit('/').next().expect("an id").to_owned();
            let order = world.orders().await.into_iter().find(|order| order.id.to_string() == id);
            let status = order.expect("there").status;
            let won = if both.0 == 200 { OrderStatus::Cancelled } else { OrderStatus::Processing };
            assert_eq!(status, won, "{label}");
        }
        db.close().await;
    }
}

#[tokio::test]
async fn impatient_buyers_leave_nothing_behind() {
    let world = world().await;
    let config = Config { follow_ups_in_flight: 4, ..Config::default() };
    let shop = Arc::new(world.shop(Setting { config, ..Setting::default() }).await);
    let buyers: Vec<_> = (0..20)
        .map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                let bought = buy(&shop, "tok_ok", 1).await;
                cancel(&shop, &bought).await.status.as_u16()
            })
        })
        .collect();

    for buyer in buyers {
        assert!(matches!(buyer.await.expect("no panic"), 200 | 202));
    }
    shop.app.drivers.idle().await;
    recover_due(&shop.app).await.expect("recovers");
    world.settle().await;

    world.assert_settled("impatient").await;
    assert!(world.orders().await.iter().all(|order| order.status == OrderStatus::Cancelled));
}

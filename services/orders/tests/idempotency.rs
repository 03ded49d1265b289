//! One key, one order: at once, after the end, after a crash, with another body, from another buyer.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_orders::recover_due;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::{
    Actor, Reply, engines,
    faults::{Fault, Script},
    sqlite_inline,
};

use crate::world::{Moment, Setting, Trap, World, wish};

const ORDERS: &str = "/api/v1/orders";

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

async fn buy(actor: &Actor, key: &str, body: &Value) -> Reply {
    actor.post(ORDERS, body).header("idempotency-key", key).await
}

fn gpu(token: &str) -> Value {
    wish(&[("GPU", 1)], token)
}

#[tokio::test]
async fn a_retry_gets_the_same_answer_with_the_guests_token() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    let first = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;
    let again = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);

    assert_eq!((first.text(), first.header("etag")), (again.text(), again.header("etag")));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        ("", "true")
    );
    assert_eq!(again.value()["guest_token"].as_str().map(str::len), Some(43));
    assert_eq!(world.orders().await.len(), 1);
    world.assert_settled("replay").await;
}

#[tokio::test]
async fn the_stored_answer_has_no_token() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let reply = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);

    let stored: Vec<Vec<u8>> = world
        .db
        .read("test.answers", |tx| {
            tx.query("SELECT answer_body FROM idempotency_keys", techtrove_db::p![], |row| {
                row.get(0)
            })
        })
        .await
        .map_err(|error: techtrove_db::DbError| error)
        .expect("read");

    let token = reply.value()["guest_token"].as_str().expect("a token").to_owned();
    assert_eq!(stored.len(), 1);
    assert!(!String::from_utf8_lossy(&stored[0]).contains(&token));
}

#[tokio::test]
async fn two_at_once_make_one_order() {
    for number in 1..=4 {
        let world = world().await;
        let trap = Trap::at(number, Moment::Before);
        let shop = Arc::new(world.shop(Setting::trapped(Arc::clone(&trap))).await);
        let first = Arc::clone(&shop);
        let first = tokio::spawn(async move { buy(&first.actor, "k-1", &gpu("tok_ok")).await });
        trap.caught().await;

        let second = buy(&shop.actor, "k-1", &gpu("tok_ok")).await;

        // From the confirmation on, which the capture follows, the answer is there.
        if number < 4 {
            let refused = second.expect(409);
            assert_eq!(refused.problem_code(), "idempotency_key_in_use");
            assert_eq!(refused.header("retry-after"), "1");
        } else {
            assert_eq!(second.expect(201).header("idempotent-replayed"), "true");
        }
        trap.open();
        assert_eq!(first.await.expect("no panic").status, 201);
        shop.app.drivers.idle().await;
        assert_eq!(world.orders().await.len(), 1);
        world.assert_settled("two at once").await;
    }
}

#[tokio::test]
async fn many_at_once_make_one_order() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = Arc::new(world.shop(Setting::default()).await);
        let requests: Vec<_> = (0..50)
            .map(|_| {
                let shop = Arc::clone(&shop);
                tokio::spawn(async move { buy(&shop.actor, "k-1", &gpu("tok_ok")).await })
            })
            .collect();

        for request in requests {
            let reply = request.await.expect("no panic");
            let in_use = reply.problem_code() == "idempotency_key_in_use";
            assert!(reply.status == 201 || in_use, "{}: {}", db.label(), reply.text());
        }
        shop.app.drivers.idle().await;

        assert_eq!(world.orders().await.len(), 1, "{}", db.label());
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn refusals_for_good_are_given_again_and_try_nothing() {
    let expected = |cents: i64| {
        let mut body = gpu("tok_ok");
        body["expected_total"] = json!({"amount": cents, "currency": "USD"});
        body
    };
    for (body, status, code) in [
        (gpu("tok_declined"), 402, "payment_declined"),
        (wish(&[("GPU", 51)], "tok_ok"), 409, "out_of_stock"),
        (expected(1), 409, "price_changed"),
    ] {
        let world = world().await;
        let script = Arc::new(Script::new());
        let shop =
            world.shop(Setting { faults: Arc::clone(&script) as _, ..Setting::default() }).await;

        let first = buy(&shop.actor, "k-1", &body).await.expect(status);
        let asked = script.count("/internal/inventory") + script.count("/internal/payments");
        let again = buy(&shop.actor, "k-1", &body).await.expect(status);

        assert_eq!(
            (first.problem_code(), again.problem_code()),
            (code.to_owned(), code.to_owned())
        );
        assert_eq!(again.header("idempotent-replayed"), "true");
        for member in ["lines", "decline_code", "totals", "detail"] {
            assert_eq!(first.value()[member], again.value()[member], "{member}");
        }
        let asked_again = script.count("/internal/inventory") + script.count("/internal/payments");
        assert_eq!(asked, asked_again, "{code}");
        world.assert_settled(code).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_not_pinned() {
    let world = world().await;
    let down = Script::new().every("/internal/inventory", Fault::Unreachable);
    let shop = world.shop(Setting::faulty(down)).await;

    let first = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(503);
    shop.app.drivers.idle().await;
    let meanwhile = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(409);
    world.settle().await;
    let healed = world.shop(Setting::default()).await;
    let again = buy(&healed.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    healed.app.drivers.idle().await;

    assert_eq!((first.problem_code(), first.header("retry-after")), ("unavailable".into(), "1"));
    assert_eq!(meanwhile.problem_code(), "idempotency_key_in_use");
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!(world.orders().await.len(), 2);
    world.assert_settled("not pinned").await;
}

#[tokio::test]
async fn a_token_that_is_not_accepted_can_be_mended_under_the_same_key() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let user = shop.actor.bearer(&world.token(7, &[Role::Customer]));

    let first = buy(&user, "k-1", &gpu("tok_rejected")).await.expect(422);
    let again = buy(&user, "k-1", &gpu("tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!(
        (first.pointers(), again.header("idempotent-replayed")),
        (vec!["/payment/token".into()], "")
    );
    world.assert_settled("mended").await;
}

#[tokio::test]
async fn after_a_crash_the_key_waits_for_the_recovery_and_then_knows_the_end() {
    // Call 1 is the hold: nobody was asked for money, so the key is free again. Once call 2 has arrived
    // the order is finished, and is the answer.
    for (number, moment, replayed) in [
        (1, Moment::After, false),
        (2, Moment::Before, false),
        (2, Moment::After, true),
        (3, Moment::After, true),
    ] {
        let context = format!("dies {moment:?} call {number}");
        let world = world().await;
        let trap = Trap::at(number, moment);
        let dying = world.shop(Setting::trapped(Arc::clone(&trap))).await;
        let process = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        process.spawn(async move { buy(&dying.actor, "k-1", &gpu("tok_ok")).await });
        trap.caught().await;
        process.shutdown_background();
        let shop = world.shop(Setting::default()).await;

        let meanwhile = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(409);
        assert_eq!(meanwhile.problem_code(), "idempotency_key_in_use", "{context}");
        world.clock.advance(Duration::from_secs(9));
        recover_due(&shop.app).await.expect("recovers");
        let again = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);
        shop.app.drivers.idle().await;

        assert_eq!(again.header("idempotent-replayed") == "true", replayed, "{context}");
        assert_eq!(again.value()["status"], "confirmed", "{context}");
        assert_eq!(world.till.lock().expect("whole").captures(), 1, "{context}");
        world.assert_settled(&context).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pending_order_is_the_answer_for_good() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    let first = buy(&shop.actor, "k-1", &gpu("tok_timeout")).await.expect(201);
    world.settle().await;
    let again = buy(&shop.actor, "k-1", &gpu("tok_timeout")).await.expect(201);

    assert_eq!(first.value()["status"], "pending");
    assert_eq!(first.text(), again.text());
    world.assert_settled("pending").await;
}

#[tokio::test]
async fn a_key_belongs_to_its_user_and_a_guests_to_its_body() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (
        shop.actor.bearer(&world.token(1, &[Role::Customer])),
        shop.actor.bearer(&world.token(2, &[Role::Customer])),
    );
    let other = wish(&[("CPU", 1)], "tok_ok");

    let _ = buy(&ada, "k-1", &gpu("tok_ok")).await.expect(201);
    let reused = buy(&ada, "k-1", &other).await.expect(422);
    let _ = buy(&bob, "k-1", &other).await.expect(201);
    let _ = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    let guests_other = buy(&shop.actor, "k-1", &other).await.expect(201);
    let without = shop.actor.post(ORDERS, &gpu("tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!(reused.problem_code(), "idempotency_key_reused");
    for new in [guests_other, without] {
        assert_eq!(new.header("idempotent-replayed"), "");
    }
    assert_eq!(world.orders().await.len(), 5);
    world.assert_settled("scopes").await;
}

#[tokio::test]
async fn a_replay_needs_neither_the_product_nor_the_catalogue() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let first = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    world.withdrawn.lock().expect("whole").insert("GPU");

    let again = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    let fresh = buy(&shop.actor, "k-2", &gpu("tok_ok")).await.expect(422);
    let down = Script::new().every("/skus/resolve", Fault::Unreachable);
    let down = world.shop(Setting::faulty(down)).await;
    let without_catalog = buy(&down.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    let unpriced = buy(&down.actor, "k-2", &gpu("tok_ok")).await.expect(503);

    assert_eq!((first.text(), first.text()), (again.text(), without_catalog.text()));
    assert_eq!(fresh.pointers(), ["/lines/0/sku"]);
    assert_eq!(unpriced.problem_code(), "unavailable");
    // A key that was refused without effect is as good as new.
    world.withdrawn.lock().expect("whole").clear();
    assert_eq!(
        buy(&shop.actor, "k-2", &gpu("tok_ok")).await.expect(201).header("idempotent-replayed"),
        ""
    );
}

#[tokio::test]
async fn what_payments_could_not_begin_is_no_order_and_its_key_is_free() {
    let world = world().await;
    world.till.lock().expect("whole").unbegun = 1;
    let shop = world.shop(Setting::default()).await;

    let first = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(503);
    shop.app.drivers.idle().await;
    assert!(world.entries().await.iter().all(|entry| entry.settled));
    let again = buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!(first.problem_code(), "unavailable");
    assert_eq!(again.value()["status"], "confirmed");
    world.assert_settled("begun").await;
    let orders = world.orders().await;
    let statuses: Vec<_> = orders.iter().map(|order| (order.status, order.refused)).collect();
    assert_eq!(statuses, [(OrderStatus::Cancelled, true), (OrderStatus::Confirmed, false)]);
    let till = world.till.lock().expect("whole");
    let given_up = &till.charges[&orders[0].payment.id];
    assert_eq!((given_up.status, given_up.reserved), (PaymentStatus::Voided, 0));
}

#[tokio::test(start_paused = true)]
async fn while_what_was_not_begun_cannot_be_given_up_its_stock_and_key_are_free() {
    let world = world().await;
    world.till.lock().expect("whole").unbegun = 2;
    let away = Script::new().every("/void", Fault::Unreachable);
    let shop = world.shop(Setting::faulty(away)).await;

    for _ in 0..2 {
        buy(&shop.actor, "k-1", &gpu("tok_ok")).await.expect(503);
        shop.app.drivers.idle().await;
        let stock = world.stock.lock().expect("whole");
        assert!(stock.reservations.values().all(|reserved| !reserved.is_open()), "stock is held");
    }

    let entries = world.entries().await;
    assert!(entries.iter().all(|entry| entry.refused && !entry.settled), "{entries:?}");
    world.settle().await;
    world.assert_settled("given up").await;
}

//! Refunds: in part and whole, at once, refused, repeated, and with every call failing. Never is more
//! given back than was taken, nor anything twice.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use techtrove_identity_api::Role;
use techtrove_orders::domain::CapturePolicy;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::{engines, faults::Script, sqlite_inline};

use crate::world::{self, FAULTS, Moment, Setting, Trap, World, buy, dies_at, refund};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

#[tokio::test]
async fn money_is_given_back_in_part_and_then_the_rest() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    let total = world.orders().await[0].totals.total.amount;

    let part = refund(&world, &shop, &bought, Some(1_000)).await.expect(201);
    let partly = world.orders().await.remove(0);
    let rest = refund(&world, &shop, &bought, None).await.expect(201);
    let over = refund(&world, &shop, &bought, None).await.expect(409);
    shop.app.drivers.idle().await;

    let body = part.value();
    assert!(part.header("location").starts_with(&format!("{}#ref_", bought.path)));
    assert_eq!((&body["status"], &body["reason"]), (&json!("succeeded"), &json!("a scratch")));
    assert_eq!(body["amount"], json!({"amount": 1_000, "currency": "USD"}));
    assert_eq!(partly.payment.status, PaymentStatus::PartiallyRefunded);
    assert_eq!(rest.value()["amount"]["amount"], total - 1_000);
    assert_eq!(over.problem_code(), "refund_exceeds_payment");
    world.assert_settled("refunded").await;
    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Refunded);
}

#[tokio::test]
async fn refunds_at_once_never_exceed_what_was_taken() {
    for db in engines().await {
        let world = Arc::new(World::new((*db).clone()));
        let shop = Arc::new(world.shop(Setting::default()).await);
        let bought = buy(&shop, "tok_ok", 1).await;
        shop.app.drivers.idle().await;
        let total = world.orders().await[0].totals.total.amount;
        let refunds: Vec<_> = (0..10)
            .map(|_| {
                let (world, shop) = (Arc::clone(&world), Arc::clone(&shop));
                let bought = bought.clone();
                tokio::spawn(
                    async move { refund(&world, &shop, &bought, Some(total * 3 / 10)).await },
                )
            })
            .collect();

        let (mut made, mut refused) = (0, 0);
        for reply in refunds {
            let reply = reply.await.expect("no panic");
            match reply.status.as_u16() {
                201 => made += 1,
                409 => {
                    assert_eq!(reply.problem_code(), "refund_exceeds_payment");
                    refused += 1;
                }
                other => panic!("{}: {other}: {}", db.label(), reply.text()),
            }
        }
        shop.app.drivers.idle().await;

        assert_eq!((made, refused), (3, 7), "{}", db.label());
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn nothing_is_given_back_that_was_not_taken() {
    let mut world = world().await;
    world.capture = CapturePolicy::Shipment;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;

    let reply = refund(&world, &shop, &bought, Some(1)).await.expect(409);

    assert_eq!(reply.problem_code(), "invalid_transition");
    world.assert_settled("not taken").await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_refused_for_good() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    world.till.lock().expect("whole").refuses = 1;
    let path = format!("{}/refunds", bought.path);
    let support = world.staff(&shop, Role::Support);
    let body = json!({"reason": "a scratch"});

    let ask = || support.post(&path, &body).header("idempotency-key", "k-1");
    let first = ask().await.expect(409);
    let again = ask().await.expect(409);
    shop.app.drivers.idle().await;

    assert_eq!(first.problem_code(), "refund_refused");
    assert_eq!(first.value()["failure_code"], "card_is_gone");
    assert_eq!((first.text(), again.header("idempotent-replayed")), (again.text(), "true"));
    world.assert_books_agree("refused").await;
    let guest = shop.actor.with_header("x-guest-token", &bought.guest_token);
    for (who, reason) in [(&support, json!("card_is_gone")), (&guest, json!(null))] {
        let shown = who.get(&bought.path).await.expect(200).value();
        assert_eq!(shown["refunds"][0]["status"], "failed");
        assert_eq!(shown["refunds"][0]["failure_code"], reason);
        assert_eq!(shown["payment"]["status"], "captured");
    }
    let second = support.post(&path, &body).header("idempotency-key", "k-2").await.expect(201);
    shop.app.drivers.idle().await;
    assert_eq!(second.value()["status"], "succeeded");
    world.assert_settled("given back at the second try").await;
}

#[tokio::test]
async fn a_refusal_for_good_is_the_keys_answer() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    let path = format!("{}/refunds", bought.path);
    let support = world.staff(&shop, Role::Support);
    let body = json!({"reason": "all", "amount": {"amount": 99_999_999, "currency": "USD"}});

    let ask = || support.post(&path, &body).header("idempotency-key", "k-1");
    let (first, again) = (ask().await.expect(409), ask().await.expect(409));

    assert_eq!(first.problem_code(), "refund_exceeds_payment");
    assert_eq!((first.text(), again.header("idempotent-replayed")), (again.text(), "true"));
    world.assert_settled("refused").await;
}

#[tokio::test]
async fn only_support_gives_money_back_and_every_value_is_checked() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    let path = format!("{}/refunds", bought.path);
    let guest = shop.actor.with_header("x-guest-token", &bought.guest_token);
    let support = world.staff(&shop, Role::Support);

    for (who, status) in [(&guest, 401), (&world.staff(&shop, Role::Manager), 403)] {
        who.post(&path, &json!({"reason": "why not"})).await.expect(status);
    }
    let usd = |amount: i64| json!({"amount": amount, "currency": "USD"});
    for (body, pointer) in [
        (json!({}), "/reason"),
        (json!({"reason": ""}), "/reason"),
        (json!({"reason": "x".repeat(501)}), "/reason"),
        (json!({"reason": "x", "amount": usd(0)}), "/amount/amount"),
        (json!({"reason": "x", "amount": usd(-5)}), "/amount/amount"),
        (json!({"reason": "x", "amount": {"amount": 5, "currency": "EUR"}}), "/amount/currency"),
        (json!({"reason": "x", "to": "me"}), "/to"),
    ] {
        let reply = support.post(&path, &body).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{body}");
    }
    let nowhere = "/api/v1/orders/ord_00000000000000000000000001/refunds";
    support.post(nowhere, &json!({"reason": "x"})).await.expect(404);
    world.assert_settled("nothing was given back").await;
}

#[tokio::test(start_paused = true)]
async fn each_way_to_fail_ends_with_the_money_given_back_once() {
    for fault in FAULTS {
        let context = format!("first refund {fault:?}");
        let world = world().await;
        let shop = world.shop(Setting::faulty(Script::new().first("/refunds", fault))).await;
        let bought = buy(&shop, "tok_ok", 1).await;
        shop.app.drivers.idle().await;

        let path = format!("{}/refunds", bought.path);
        let body = json!({"amount": {"amount": 500, "currency": "USD"}, "reason": "a scratch"});
        let support = || world.staff(&shop, Role::Support);
        let ask = || support().post(&path, &body).header("idempotency-key", "k-1");
        let reply = ask().await.expect(201);
        let meanwhile = ask().await.expect(201);
        shop.app.drivers.idle().await;
        world.assert_books_agree(&context).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        world.settle().await;

        let status = reply.value()["status"].as_str().expect("text").to_owned();
        assert!(["succeeded", "pending"].contains(&&*status), "{context}: {status}");
        world.assert_settled(&context).await;
        assert_eq!(world.orders().await[0].payment.refunded, 500, "{context}");
        for again in [meanwhile, ask().await.expect(201)] {
            assert_eq!(again.text(), reply.text(), "{context}");
            assert_eq!(again.header("idempotent-replayed"), "true", "{context}");
        }
    }
}

#[tokio::test]
async fn a_key_of_a_refund_whose_driver_died_gets_its_answer() {
    for moment in [Moment::Before, Moment::After] {
        let world = Arc::new(world().await);
        let first = world.shop(Setting::default()).await;
        let bought = buy(&first, "tok_ok", 1).await;
        first.app.drivers.idle().await;
        let path = format!("{}/refunds", bought.path);
        let body = json!({"amount": {"amount": 500, "currency": "USD"}, "reason": "a scratch"});
        let ask = |shop: &world::Shop| {
            let support = world.staff(shop, Role::Support);
            let (path, body) = (path.clone(), body.clone());
            async move { support.post(&path, &body).header("idempotency-key", "k-1").await }
        };

        let shop = world.shop(Setting::trapped(Trap::at(1, moment))).await;
        let asked = ask(&shop);
        assert!(dies_at(shop, move |_| async move { drop(asked.await) }).await);
        let meanwhile = ask(&first).await.expect(409);
        world.settle().await;
        let again = ask(&first).await.expect(201);

        assert_eq!(meanwhile.problem_code(), "idempotency_key_in_use");
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.value()["status"], "succeeded");
        world.assert_settled("refund recovered").await;
        assert_eq!(world.orders().await[0].payment.refunded, 500);
    }
}

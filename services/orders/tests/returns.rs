//! Returns: asked for, decided, received, repeated, at once, and with every call failing. No piece comes
//! back twice, and no more money goes back than was taken.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_orders::{Config, domain::CapturePolicy};
use techtrove_testing::{Actor, Reply, engines, faults::Script, sqlite_inline};

use crate::world::{
    Bought, FAULTS, Moment, Setting, Shop, Trap, World, buy, dies_at, refund, ship,
};

const DAY: Duration = Duration::from_secs(86_400);

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// Two graphics cards, a processor, and one card more, all of which left.
async fn sent(world: &World, shop: &Shop) -> Bought {
    let bought = buy(shop, "tok_ok", 2).await;
    shop.app.drivers.idle().await;
    ship(world, shop, &bought, &[]).await.expect(201);
    shop.app.drivers.idle().await;
    bought
}

fn guest(shop: &Shop, bought: &Bought) -> Actor {
    shop.actor.with_header("x-guest-token", &bought.guest_token)
}

async fn ask(shop: &Shop, bought: &Bought, lines: &[(&str, i64)]) -> Reply {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, count)| json!({"sku": sku, "quantity": count})).collect();
    let body = json!({"lines": lines, "reason": "too loud"});
    guest(shop, bought).post(&format!("{}/returns", bought.path), &body).await
}

fn path_of(back: &Value, verb: &str) -> String {
    format!("/api/v1/returns/{}/{verb}", back["id"].as_str().expect("an id"))
}

async fn decide(world: &World, shop: &Shop, back: &Value, verb: &str) -> Reply {
    world.staff(shop, Role::Support).post(&path_of(back, verb), &json!({})).await
}

async fn receive(world: &World, shop: &Shop, back: &Value, restock: bool) -> Reply {
    let manager = world.staff(shop, Role::Manager);
    manager.post(&path_of(back, "receive"), &json!({"restock": restock})).await
}

/// A return of the lines that may be sent.
async fn approved(world: &World, shop: &Shop, bought: &Bought, lines: &[(&str, i64)]) -> Value {
    let back = ask(shop, bought, lines).await.expect(201).value();
    decide(world, shop, &back, "approve").await.expect(200);
    back
}

#[tokio::test]
async fn an_order_comes_back_in_parts_until_all_of_its_money_is_back() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = sent(&world, &shop).await;
    let total = world.orders().await[0].totals.total.amount;

    let asked = ask(&shop, &bought, &[("GPU", 2)]).await.expect(201);
    let back = asked.value();
    let seen = guest(&shop, &bought).get(&bought.path).await.expect(200).value();
    let let_go = decide(&world, &shop, &back, "approve").await.expect(200).value();
    let part = receive(&world, &shop, &back, true).await.expect(200).value();
    let rest = approved(&world, &shop, &bought, &[("CPU", 1), ("GPU", 1)]).await;
    let whole = receive(&world, &shop, &rest, false).await.expect(200).value();
    shop.app.drivers.idle().await;

    assert!(asked.header("location").starts_with(&format!("{}#ret_", bought.path)));
    assert_eq!((&back["status"], &back["reason"]), (&json!("requested"), &json!("too loud")));
    assert_eq!((&seen["return_status"], &seen["returns"][0]), (&json!("requested"), &back));
    assert_eq!((&seen["lines"][0]["returned"], &let_go["status"]), (&json!(2), &json!("approved")));
    assert_eq!((&part["status"], &part["restock"]), (&json!("received"), &json!(true)));
    let given = |back: &Value| back["refund"]["amount"]["amount"].as_i64().expect("an amount");
    assert_eq!((given(&part), part["refund"]["status"].as_str()), (259_800, Some("succeeded")));
    assert_eq!(given(&part) + given(&whole), total, "the last piece brings the shipping");
    let seen = guest(&shop, &bought).get(&bought.path).await.expect(200).value();
    assert_eq!(
        (&seen["return_status"], &seen["payment"]["status"], &seen["status"]),
        (&json!("received"), &json!("refunded"), &json!("shipped"))
    );
    world.assert_settled("all is back").await;
}

#[tokio::test]
async fn a_return_goes_no_other_way_and_a_rejected_one_may_be_asked_for_again() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = sent(&world, &shop).await;
    let back = ask(&shop, &bought, &[("GPU", 3)]).await.expect(201).value();

    let early = receive(&world, &shop, &back, true).await.expect(409);
    let more = ask(&shop, &bought, &[("CPU", 1), ("GPU", 1)]).await.expect(422);
    decide(&world, &shop, &back, "reject").await.expect(200);
    let late = decide(&world, &shop, &back, "approve").await.expect(409);
    let again = approved(&world, &shop, &bought, &[("GPU", 3)]).await;
    let twice = decide(&world, &shop, &again, "approve").await.expect(409);
    receive(&world, &shop, &again, true).await.expect(200);
    let received = receive(&world, &shop, &again, true).await.expect(409);
    shop.app.drivers.idle().await;

    assert_eq!(more.pointers(), ["/lines/1"]);
    for refused in [early, late, twice, received] {
        assert_eq!(refused.problem_code(), "invalid_transition");
    }
    world.assert_settled("one way").await;
}

#[tokio::test]
async fn only_what_left_comes_back_and_within_its_time() {
    let world = world().await;
    let config = Config { return_window: 14 * DAY, ..Config::default() };
    let shop = world.shop(Setting { config, ..Setting::default() }).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;

    let early = ask(&shop, &bought, &[("GPU", 1)]).await.expect(409);
    ship(&world, &shop, &bought, &[]).await.expect(201);
    let deliver = format!("{}/deliver", bought.path);
    world.staff(&shop, Role::Manager).post(&deliver, &json!({})).await.expect(200);
    world.clock.advance(14 * DAY);
    ask(&shop, &bought, &[("GPU", 1)]).await.expect(201);
    world.clock.advance(Duration::from_secs(1));
    let late = ask(&shop, &bought, &[("GPU", 1)]).await.expect(409);
    shop.app.drivers.idle().await;

    assert_eq!(early.problem_code(), "invalid_transition");
    assert_eq!(late.problem_code(), "return_window_closed");
}

#[tokio::test]
async fn returns_at_once_never_hold_a_piece_twice() {
    for db in engines().await {
        let world = Arc::new(World::new((*db).clone()));
        let shop = Arc::new(world.shop(Setting::default()).await);
        let bought = sent(&world, &shop).await;
        let total = world.orders().await[0].totals.total.amount;
        let returns: Vec<_> = (0..10)
            .map(|_| {
                let (world, shop) = (Arc::clone(&world), Arc::clone(&shop));
                let bought = bought.clone();
                tokio::spawn(async move {
                    let asked = ask(&shop, &bought, &[("GPU", 1)]).await;
                    if asked.status == 201 {
                        let back = asked.value();
                        decide(&world, &shop, &back, "approve").await.expect(200);
                        let twice = tokio::join!(
                            receive(&world, &shop, &back, true),
                            receive(&world, &shop, &back, true)
                        );
                        let mut statuses = [twice.0.status.as_u16(), twice.1.status.as_u16()];
                        statuses.sort_unstable();
                        assert_eq!(statuses, [200, 409]);
                    }
                    asked
                })
            })
            .collect();

        let mut made = 0;
        for reply in returns {
            let reply = reply.await.expect("no panic");
            made += i32::from(reply.status == 201);
            assert!(matches!(reply.status.as_u16(), 201 | 422), "{}", reply.text());
        }
        shop.app.drivers.idle().await;

        assert_eq!(made, 3, "{}", db.label());
        world.assert_settled(db.label()).await;
        let order = world.orders().await.remove(0);
        assert_eq!(order.payment.refunded, 3 * 129_900, "{}", db.label());
        assert!(order.payment.refunded < total);
        db.close().await;
    }
}

#[tokio::test]
async fn no_more_is_given_back_than_was_taken_nor_than_it_is_worth() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = sent(&world, &shop).await;
    let total = world.orders().await[0].totals.total.amount;
    let usd = |amount: i64| json!({"amount": amount, "currency": "USD"});
    let manager = world.staff(&shop, Role::Manager);
    let receive = |back: &Value, refund: i64| {
        let body = json!({"restock": true, "refund": usd(refund)});
        manager.post(&path_of(back, "receive"), &body)
    };

    let scratched = approved(&world, &shop, &bought, &[("GPU", 1)]).await;
    let over = receive(&scratched, 129_901).await.expect(409);
    let part = receive(&scratched, 100).await.expect(200).value();
    let nothing = approved(&world, &shop, &bought, &[("GPU", 1)]).await;
    let kept = receive(&nothing, 0).await.expect(200).value();
    refund(&world, &shop, &bought, Some(total - 150)).await.expect(201);
    let rest = approved(&world, &shop, &bought, &[("GPU", 1), ("CPU", 1)]).await;
    let body = json!({"restock": true});
    let left = manager.post(&path_of(&rest, "receive"), &body).await.expect(200).value();
    shop.app.drivers.idle().await;

    assert_eq!(over.problem_code(), "refund_exceeds_payment");
    assert_eq!((&part["refund"]["amount"], &kept["refund"]), (&usd(100), &Value::Null));
    assert_eq!(left["refund"]["amount"], usd(50));
    world.assert_settled("no more than was taken").await;
    assert_eq!(world.orders().await[0].payment.refunded, total);
}

#[tokio::test]
async fn a_repeated_request_has_one_effect_and_one_answer() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = sent(&world, &shop).await;
    let manager = world.staff(&shop, Role::Manager);
    let wish = json!({"lines": [{"sku": "GPU", "quantity": 1}], "reason": "too loud"});
    let path = format!("{}/returns", bought.path);
    let asking = || guest(&shop, &bought).post(&path, &wish).header("idempotency-key", "k-1");

    let (first, again) = (asking().await.expect(201), asking().await.expect(201));
    let back = first.value();
    decide(&world, &shop, &back, "approve").await.expect(200);
    let receiving = |key: &str, restock: bool| {
        let body = json!({"restock": restock});
        manager.post(&path_of(&back, "receive"), &body).header("idempotency-key", key)
    };
    let received = receiving("r-1", true).await.expect(200);
    let told = receiving("r-1", true).await.expect(200);
    let other = receiving("r-1", false).await.expect(422);
    let late = [receiving("r-2", true).await, receiving("r-2", true).await];
    shop.app.drivers.idle().await;

    assert_eq!((first.text(), again.header("idempotent-replayed")), (again.text(), "true"));
    assert_eq!(received.value(), told.value());
    assert_eq!(other.problem_code(), "idempotency_key_reused");
    for late in late {
        assert_eq!(late.expect(409).problem_code(), "invalid_transition");
    }
    world.assert_settled("once").await;
    assert_eq!(world.orders().await[0].returns.len(), 1);
}

#[tokio::test]
async fn each_asks_for_their_own_and_the_shop_decides() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (bought, other) = (sent(&world, &shop).await, sent(&world, &shop).await);
    let path = format!("{}/returns", bought.path);
    let wish = json!({"lines": [{"sku": "GPU", "quantity": 1}], "reason": "too loud"});
    let customer = world.staff(&shop, Role::Customer);

    shop.actor.post(&path, &wish).await.expect(401);
    guest(&shop, &other).post(&path, &wish).await.expect(404);
    customer.post(&path, &wish).await.expect(404);
    world.staff(&shop, Role::Manager).post(&path, &wish).await.expect(403);
    let back = world.staff(&shop, Role::Support).post(&path, &wish).await.expect(201).value();
    for (who, status) in [(&guest(&shop, &bought), 401), (&customer, 403)] {
        who.post(&path_of(&back, "approve"), &json!({})).await.expect(status);
        who.post(&path_of(&back, "receive"), &json!({"restock": true})).await.expect(status);
    }
    for (body, pointer) in [
        (json!({"lines": [], "reason": "x"}), "/lines"),
        (json!({"lines": [{"sku": "GPU", "quantity": 1}], "reason": " "}), "/reason"),
        (json!({"lines": [{"sku": "GPU", "quantity": 0}], "reason": "x"}), "/lines/0/quantity"),
        (json!({"lines": [{"sku": "FOREIGN", "quantity": 1}], "reason": "x"}), "/lines/0"),
        (json!({"lines": [{"sku": "GPU", "quantity": 1}]}), "/reason"),
    ] {
        let reply = guest(&shop, &bought).post(&path, &body).await.expect(422);
        assert_eq!(reply.pointers(), [pointer], "{body}");
    }
    let nowhere = "/api/v1/returns/ret_00000000000000000000000001/approve";
    world.staff(&shop, Role::Admin).post(nowhere, &json!({})).await.expect(404);
    shop.app.drivers.idle().await;
    world.assert_settled("nothing came back").await;
}

#[tokio::test(start_paused = true)]
async fn each_way_to_fail_ends_with_stock_and_money_back_once() {
    for part in ["/reservations", "/refunds"] {
        for fault in FAULTS {
            let context = format!("first return {part} {fault:?}");
            let mut world = world().await;
            world.capture = CapturePolicy::Confirmation;
            let calm = world.shop(Setting::default()).await;
            let bought = sent(&world, &calm).await;
            let back = approved(&world, &calm, &bought, &[("GPU", 2)]).await;
            let shop = world.shop(Setting::faulty(Script::new().first(part, fault))).await;

            receive(&world, &shop, &back, true).await.expect(200);
            shop.app.drivers.idle().await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.settle().await;

            world.assert_settled(&context).await;
            let order = world.orders().await.remove(0);
            assert_eq!(order.payment.refunded, 2 * 129_900, "{context}");
        }
    }
}

#[tokio::test]
async fn a_return_whose_driver_died_is_finished() {
    for (number, moment) in (1..=2).flat_map(|n| [Moment::Before, Moment::After].map(|m| (n, m))) {
        let world = Arc::new(world().await);
        let first = world.shop(Setting::default()).await;
        let bought = sent(&world, &first).await;
        let back = approved(&world, &first, &bought, &[("GPU", 1), ("CPU", 1)]).await;
        let manager = |shop: &Shop| {
            let receive = world.staff(shop, Role::Manager);
            let (path, body) = (path_of(&back, "receive"), json!({"restock": false}));
            async move { receive.post(&path, &body).header("idempotency-key", "k-1").await }
        };

        let shop = world.shop(Setting::trapped(Trap::at(number, moment))).await;
        let asked = manager(&shop);
        assert!(dies_at(shop, move |_| async move { drop(asked.await) }).await);
        world.settle().await;
        let again = manager(&first).await.expect(200).value();

        assert_eq!((&again["status"], &again["restock"]), (&json!("received"), &json!(false)));
        assert_eq!(again["refund"]["status"], "succeeded");
        world.assert_settled("recovered").await;
    }
}

#[tokio::test]
async fn what_inventory_will_not_take_back_keeps_nobody_from_their_money() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let bought = sent(&world, &shop).await;
    let back = approved(&world, &shop, &bought, &[("GPU", 1)]).await;
    world.stock.lock().expect("whole").keeps_all = true;

    let received = receive(&world, &shop, &back, true).await.expect(200).value();
    shop.app.drivers.idle().await;

    assert_eq!(received["refund"]["status"], "succeeded");
    world.assert_settled("not taken back").await;
}

//! A cart becomes at most one order, of exactly what was priced: whoever edits it meanwhile, however
//! often it is bought at once, wherever the process dies.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use techtrove_orders::recover_due;
use techtrove_orders_api::OrderStatus;
use techtrove_testing::{
    Actor, Reply, TestDb, engines,
    faults::{Fault, Script},
    repetitions, sqlite_inline,
};

use crate::world::{Moment, Setting, Shop, Trap, World, cart_of, guest_token, terms};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

async fn checkout(owner: &Actor, path: &str, token: &str) -> Reply {
    owner.post(&format!("{path}/checkout"), &terms(token)).await
}

async fn status(owner: &Actor, path: &str) -> Value {
    owner.get(path).await.expect(200).value()["status"].take()
}

/// Edits the cart at `path`, each number in another way.
async fn edit(owner: &Actor, path: &str, first_item: &str, number: i64) -> Reply {
    let items = format!("{path}/items");
    match number % 4 {
        0 => owner.post(&items, &json!({"sku": "KEY", "quantity": 1})).await,
        1 => {
            let quantity = json!({"quantity": number % 3 + 1});
            owner.patch(&format!("{items}/{first_item}"), &quantity).await
        }
        2 => owner.post(&items, &json!({"sku": "CPU", "quantity": 1})).await,
        _ => {
            let cart = owner.get(path).await.expect(200).value();
            let last = cart["items"].as_array().and_then(|items| items.last());
            let last = last.and_then(|item| item["id"].as_str()).unwrap_or("item_none").to_owned();
            owner.delete(&format!("{items}/{last}")).await
        }
    }
}

/// One cart, edited by fifty at once while four buy it; the answers of those.
async fn round(shop: &Arc<Shop>, number: usize) -> Vec<Reply> {
    let (owner, path) = cart_of(&shop.actor, &[("GPU", 1), ("KEY", 1)]).await;
    let cart = owner.get(&path).await.expect(200).value();
    let first_item = cart["items"][0]["id"].as_str().expect("an id").to_owned();
    let edits = (0..50_i64).map(|number| {
        let (owner, path, first_item) = (owner.clone(), path.clone(), first_item.clone());
        tokio::spawn(async move { edit(&owner, &path, &first_item, number).await })
    });
    let edits: Vec<_> = edits.collect();
    let buys = (0..4).map(|buyer| {
        let (owner, path) = (owner.clone(), path.clone());
        // Two have the same key, as after a double click; the others have none.
        let draft = owner.post(&format!("{path}/checkout"), &terms("tok_ok"));
        let key = format!("round-{number}");
        let draft = if buyer < 2 { draft.header("idempotency-key", &key) } else { draft };
        tokio::spawn(async move { draft.await })
    });
    let buys: Vec<_> = buys.collect();
    for edit in edits {
        let reply = edit.await.expect("no panic");
        let known = ["", "cart_locked", "cart_completed", "not_found"];
        assert!(known.contains(&&*reply.problem_code()), "{}", reply.text());
    }
    let mut answers = Vec::new();
    for buy in buys {
        answers.push(buy.await.expect("no panic"));
    }
    answers
}

/// Four rounds on each engine, or 200 with `TECHTROVE_TEST_REPEAT=50`.
#[tokio::test]
async fn an_order_is_what_was_priced_whoever_edits_meanwhile() {
    for _ in 0..repetitions() {
        for db in engines().await {
            four_rounds(&db).await;
            db.close().await;
        }
    }
}

async fn four_rounds(db: &TestDb) {
    let world = World::new((**db).clone());
    let shop = Arc::new(world.shop(Setting::default()).await);
    let mut orders = 0;
    for number in 0..4 {
        let answers = round(&shop, number).await;

        let context = format!("{} round {number}", db.label());
        let mut made: Vec<String> = Vec::new();
        for answer in &answers {
            if answer.status == 201 {
                made.push(answer.value()["id"].as_str().expect("an id").to_owned());
            }
            let known = [
                "",
                "cart_locked",
                "cart_completed",
                "conflict",
                "out_of_stock",
                "idempotency_key_in_use",
            ];
            let code = answer.problem_code();
            assert!(
                known.contains(&&*code) || code == "invalid_request",
                "{context}: {}",
                answer.text()
            );
        }
        made.dedup();
        assert!(made.len() <= 1, "{context}: {made:?}");
        orders += made.len();
    }
    shop.app.drivers.idle().await;

    assert!(orders >= 1, "{}", db.label());
    assert_sums(&world, orders).await;
    world.assert_settled(db.label()).await;
}

/// Asserts that there are so many orders that were not refused, and that each one's sums are those of its lines.
async fn assert_sums(world: &World, count: usize) {
    let mut orders = world.orders().await;
    orders.retain(|order| !order.refused);
    assert_eq!(orders.len(), count);
    for order in orders {
        // What needs no parcel has arrived by itself.
        let stays = order.lines.iter().filter(|line| line.ships()).count();
        let status = match stays {
            0 => OrderStatus::Delivered,
            _ if stays < order.lines.len() => OrderStatus::Processing,
            _ => OrderStatus::Confirmed,
        };
        assert_eq!(order.status, status);
        let each = order.lines.iter().map(|line| line.unit_price.amount * line.quantity.as_i64());
        assert!(order.lines.iter().map(|line| line.total.amount).eq(each.clone()));
        let sum: i64 = each.sum();
        assert_eq!(order.totals.subtotal.amount, sum);
        let shipping = order.totals.shipping.amount;
        assert_eq!(order.totals.total.amount, sum + shipping + order.totals.tax.amount);
    }
}

#[tokio::test]
async fn additions_at_once_never_lose_one_another() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let (owner, path) = cart_of(&shop.actor, &[]).await;
        let adds: Vec<_> = (0..50)
            .map(|number| {
                let sku = if number % 2 == 0 { "GPU" } else { "CPU" };
                let draft =
                    owner.post(&format!("{path}/items"), &json!({"sku": sku, "quantity": 2}));
                tokio::spawn(async move { draft.await })
            })
            .collect();

        for add in adds {
            let _ = add.await.expect("no panic").expect(201);
        }

        let cart = owner.get(&path).await.expect(200).value();
        let mut counts: Vec<_> = cart["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| (item["sku"].as_str().expect("a SKU"), item["quantity"].as_i64()))
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [("CPU", Some(50)), ("GPU", Some(50))], "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn claims_at_once_add_a_cart_once() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let (guest, path) = cart_of(&shop.actor, &[("GPU", 3), ("KEY", 1)]).await;
        let ada = guest.bearer(&world.token(1, &[techtrove_identity_api::Role::Customer]));
        let (_, _) = cart_of(&ada, &[("GPU", 1)]).await;
        let claims: Vec<_> = (0..20)
            .map(|_| {
                let draft = ada.post(&format!("{path}/claim"), &json!({}));
                tokio::spawn(async move { draft.await })
            })
            .collect();

        for claim in claims {
            let claimed = claim.await.expect("no panic").expect(200).value();
            let items = claimed["items"].as_array().expect("a list").iter();
            let counts: Vec<_> = items.map(|item| (&item["sku"], &item["quantity"])).collect();
            let expected = [(&json!("KEY"), &json!(1)), (&json!("GPU"), &json!(4))];
            assert_eq!(counts, expected, "{}", db.label());
        }
        db.close().await;
    }
}

#[tokio::test]
async fn a_refusal_opens_the_cart_again() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let (owner, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;
        let item = owner.get(&path).await.expect(200).value()["items"][0]["id"].clone();
        let one = format!("{path}/items/{}", item.as_str().expect("an id"));

        let declined = checkout(&owner, &path, "tok_declined").await.expect(402);
        assert_eq!(
            (declined.problem_code(), status(&owner, &path).await),
            ("payment_declined".into(), json!("open"))
        );
        // The token is found fault with once the stock is set aside.
        let rejected = checkout(&owner, &path, "tok_rejected").await.expect(422);
        assert_eq!(
            (rejected.pointers(), status(&owner, &path).await),
            (vec!["/payment/token".into()], json!("open"))
        );
        let _ = owner.patch(&one, &json!({"quantity": 51})).await.expect(200);
        let scarce = checkout(&owner, &path, "tok_ok").await.expect(409);
        assert_eq!(
            (scarce.problem_code(), status(&owner, &path).await),
            ("out_of_stock".into(), json!("open"))
        );
        let _ = owner.patch(&one, &json!({"quantity": 50})).await.expect(200);
        let order = checkout(&owner, &path, "tok_ok").await.expect(201);
        shop.app.drivers.idle().await;

        assert_eq!(order.value()["lines"][0]["quantity"], 50, "{}", db.label());
        assert_eq!(status(&owner, &path).await, "completed", "{}", db.label());
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn a_retry_under_the_same_key_gets_the_same_order_or_refusal() {
    for (token, first_status) in [("tok_ok", 201), ("tok_declined", 402)] {
        let world = world().await;
        let shop = world.shop(Setting::default()).await;
        let (owner, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;
        let buy = || {
            owner.post(&format!("{path}/checkout"), &terms(token)).header("idempotency-key", "k-1")
        };

        let first = buy().await.expect(first_status);
        let again = buy().await.expect(first_status);
        shop.app.drivers.idle().await;

        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(first.value()["id"], again.value()["id"]);
        assert_eq!(first.value()["guest_token"], again.value()["guest_token"]);
        assert_eq!(world.orders().await.len(), 1);
        world.assert_settled(token).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pending_order_completes_the_cart() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (owner, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;

    let order = checkout(&owner, &path, "tok_timeout").await.expect(201);
    let again = checkout(&owner, &path, "tok_ok").await.expect(409);
    world.settle().await;

    assert_eq!(
        (order.value()["status"].clone(), again.problem_code()),
        (json!("pending"), "cart_completed".into())
    );
    assert_eq!(status(&owner, &path).await, "completed");
    world.assert_settled("pending").await;
}

#[tokio::test]
async fn a_cart_is_locked_while_its_order_is_being_placed() {
    let world = world().await;
    let trap = Trap::at(2, Moment::Before);
    let shop = Arc::new(world.shop(Setting::trapped(Arc::clone(&trap))).await);
    let (owner, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let item = owner.get(&path).await.expect(200).value()["items"][0]["id"].clone();
    let one = format!("{path}/items/{}", item.as_str().expect("an id"));
    let buying = owner.post(&format!("{path}/checkout"), &terms("tok_ok"));
    let buying = tokio::spawn(async move { buying.header("idempotency-key", "k").await });
    trap.caught().await;

    let meanwhile = [
        owner.patch(&one, &json!({"quantity": 2})).await,
        owner.delete(&one).await,
        owner.post(&format!("{path}/items"), &json!({"sku": "KEY", "quantity": 1})).await,
        checkout(&owner, &path, "tok_ok").await,
    ];
    let same = owner.post(&format!("{path}/checkout"), &terms("tok_ok"));
    let same = same.header("idempotency-key", "k").await.expect(409);
    trap.open();
    let order = buying.await.expect("no panic").expect(201);
    shop.app.drivers.idle().await;

    for refused in meanwhile {
        let refused = refused.expect(409);
        assert_eq!(
            (refused.problem_code(), refused.header("retry-after")),
            ("cart_locked".into(), "1")
        );
    }
    assert_eq!(same.problem_code(), "idempotency_key_in_use");
    assert_eq!(order.value()["totals"]["subtotal"]["amount"], 129_900);
    world.assert_settled("locked").await;
}

#[tokio::test]
async fn after_a_crash_the_cart_opens_or_completes_with_its_order() {
    // Call 1 is the hold, 2 authorises, 3 commits.
    for (number, moment, end) in [
        (1, Moment::Before, "open"),
        (1, Moment::After, "open"),
        (2, Moment::Before, "open"),
        (2, Moment::After, "completed"),
        (3, Moment::After, "completed"),
    ] {
        let context = format!("dies {moment:?} call {number}");
        let world = world().await;
        let trap = Trap::at(number, moment);
        let dying = world.shop(Setting::trapped(Arc::clone(&trap))).await;
        let (owner, path) = cart_of(&dying.actor, &[("GPU", 1)]).await;
        let process = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let token = owner.clone();
        let place = path.clone();
        process.spawn(async move { checkout(&token, &place, "tok_ok").await });
        trap.caught().await;
        process.shutdown_background();

        assert_eq!(status(&owner, &path).await, "locked", "{context}");
        let shop = world.shop(Setting::default()).await;
        world.clock.advance(Duration::from_secs(9));
        recover_due(&shop.app).await.expect("recovers");
        assert_eq!(status(&owner, &path).await, end, "{context}");
        world.settle().await;
        world.assert_settled(&context).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_leaves_the_cart_to_the_next_try() {
    let world = world().await;
    let down = Script::new().every("/internal/inventory", Fault::Unreachable);
    let shop = world.shop(Setting::faulty(down)).await;
    let (owner, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;

    let first = checkout(&owner, &path, "tok_ok").await.expect(503);
    shop.app.drivers.idle().await;
    let meanwhile = checkout(&owner, &path, "tok_ok").await.expect(409);
    world.settle().await;
    let healed = world.shop(Setting::default()).await;
    let owner = healed.actor.with_header("x-cart-token", &guest_token(&healed, &path));
    let again = checkout(&owner, &path, "tok_ok").await.expect(201);
    healed.app.drivers.idle().await;

    assert_eq!(
        (first.problem_code(), meanwhile.problem_code()),
        ("unavailable".into(), "cart_locked".into())
    );
    assert_eq!(again.value()["status"], "confirmed");
    world.assert_settled("healed").await;
}

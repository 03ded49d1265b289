//! What buyers and staff do with an order that was placed, through HTTP: edits, and who may make them.

use serde_json::{Value, json};
use techtrove_http::Fault;
use techtrove_identity_api::Role;
use techtrove_orders_api::OrderStatus;
use techtrove_testing::{Actor, Draft, Reply, engines, faults::Script, sqlite_inline};

use crate::world::{ORDERS, Setting, Shop, World, wish};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// Somebody of this number and role.
fn user(world: &World, shop: &Shop, number: u128, role: Role) -> Actor {
    shop.actor.bearer(&world.token(number, &[role]))
}

/// An order of these lines, with its path, and who bought it: with the token, if that was a guest.
async fn bought(shop: &Shop, buyer: &Actor, lines: &[(&str, i64)]) -> (String, Actor) {
    let order = buyer.post(ORDERS, &wish(lines, "tok_ok")).await.expect(201).value();
    shop.app.drivers.idle().await;
    let path = format!("{ORDERS}/{}", order["id"].as_str().expect("an id"));
    let owner = match order["guest_token"].as_str() {
        Some(token) => buyer.with_header("x-guest-token", token),
        None => buyer.clone(),
    };
    (path, owner)
}

fn patch(who: &Actor, path: &str, body: &Value) -> Draft {
    who.patch(path, body).header("if-match", "*")
}

fn address(name: &str, country: &str) -> Value {
    json!({"name": name, "line1": "2 Road", "city": "Leeds", "postal_code": "LS1", "country": country})
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_raises_the_version() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
        let before = guest.get(&path).await.expect(200);
        let edit = json!({
            "shipping_address": address("Grace Hopper", "US"),
            "billing_address": address("The Navy", "US"),
            "email": "grace@example.com",
            "note": "  Ring twice.\r\nThank you \u{1f600} ",
        });

        let reply = guest.patch(&path, &edit).header("if-match", before.header("etag")).await;

        let after = reply.clone().expect(200).value();
        assert_eq!(after["shipping_address"], edit["shipping_address"], "{}", db.label());
        assert_eq!(after["billing_address"], edit["billing_address"], "{}", db.label());
        assert_eq!(after["email"], "grace@example.com");
        assert_eq!(after["note"], "Ring twice.\nThank you \u{1f600}", "{}", db.label());
        assert_eq!((&before.value()["version"], &after["version"]), (&json!(1), &json!(2)));
        for kept in ["totals", "lines", "history", "number", "status", "created_at"] {
            assert_eq!(after[kept], before.value()[kept], "{kept}");
        }
        let seen = guest.get(&path).await.expect(200);
        assert_eq!((seen.value(), seen.header("etag")), (after, reply.header("etag")));

        let cleared = json!({"billing_address": null, "note": null});
        let cleared = patch(&guest, &path, &cleared).await.expect(200).value();
        let support = user(&world, &shop, 3, Role::Support);
        let found = support.get(&format!("{ORDERS}?email=GRACE@example.com")).await.value();

        assert_eq!((&cleared["billing_address"], &cleared["note"]), (&Value::Null, &Value::Null));
        assert_eq!(
            (&cleared["email"], &cleared["version"]),
            (&json!("grace@example.com"), &json!(3))
        );
        assert_eq!(found["items"][0]["id"], cleared["id"], "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn what_was_not_seen_is_not_edited() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
    let etag = guest.get(&path).await.header("etag").to_owned();
    let note = |text: &str| json!({ "note": text });

    let blind = guest.patch(&path, &note("one")).await.expect(428);
    let _ = guest.patch(&path, &note("two")).header("if-match", &etag).await.expect(200);
    let stale = guest.patch(&path, &note("three")).header("if-match", &etag).await.expect(412);
    let same = patch(&guest, &path, &note("two")).await.expect(200).value();
    let nothing = patch(&guest, &path, &json!({})).await.expect(200).value();

    assert_eq!(blind.problem_code(), "precondition_required");
    assert_eq!(stale.problem_code(), "precondition_failed");
    assert_eq!((&same["note"], &same["version"]), (&json!("two"), &json!(2)));
    assert_eq!(nothing, same, "an edit of nothing is none");
}

#[tokio::test]
async fn one_of_many_edits_at_once_wins_each_version() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
        let etag = guest.get(&path).await.header("etag").to_owned();

        let edits: Vec<_> = (0..10)
            .map(|number| {
                let edit = json!({"note": format!("edit {number}")});
                tokio::spawn(guest.patch(&path, &edit).header("if-match", &etag).into_future())
            })
            .collect();
        let mut won: Vec<Reply> = Vec::new();
        for edit in edits {
            let reply = edit.await.expect("no panic");
            match reply.status.as_u16() {
                200 => won.push(reply),
                _ => drop(reply.expect(412)),
            }
        }

        assert_eq!(won.len(), 1, "{}", db.label());
        assert_eq!(guest.get(&path).await.value(), won[0].value(), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn an_order_is_edited_by_its_buyer_and_by_support() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) =
        (user(&world, &shop, 1, Role::Customer), user(&world, &shop, 2, Role::Customer));
    let (guests, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
    let (_, other_guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
    let (adas, _) = bought(&shop, &ada, &[("CPU", 1)]).await;
    let manager = user(&world, &shop, 4, Role::Manager);
    let (managers, _) = bought(&shop, &manager, &[("CPU", 1)]).await;

    for (number, (who, path, status)) in [
        (&guest, &guests, 200),
        (&other_guest, &guests, 404),
        (&ada, &guests, 404),
        (&shop.actor, &guests, 401),
        (&ada, &adas, 200),
        (&bob, &adas, 404),
        (&guest, &adas, 404),
        (&shop.actor, &adas, 401),
        (&user(&world, &shop, 3, Role::Support), &adas, 200),
        (&user(&world, &shop, 5, Role::Admin), &guests, 200),
        (&manager, &adas, 403),
        (&manager, &managers, 200),
        (&shop.actor.bearer("garbled"), &adas, 401),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"note": format!("edit {number}")});
        let _ = patch(who, path, &body).await.expect(status);
        // Who may not is told so whatever else is wrong.
        if status != 200 {
            let _ = who.patch(path, &json!({"colour": "red"})).await.expect(status);
        }
    }
}

#[tokio::test]
async fn wrong_edits_are_refused_by_their_pointer_and_change_nothing() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
    let before = guest.get(&path).await.value();
    let mut nameless = address("x", "GB");
    nameless["name"] = json!(" ");

    for (body, pointer) in [
        (json!([]), ""),
        (json!({"shipping_address": null}), "/shipping_address"),
        (json!({"shipping_address": {}}), "/shipping_address/name"),
        (json!({ "shipping_address": nameless }), "/shipping_address/name"),
        (json!({"billing_address": address("x", "XX")}), "/billing_address/country"),
        (json!({"email": null}), "/email"),
        (json!({"email": "ada"}), "/email"),
        (json!({"note": "n".repeat(1_001)}), "/note"),
        (json!({"note": "a\u{7}b"}), "/note"),
        (json!({"note": "a\u{0}b"}), "/note"),
        (json!({"note": 7}), "/note"),
        (json!({"status": "delivered"}), "/status"),
        (json!({"totals": {}}), "/totals"),
        (json!({"lines": []}), "/lines"),
        (json!({"user_id": null}), "/user_id"),
        (json!({"shipping_method": "express"}), "/shipping_method"),
        (json!({"version": 9}), "/version"),
    ] {
        let refused = patch(&guest, &path, &body).await.expect(422);
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    let long = json!({"note": "é".repeat(1_000)});
    let _ = patch(&guest, &path, &long).await.expect(200);
    let _ = patch(&guest, &path, &json!({"note": " \n "})).await.expect(200);
    let mut after = guest.get(&path).await.value();
    for member in ["version", "updated_at"] {
        after[member] = before[member].clone();
    }
    assert_eq!(after, before);
}

#[tokio::test]
async fn an_edit_never_changes_what_is_charged() {
    let world = world().await;
    // Licences do not arrive here, so that their order stays open.
    let script = Script::new().every("/ship", Fault::Unreachable);
    let shop = world.shop(Setting::faulty(script)).await;
    let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
    let (licence, buyer) = bought(&shop, &shop.actor, &[("KEY", 1)]).await;
    let to = |country| json!({"shipping_address": address("Ada", country)});
    let bill = |country| json!({"billing_address": address("Ada", country)});

    // Taxes differ abroad; goods are taxed where they go, licences where the bill goes.
    for (who, path, edit, status) in [
        (&guest, &path, to("US"), 200),
        (&guest, &path, to("DE"), 409),
        (&guest, &path, bill("DE"), 200),
        (&buyer, &licence, bill("DE"), 409),
        (&buyer, &licence, bill("US"), 200),
    ] {
        let before = who.get(path).await.value()["totals"].take();
        let reply = patch(who, path, &edit).await.expect(status);
        let code = if status == 409 { "total_would_change" } else { "" };
        assert_eq!(reply.problem_code(), code, "{edit}");
        assert_eq!(who.get(path).await.value()["totals"], before, "{edit}");
    }
}

#[tokio::test]
async fn an_order_that_has_ended_is_not_edited() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let support = user(&world, &shop, 3, Role::Support);
    let _ = shop.actor.post(ORDERS, &wish(&[("CPU", 1)], "tok_declined")).await.expect(402);
    let refused = support.get(ORDERS).await.value()["items"][0]["id"].take();
    let path = format!("{ORDERS}/{}", refused.as_str().expect("an id"));

    let reply = patch(&support, &path, &json!({"email": "ada@example.com"})).await.expect(409);

    assert_eq!(reply.problem_code(), "invalid_transition");
    assert_eq!(support.get(&path).await.value()["email"], Value::Null);
}

/// The statuses which an order has passed.
async fn stations(who: &Actor, path: &str) -> Vec<Value> {
    let order = who.get(path).await.expect(200).value();
    let history = order["history"].as_array().expect("a list").clone();
    history.into_iter().map(|mut entry| entry["status"].take()).collect()
}

async fn act(who: &Actor, path: &str, action: &str) -> Reply {
    who.request("POST".parse().expect("a method"), &format!("{path}/{action}")).await
}

#[tokio::test]
async fn an_order_is_packed_shipped_and_delivered_one_station_at_a_time() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let manager = user(&world, &shop, 4, Role::Manager);
        let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1), ("GPU", 1)]).await;

        for (action, status) in
            [("deliver", 409), ("process", 200), ("process", 409), ("deliver", 409)]
        {
            let reply = act(&manager, &path, action).await.expect(status);
            let code = if status == 409 { "invalid_transition" } else { "" };
            assert_eq!(reply.problem_code(), code, "{action}");
        }
        let parcel = json!({"carrier": "DHL", "tracking_number": "JD0001"});
        manager.post(&format!("{path}/shipments"), &parcel).await.expect(201);
        shop.app.drivers.idle().await;
        let listed = manager.get(ORDERS).await.expect(200).value()["items"][0].take();
        let late = patch(&guest, &path, &json!({"note": "too late"})).await.expect(409);
        let delivered = act(&manager, &path, "deliver").await.expect(200).value();
        let again = act(&manager, &path, "deliver").await.expect(409);

        assert_eq!(late.problem_code(), "invalid_transition", "{}", db.label());
        assert_eq!(listed["shipments"][0]["tracking_number"], "JD0001", "{}", db.label());
        assert_eq!(listed["shipments"][0]["lines"].as_array().map(Vec::len), Some(2));
        assert_eq!((&delivered["status"], &delivered["version"]), (&json!("delivered"), &json!(1)));
        assert_eq!(again.problem_code(), "invalid_transition");
        assert_eq!(
            stations(&guest, &path).await,
            ["pending", "confirmed", "processing", "shipped", "delivered"],
            "{}",
            db.label()
        );
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn only_managers_move_an_order() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = user(&world, &shop, 1, Role::Customer);
    let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;
    let (adas, _) = bought(&shop, &ada, &[("CPU", 1)]).await;

    for action in ["process", "deliver"] {
        for (who, path, status) in [
            (&shop.actor, &path, 401),
            (&guest, &path, 401),
            (&ada, &adas, 403),
            (&ada, &path, 403),
            (&user(&world, &shop, 3, Role::Support), &path, 403),
        ] {
            let _ = act(who, path, action).await.expect(status);
        }
        let manager = user(&world, &shop, 4, Role::Manager);
        let nowhere = format!("{ORDERS}/ord_01kafy3m2se6rbq3tmn4y4bwqd");
        let _ = act(&manager, &nowhere, action).await.expect(404);
        let fields = manager.post(&format!("{path}/{action}"), &json!({"why": "x"})).await;
        assert_eq!(fields.expect(422).pointers(), ["/why"]);
    }
    let _ = act(&user(&world, &shop, 5, Role::Admin), &path, "process").await.expect(200);
}

#[tokio::test]
async fn packing_at_once_happens_once() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let manager = user(&world, &shop, 4, Role::Manager);
        let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1)]).await;

        let tries: Vec<_> = (0..8)
            .map(|_| {
                let (manager, path) = (manager.clone(), path.clone());
                tokio::spawn(async move { act(&manager, &path, "process").await })
            })
            .collect();
        let mut packed = 0;
        for reply in tries {
            let reply = reply.await.expect("no panic");
            packed += i32::from(reply.status == 200);
            assert!(matches!(reply.status.as_u16(), 200 | 409), "{}", reply.text());
        }

        assert_eq!(packed, 1, "{}", db.label());
        assert_eq!(stations(&guest, &path).await, ["pending", "confirmed", "processing"]);
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn licences_arrive_by_themselves_and_their_keys_are_shown_to_their_buyer() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let ada = user(&world, &shop, 1, Role::Customer);
        let (path, _) = bought(&shop, &ada, &[("KEY", 2)]).await;
        let keys = json!([
            {"sku": "KEY", "key": "SECRET-0"}, {"sku": "KEY", "key": "SECRET-1"},
        ]);

        let seen = ada.get(&path).await.expect(200).value();
        let support = user(&world, &shop, 3, Role::Support).get(&path).await.expect(200).value();
        let manager = user(&world, &shop, 4, Role::Manager).get(&path).await.expect(200).value();
        let listed = ada.get(ORDERS).await.expect(200).text();
        let cancel = ada.post(&format!("{path}/cancel"), &json!({})).await.expect(409);

        assert_eq!((&seen["status"], &seen["licence_keys"]), (&json!("delivered"), &keys));
        assert_eq!((&support["licence_keys"], &manager["licence_keys"]), (&keys, &Value::Null));
        assert!(!listed.contains("SECRET"), "{listed}");
        assert_eq!(cancel.problem_code(), "invalid_transition");
        assert_eq!(
            stations(&ada, &path).await,
            ["pending", "confirmed", "processing", "shipped", "delivered"],
            "{}",
            db.label()
        );
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn a_mixed_order_gives_its_keys_at_once_and_may_still_be_sent_elsewhere() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (path, guest) = bought(&shop, &shop.actor, &[("CPU", 1), ("KEY", 1)]).await;

    let seen = guest.get(&path).await.expect(200).value();
    let moved = json!({"shipping_address": address("Grace", "US")});
    let _ = patch(&guest, &path, &moved).await.expect(200);

    assert_eq!(seen["status"], "processing");
    assert_eq!(seen["licence_keys"], json!([{"sku": "KEY", "key": "SECRET-0"}]));
    assert_eq!(world.orders().await[0].status, OrderStatus::Processing);
    world.assert_settled("mixed").await;
}

#[tokio::test]
async fn an_order_is_shown_without_keys_while_inventory_is_away_and_no_mail_is_written() {
    let world = world().await;
    let script = Script::new().every("/keys", Fault::Unreachable);
    let shop = world.shop(Setting::faulty(script)).await;
    let (path, guest) = bought(&shop, &shop.actor, &[("KEY", 1)]).await;
    let id = path.rsplit('/').next().expect("an id");
    let mail = format!("/internal/orders/orders/{id}/mail");

    let seen = guest.get(&path).await.expect(200).value();
    let with_keys = shop.internal.get(&format!("{mail}?licence_keys=true")).await;
    let without = shop.internal.get(&mail).await.expect(200).value();
    let back = world.shop(Setting::default()).await;
    let later = back.internal.get(&format!("{mail}?licence_keys=true")).await.expect(200).value();

    assert_eq!((&seen["status"], &seen["licence_keys"]), (&json!("delivered"), &Value::Null));
    assert!(with_keys.status.is_server_error(), "{}", with_keys.text());
    assert_eq!(without["licence_keys"], json!([]));
    assert_eq!(later["licence_keys"][0]["key"], "SECRET-0");
}

#[tokio::test]
async fn keys_are_told_by_an_event_which_does_not_have_them() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let _ = bought(&shop, &shop.actor, &[("KEY", 2), ("CPU", 1)]).await;

    let told = world.db.read("test.outbox", |tx| {
        tx.query("SELECT kind, data FROM outbox", techtrove_db::p![], |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?))
        })
    });
    let told: Vec<_> = told.await.map_err(|error: techtrove_db::DbError| error).expect("read");

    let of_keys = told.iter().filter(|(kind, _)| kind == "orders.order.keys_delivered.v1");
    assert_eq!(of_keys.count(), 1);
    assert!(told.iter().all(|(_, data)| !data.contains("SECRET")), "{told:?}");
}

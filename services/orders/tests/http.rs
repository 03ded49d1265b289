//! Orders through HTTP, as guests, users and staff see it, and as strangers try it.

use serde_json::{Value, json};
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::Client;
use techtrove_identity_api::Role;
use techtrove_orders::{
    Config,
    domain::tax::{TaxRate, TaxTable},
    service,
};
use techtrove_orders_api::{
    MailQuery, OrderEntry, OrderForMail, OrderId, OrderStatus, OrdersClient, StockClaim,
};
use techtrove_testing::{Actor, sqlite_inline};

use crate::world::{Setting, Shop, World, wish};

const ORDERS: &str = "/api/v1/orders";

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// A guest's order of a graphics card, with the guest's token.
async fn bought(shop: &Shop, buyer: &Actor) -> (String, String) {
    let reply = buyer.post(ORDERS, &wish(&[("GPU", 1)], "tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;
    let body = reply.value();
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    (text("id"), text("guest_token"))
}

#[tokio::test]
async fn an_order_says_what_was_bought_and_what_it_costs() {
    let world = world().await;
    let mut config = Config::default();
    config.pricing.tax = TaxTable::flat(TaxRate::new(750).expect("a rate"));
    let shop = world.shop(Setting { config, ..Setting::default() }).await;

    let reply =
        shop.actor.post(ORDERS, &wish(&[("GPU", 2), ("KEY", 1)], "tok_ok")).await.expect(201);

    let body = reply.value();
    let id = body["id"].as_str().expect("an id");
    assert_eq!(reply.header("location"), format!("{ORDERS}/{id}"));
    assert!(id.starts_with("ord_"));
    assert!(body["payment"]["id"].as_str().expect("an id").starts_with("pay_"));
    let number = body["number"].as_str().expect("a number");
    assert!(number.starts_with("TT-") && number.len() == 13, "{number}");
    let usd = |amount: i64| json!({"amount": amount, "currency": "USD"});
    assert_eq!(body["lines"][0]["name"], "A GPU");
    assert_eq!(body["lines"][0]["unit_price"], usd(129_900));
    assert_eq!(body["lines"][0]["total"], usd(259_800));
    assert_eq!(
        body["totals"],
        json!({
            "subtotal": usd(264_700), "discount": usd(0), "shipping": usd(500),
            "tax": usd(19_485 + 368 + 38), "total": usd(264_700 + 500 + 19_891),
        })
    );
    assert_eq!((&body["status"], &body["return_status"]), (&json!("confirmed"), &json!("none")));
    assert_eq!((&body["shipments"], &body["version"]), (&json!([]), &json!(1)));
    let stations: Vec<&Value> =
        body["history"].as_array().expect("a list").iter().map(|entry| &entry["status"]).collect();
    assert_eq!(stations, ["pending", "confirmed"]);
}

#[tokio::test]
async fn an_order_is_shown_to_whom_it_concerns() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let as_user = |number, roles: &[Role]| shop.actor.bearer(&world.token(number, roles));
    let (ada, bob) = (as_user(1, &[Role::Customer]), as_user(2, &[Role::Customer]));
    let (guests, token) = bought(&shop, &shop.actor).await;
    let (adas, adas_token) = bought(&shop, &ada).await;
    let (guests, adas) = (format!("{ORDERS}/{guests}"), format!("{ORDERS}/{adas}"));
    let guest = shop.actor.with_header("x-guest-token", &token);
    let others = shop.actor.with_header("x-guest-token", &"A".repeat(43));
    let no_token = shop.actor.with_header("x-guest-token", "wrong");
    let garbled = shop.actor.bearer("garbled");
    let staff = [Role::Support, Role::Manager, Role::Admin].map(|role| as_user(3, &[role]));

    assert_eq!(adas_token, "", "a user's order has no guest token");
    for (who, path, status) in [
        (&guest, &guests, 200),
        (&ada, &guests, 404),
        (&shop.actor, &guests, 401),
        (&others, &guests, 404),
        (&no_token, &guests, 401),
        (&ada, &adas, 200),
        (&bob, &adas, 404),
        (&shop.actor, &adas, 401),
        (&guest, &adas, 404),
        (&garbled, &adas, 401),
        (&staff[0], &adas, 200),
        (&staff[1], &guests, 200),
        (&staff[2], &adas, 200),
    ] {
        let _ = who.get(path).await.expect(status);
    }
    let (none, other_kind) = ("ord_01kafy3m2se6rbq3tmn4y4bwqd", "prod_01kafy3m2se6rbq3tmn4y4bwqd");
    for path in [none, other_kind, "ord_x", "%00"] {
        let _ = ada.get(&format!("{ORDERS}/{path}")).await.expect(404);
    }
    let challenge = shop.actor.get(&guests).await;
    assert!(challenge.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn an_order_has_a_version_and_is_not_sent_twice() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (id, token) = bought(&shop, &shop.actor).await;
    let guest = shop.actor.with_header("x-guest-token", &token);
    let path = format!("{ORDERS}/{id}");

    let first = guest.get(&path).await.expect(200);
    let etag = first.header("etag").to_owned();
    let again = guest.get(&path).header("if-none-match", &etag).await.expect(304);

    assert!(etag.starts_with("\"v1-"), "{etag}");
    assert_eq!(again.header("etag"), etag);
    assert_eq!(first.value()["payment"]["status"], "captured");
    assert_eq!(first.value()["guest_token"], Value::Null);
}

#[tokio::test]
async fn a_refused_attempt_is_kept_for_staff_alone_without_the_buyer() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = shop.actor.bearer(&world.token(1, &[Role::Customer]));
    let support = shop.actor.bearer(&world.token(3, &[Role::Support]));

    let refused = ada.post(ORDERS, &wish(&[("GPU", 1)], "tok_declined")).await.expect(402);

    assert_eq!(refused.problem_code(), "payment_declined");
    assert_eq!(refused.value()["decline_code"], "card_declined");
    let order = world.orders().await.remove(0);
    let path = format!("{ORDERS}/{}", order.id);
    let _ = ada.get(&path).await.expect(404);
    let seen = support.get(&path).await.expect(200).value();
    assert_eq!(seen["status"], "payment_failed");
    for member in ["number", "email", "shipping_address"] {
        assert_eq!(seen[member], Value::Null, "{member}");
    }
}

#[tokio::test]
async fn out_of_stock_names_the_lines() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    let body = wish(&[("GPU", 30), ("CPU", 50), ("GPU", 30)], "tok_ok");
    let refused = shop.actor.post(ORDERS, &body).await.expect(409);

    assert_eq!(refused.problem_code(), "out_of_stock");
    assert_eq!(refused.value()["lines"], json!([{"sku": "GPU", "requested": 60, "available": 50}]));
    world.assert_settled("out of stock").await;
}

#[tokio::test]
async fn what_the_buyer_was_shown_is_what_is_charged() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let expecting = |amount: i64, currency: &str| {
        let mut body = wish(&[("GPU", 1)], "tok_ok");
        body["expected_total"] = json!({"amount": amount, "currency": currency});
        body
    };

    let changed = shop.actor.post(ORDERS, &expecting(130_399, "USD")).await.expect(409);
    let foreign = shop.actor.post(ORDERS, &expecting(130_400, "EUR")).await.expect(422);
    let _ = shop.actor.post(ORDERS, &expecting(130_400, "USD")).await.expect(201);

    assert_eq!(changed.problem_code(), "price_changed");
    assert_eq!(changed.value()["totals"]["total"]["amount"], 130_400);
    assert_eq!(foreign.problem_code(), "currency_mismatch");
}

#[tokio::test]
async fn licences_need_no_address_and_users_no_email() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let mut body = wish(&[("KEY", 1)], "tok_ok");
    for member in ["email", "shipping_address", "shipping_method"] {
        body.as_object_mut().expect("an object").remove(member);
    }

    let guest = shop.actor.post(ORDERS, &body).await.expect(422);
    let user = shop.actor.bearer(&world.token(1, &[Role::Customer]));
    let reply = user.post(ORDERS, &body).await.expect(201);

    assert_eq!(guest.pointers(), ["/email"]);
    assert_eq!(reply.value()["totals"]["shipping"]["amount"], 0);
}

/// A body with one value put in at a pointer; `null` puts it in as null.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = wish(&[("GPU", 1)], "tok_ok");
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).expect("the parent is there");
    match parent {
        Value::Array(items) => items[last.parse::<usize>().expect("an index")] = value,
        parent => parent[last] = value,
    }
    body
}

#[tokio::test]
async fn hostile_values_are_refused_by_their_pointer_and_leave_nothing() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let long = "x".repeat(10_000);
    let line = json!({"sku": "GPU", "quantity": 1});
    for (pointer, value, wrong) in [
        ("/lines", json!([]), "/lines"),
        ("/lines", json!(vec![line.clone(); 101]), "/lines"),
        ("/lines", json!("GPU"), "/lines"),
        ("/lines", json!(null), "/lines"),
        ("/lines/0/sku", json!("'; DROP TABLE orders; --"), "/lines/0/sku"),
        ("/lines/0/sku", json!("NOPE"), "/lines/0/sku"),
        ("/lines/0/sku", json!("gpu"), "/lines/0/sku"),
        ("/lines/0/sku", json!(long), "/lines/0/sku"),
        ("/lines/0/sku", json!(7), "/lines/0/sku"),
        ("/lines/0/quantity", json!(0), "/lines/0/quantity"),
        ("/lines/0/quantity", json!(-1), "/lines/0/quantity"),
        ("/lines/0/quantity", json!(1.5), "/lines/0/quantity"),
        ("/lines/0/quantity", json!("1"), "/lines/0/quantity"),
        ("/lines/0/quantity", json!(10_001), "/lines/0/quantity"),
        ("/lines/0/quantity", json!(9_223_372_036_854_775_807_i64), "/lines/0/quantity"),
        ("/lines/0/quantity", json!(1e300), "/lines/0/quantity"),
        ("/lines/0/unit_price", json!(1), "/lines/0/unit_price"),
        ("/email", json!("ada"), "/email"),
        ("/email", json!("ada@example.com\r\nBcc: eve@example.com"), "/email"),
        ("/email", json!(null), "/email"),
        ("/email", json!(format!("{long}@example.com")), "/email"),
        ("/shipping_address", json!(null), "/shipping_address"),
        ("/shipping_address", json!({}), "/shipping_address/name"),
        ("/shipping_address/name", json!(""), "/shipping_address/name"),
        ("/shipping_address/name", json!("a\u{0}b"), "/shipping_address/name"),
        ("/shipping_address/name", json!("a\nb"), "/shipping_address/name"),
        ("/shipping_address/line1", json!(long), "/shipping_address/line1"),
        ("/shipping_address/country", json!("XX"), "/shipping_address/country"),
        ("/shipping_address/country", json!("gb"), "/shipping_address/country"),
        ("/shipping_address/planet", json!("Mars"), "/shipping_address/planet"),
        ("/billing_address", json!({"name": 1}), "/billing_address/name"),
        ("/shipping_method", json!("teleport"), "/shipping_method"),
        ("/shipping_method", json!(null), "/shipping_method"),
        ("/payment", json!(null), "/payment"),
        ("/payment/provider", json!("cash"), "/payment/provider"),
        ("/payment/provider", json!(long), "/payment/provider"),
        ("/payment/token", json!(""), "/payment/token"),
        ("/payment/token", json!("a b"), "/payment/token"),
        ("/payment/token", json!("tök"), "/payment/token"),
        ("/payment/token", json!(long), "/payment/token"),
        ("/payment/amount", json!(1), "/payment/amount"),
        ("/expected_total", json!(130_400), "/expected_total"),
        ("/expected_total", json!({"amount": 1.5, "currency": "USD"}), "/expected_total/amount"),
        ("/status", json!("confirmed"), "/status"),
        ("/totals", json!({}), "/totals"),
        ("/user_id", json!("usr_01kafy3m2se6rbq3tmn4y4bwqd"), "/user_id"),
    ] {
        let body = with(pointer, value.clone());

        let refused = shop.actor.post(ORDERS, &body).await;

        let what: String = format!("{pointer} = {value}").chars().take(100).collect();
        assert_eq!(refused.status, 422, "{what}: {}", refused.text());
        assert_eq!(refused.pointers(), [wrong], "{what}: {}", refused.text());
        assert!(!refused.text().contains(&long), "{what}: the answer repeats what was sent");
    }
    assert!(world.entries().await.is_empty());
    world.assert_books_agree("hostile").await;
}

#[tokio::test]
async fn broken_requests_are_refused() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let body = wish(&[("GPU", 1)], "tok_ok").to_string();
    let post = || shop.actor.request("POST".parse().expect("a method"), ORDERS);

    for (draft, status) in [
        (post(), 415),
        (post().body("text/plain", body.clone()), 415),
        (post().body("application/json", ""), 400),
        (post().body("application/json", body.as_bytes()[1..].to_vec()), 400),
        (post().body("application/json", "[".repeat(100_000)), 400),
        (post().body("application/json", "null"), 422),
        (post().body("application/json", body.replacen('{', "{\"lines\":[],", 1)), 400),
        (post().body("application/json", " ".repeat(3 << 20)), 413),
        (post().body("application/json", body.clone()).header("idempotency-key", ""), 400),
        (
            post()
                .body("application/json", body.clone())
                .header("idempotency-key", &"k".repeat(256)),
            400,
        ),
        (post().body("application/json", body.clone()).header("authorization", "Bearer x"), 401),
        (post().body("application/json", body.clone()).header("authorization", "Basic eDp5"), 401),
        (shop.actor.put(ORDERS, &json!({})), 405),
        (shop.actor.get(&format!("{ORDERS}/ord_01kafy3m2se6rbq3tmn4y4bwqd/x")), 404),
    ] {
        let reply = draft.await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(!reply.problem_code().is_empty(), "{}", reply.text());
    }
    assert!(world.entries().await.is_empty());
}

#[tokio::test]
async fn quantities_that_overflow_are_refused_not_wrapped() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let lines = vec![("GPU", 10_000); 100];

    let refused = shop.actor.post(ORDERS, &wish(&lines, "tok_ok")).await.expect(409);

    assert_eq!(refused.value()["lines"][0]["requested"], 1_000_000);
    world.assert_settled("overflow").await;
}

#[tokio::test]
async fn mails_and_the_audit_learn_what_they_need() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (id, _) = bought(&shop, &shop.actor).await;
    let _ = shop.actor.post(ORDERS, &wish(&[("CPU", 99)], "tok_ok")).await.expect(409);
    let internal = service(&shop.app, world.authenticator()).internal;
    let client = OrdersClient::new(Client::local("orders", internal));
    let id: OrderId = id.parse().expect("an id");

    let mail: OrderForMail =
        client.order_for_mail(id, MailQuery::default()).await.expect("an order");
    let page = |cursor| PageRequest { limit: Some(1), cursor };
    let first: BookPage<OrderEntry> = client.audit_orders(&page(None)).await.expect("a page");
    let second = client.audit_orders(&page(first.next_cursor.clone())).await.expect("a page");

    assert_eq!(
        (mail.email.as_str(), mail.name.as_deref()),
        ("ada@example.com", Some("Ada Lovelace"))
    );
    assert_eq!((mail.lines.len(), mail.totals.total.amount), (1, 130_400));
    let sold = &first.items[0];
    assert_eq!(
        (sold.id, sold.status, sold.stock),
        (id, OrderStatus::Confirmed, StockClaim::Committed)
    );
    assert_eq!((sold.captured, sold.settled, sold.lines.len()), (130_400, true, 1));
    let refused = &second.items[0];
    assert_eq!((refused.status, refused.stock), (OrderStatus::Cancelled, StockClaim::Nothing));
    assert_eq!((refused.refused, second.next_cursor), (true, None));
    assert!(
        client.order_for_mail(refused.id, MailQuery::default()).await.is_err(),
        "nobody is to be written to"
    );
}

#[tokio::test]
async fn nothing_of_the_buyer_or_the_token_is_in_the_events() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let _ = bought(&shop, &shop.actor).await;

    let stored: Vec<String> = world
        .db
        .read("test.outbox", |tx| {
            tx.query("SELECT data FROM outbox", techtrove_db::p![], |row| row.get(0))
        })
        .await
        .map_err(|error: techtrove_db::DbError| error)
        .expect("read");

    assert_eq!(stored.len(), 1);
    for secret in ["ada", "Lovelace", "London", "tok_ok", "GPU"] {
        assert!(!stored[0].contains(secret), "{}", stored[0]);
    }
}

#[tokio::test]
async fn every_status_and_schema_is_documented() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let public = service(&shop.app, world.authenticator()).public;

    let document = serde_json::to_value(public.into_openapi()).expect("JSON");

    let answers = &document["paths"]["/api/v1/orders"]["post"]["responses"];
    for status in ["201", "400", "401", "402", "409", "413", "415", "422", "429", "500", "503"] {
        assert!(answers[status].is_object(), "{status}");
    }
    assert!(document["paths"]["/api/v1/orders/{id}"]["get"]["responses"]["304"].is_object());
}

#[tokio::test]
async fn a_user_without_address_is_written_to_where_identity_says() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let mut body = wish(&[("KEY", 1)], "tok_ok");
    for member in ["email", "shipping_address"] {
        body.as_object_mut().expect("an object").remove(member);
    }
    let mail_of = async |user: u128| {
        let user = shop.actor.bearer(&world.token(user, &[Role::Customer]));
        let order = user.post(ORDERS, &body).await.expect(201).value();
        let id = order["id"].as_str().expect("an id").to_owned();
        shop.internal.get(&format!("/internal/orders/orders/{id}/mail")).await
    };

    let known = mail_of(1).await.expect(200).value();
    let gone = mail_of(2).await.expect(404);

    assert_eq!((&known["email"], &known["name"]), (&json!("bob@example.com"), &json!("Bob")));
    assert_eq!(gone.problem_code(), "no_contact");
}

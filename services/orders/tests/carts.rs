//! Carts through HTTP: filled, shown and quoted, by their owners and by strangers.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_orders::{
    Config,
    domain::tax::{TaxRate, TaxTable},
};
use techtrove_testing::{Actor, sqlite_inline};

use crate::world::{
    CARTS, Setting, World, cart_of, customer, expected, guest_token, item, pieces, see, terms,
};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

fn usd(amount: i64) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

#[tokio::test]
async fn a_guest_fills_a_cart_and_buys_it() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;

    let made = shop.actor.post(CARTS, &json!({})).await.expect(201);
    let path = made.header("location").to_owned();
    let token = made.value()["cart_token"].as_str().expect("a token").to_owned();
    let guest = shop.actor.with_header("x-cart-token", &token);
    let filled = guest.post(&format!("{path}/items"), &item("GPU", 2)).await.expect(201);
    let order = guest.post(&format!("{path}/checkout"), &terms("tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!((made.value()["status"].clone(), token.len()), (json!("open"), 43));
    assert_eq!(made.value()["subtotal"], usd(0));
    let id = made.value()["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("cart_") && path == format!("{CARTS}/{id}"));
    let cart = filled.value();
    assert_eq!(cart["items"][0]["unit_price"], usd(129_900));
    assert_eq!(cart["items"][0]["total"], usd(259_800));
    assert_eq!((&cart["subtotal"], &cart["cart_token"]), (&usd(259_800), &Value::Null));
    assert_eq!(cart["items"][0]["name"], "A GPU");
    let order = order.value();
    assert_eq!((&order["status"], &order["totals"]["total"]), (&json!("confirmed"), &usd(260_300)));
    assert_eq!(order["guest_token"].as_str().map(str::len), Some(43));
    let cart = see(&guest, &path).await;
    assert_eq!((&cart["status"], &cart["order_id"]), (&json!("completed"), &order["id"]));
    world.assert_settled("bought").await;
}

#[tokio::test]
async fn a_bought_cart_is_never_changed_or_bought_again() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (guest, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let in_it = see(&guest, &path).await["items"][0]["id"].as_str().expect("an id").to_owned();
    let order = guest.post(&format!("{path}/checkout"), &terms("tok_ok")).await.expect(201);
    let one = format!("{path}/items/{in_it}");
    let ada = customer(&world, &shop, 1);
    let token = guest_token(&shop, &path);

    for refused in [
        guest.post(&format!("{path}/checkout"), &terms("tok_ok")).await,
        guest
            .post(&format!("{path}/checkout"), &terms("tok_ok"))
            .header("idempotency-key", "k")
            .await,
        guest.post(&format!("{path}/items"), &item("CPU", 1)).await,
        guest.patch(&one, &json!({"quantity": 3})).await,
        guest.delete(&one).await,
        guest.post(&format!("{path}/quote"), &json!({})).await,
        ada.post(&format!("{path}/claim"), &json!({})).header("x-cart-token", &token).await,
    ] {
        let refused = refused.expect(409);
        assert_eq!(refused.problem_code(), "cart_completed");
        assert_eq!(refused.value()["order_id"], order.value()["id"]);
    }
    shop.app.drivers.idle().await;
    assert_eq!(world.orders().await.len(), 1);
    world.assert_settled("once").await;
}

#[tokio::test]
async fn a_refusal_for_good_is_given_again() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (guest, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let _ = guest.post(&format!("{path}/checkout"), &terms("tok_ok")).await.expect(201);
    let ada = customer(&world, &shop, 1).with_header("x-cart-token", &guest_token(&shop, &path));

    for (who, path, body) in [
        (&guest, format!("{path}/items"), item("CPU", 1)),
        (&ada, format!("{path}/claim"), json!({})),
    ] {
        let ask = || who.post(&path, &body).header("idempotency-key", "once-more");
        let (first, again) = (ask().await.expect(409), ask().await.expect(409));

        assert_eq!(again.header("idempotent-replayed"), "true", "{path}");
        for member in ["code", "detail", "order_id", "instance"] {
            assert_eq!(first.value()[member], again.value()[member], "{path} {member}");
        }
        assert!(again.value()["trace_id"].is_string(), "{path}: {}", again.text());
    }
}

#[tokio::test]
async fn a_cart_is_shown_to_whom_it_concerns() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (customer(&world, &shop, 1), customer(&world, &shop, 2));
    let staff = shop.actor.bearer(&world.token(3, &[Role::Admin]));
    let (guest, guests) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let (other, _) = cart_of(&shop.actor, &[]).await;
    let (_, adas) = cart_of(&ada, &[("GPU", 1)]).await;
    let forged = shop.actor.with_header("x-cart-token", &guest_token(&shop, &adas));
    let garbled = shop.actor.with_header("x-cart-token", "garbled");

    for (who, path, status) in [
        (&guest, &guests, 200),
        (&shop.actor, &guests, 401),
        (&other, &guests, 404),
        (&garbled, &guests, 401),
        (&ada, &guests, 404),
        (&ada, &adas, 200),
        (&bob, &adas, 404),
        (&staff, &adas, 404),
        (&guest, &adas, 404),
        (&forged, &adas, 404),
        (&shop.actor, &adas, 401),
    ] {
        let _ = who.get(path).await.expect(status);
        if status != 200 {
            let items = format!("{path}/items");
            let none = format!("{items}/item_01kafy3m2se6rbq3tmn4y4bwqd");
            let _ = who.post(&items, &item("GPU", 1)).await.expect(status);
            let _ = who.patch(&none, &json!({"quantity": 1})).await.expect(status);
            let _ = who.delete(&none).await.expect(status);
            let _ = who.post(&format!("{path}/quote"), &json!({})).await.expect(status);
            let _ = who.post(&format!("{path}/checkout"), &terms("tok_ok")).await.expect(status);
        }
    }
    for action in ["items", "quote", "checkout"] {
        let nobody = shop.actor.post(&format!("{guests}/{action}"), &json!({"x": 1})).await;
        assert_eq!(nobody.status, 401, "{action}");
    }
    for path in ["cart_01kafy3m2se6rbq3tmn4y4bwqd", "ord_01kafy3m2se6rbq3tmn4y4bwqd", "x", "%00"] {
        let _ = ada.get(&format!("{CARTS}/{path}")).await.expect(404);
    }
    let both = ada.with_header("x-cart-token", &guest_token(&shop, &guests));
    assert_eq!(pieces(&see(&both, &guests).await), expected(&[("GPU", 1)]));
    assert!(world.entries().await.is_empty());
}

#[tokio::test]
async fn a_users_newest_open_cart_is_the_current_one() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = customer(&world, &shop, 1);
    let current = format!("{CARTS}/current");

    let _ = shop.actor.get(&current).await.expect(401);
    let _ = ada.get(&current).await.expect(404);
    let (_, first) = cart_of(&ada, &[("GPU", 1)]).await;
    world.clock.advance(Duration::from_secs(1));
    let (_, second) = cart_of(&ada, &[("CPU", 1)]).await;
    let newest = see(&ada, &current).await;
    let _ = ada.post(&format!("{second}/checkout"), &terms("tok_ok")).await.expect(201);
    let left = see(&ada, &current).await;
    shop.app.drivers.idle().await;

    assert_eq!(format!("{CARTS}/{}", newest["id"].as_str().expect("an id")), second);
    assert_eq!(newest["cart_token"], Value::Null, "users have no cart tokens");
    assert_eq!(left, see(&ada, &first).await);
}

#[tokio::test]
async fn items_are_added_changed_and_taken_out() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (guest, path) = cart_of(&shop.actor, &[("GPU", 2), ("KEY", 1), ("GPU", 3)]).await;
    let items = format!("{path}/items");
    let cart = see(&guest, &path).await;
    let gpu = format!("{items}/{}", cart["items"][0]["id"].as_str().expect("an id"));

    let refused = guest.post(&items, &item("GPU", 9_996)).await.expect(422);
    let changed = guest.patch(&gpu, &json!({"quantity": 10_000})).await.expect(200);
    let _ = guest.delete(&gpu).await.expect(204);
    let gone = guest.delete(&gpu).await.expect(404);
    let _ = guest.patch(&gpu, &json!({"quantity": 1})).await.expect(404);

    assert_eq!(pieces(&cart), expected(&[("GPU", 5), ("KEY", 1)]));
    assert_eq!(refused.pointers(), ["/quantity"]);
    assert_eq!(changed.value()["items"][0]["total"], usd(1_299_000_000));
    assert_eq!(gone.problem_code(), "not_found");
    assert_eq!(pieces(&see(&guest, &path).await), expected(&[("KEY", 1)]));
}

#[tokio::test]
async fn what_is_no_longer_sold_stays_visible_and_is_not_bought() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (guest, path) = cart_of(&shop.actor, &[("CPU", 1), ("GPU", 1)]).await;
    world.withdrawn.lock().expect("whole").insert("GPU");
    let route = json!({"shipping_address": {"country": "US"}, "shipping_method": "standard"});

    let cart = see(&guest, &path).await;
    let quote = guest.post(&format!("{path}/quote"), &route).await.expect(422);
    let checkout = guest.post(&format!("{path}/checkout"), &terms("tok_ok")).await.expect(422);
    let more = guest.post(&format!("{path}/items"), &item("GPU", 1)).await.expect(422);

    let gone = &cart["items"][1];
    assert_eq!((&gone["sku"], &gone["available"]), (&json!("GPU"), &json!(false)));
    assert_eq!((&gone["unit_price"], &gone["total"]), (&Value::Null, &Value::Null));
    assert_eq!(cart["subtotal"], usd(45_050));
    for refused in [quote, checkout] {
        assert_eq!(refused.pointers(), ["/items/1/sku"]);
        assert!(refused.text().contains("GPU is not for sale"), "{}", refused.text());
    }
    assert_eq!(more.pointers(), ["/sku"]);
    let one = format!("{path}/items/{}", gone["id"].as_str().expect("an id"));
    let _ = guest.delete(&one).await.expect(204);
    let _ = guest.post(&format!("{path}/checkout"), &terms("tok_ok")).await.expect(201);
}

#[tokio::test]
async fn what_is_quoted_is_what_is_charged() {
    let world = world().await;
    for include in [false, true] {
        let mut config = Config::default();
        config.pricing.prices_include_tax = include;
        config.pricing.tax = TaxTable::flat(TaxRate::new(725).expect("a rate"))
            .overlaid("GB=2000".parse().expect("rates"));
        let shop = world.shop(Setting { config, ..Setting::default() }).await;
        for (country, method, lines) in [
            ("US", "standard", vec![("GPU", 1), ("KEY", 3)]),
            ("GB", "express", vec![("CPU", 3)]),
            ("GB", "standard", vec![("KEY", 1)]),
        ] {
            let (guest, path) = cart_of(&shop.actor, &lines).await;
            let route =
                json!({"shipping_address": {"country": country}, "shipping_method": method});

            let quote = guest.post(&format!("{path}/quote"), &route).await.expect(200).value();
            let mut terms = terms("tok_ok");
            terms["shipping_address"]["country"] = json!(country);
            terms["shipping_method"] = json!(method);
            terms["expected_total"] = usd(1);
            let changed = guest.post(&format!("{path}/checkout"), &terms).await.expect(409);
            terms["expected_total"] = quote["totals"]["total"].clone();
            let order = guest.post(&format!("{path}/checkout"), &terms).await.expect(201).value();

            assert_eq!(changed.problem_code(), "price_changed");
            assert_eq!(changed.value()["totals"], quote["totals"]);
            assert_eq!(order["totals"], quote["totals"], "{country} {method}");
            assert_eq!(quote["prices_include_tax"], include);
        }
        shop.app.drivers.idle().await;
        world.assert_books_agree("quoted").await;
    }
}

#[tokio::test]
async fn where_nothing_ships_the_bill_decides_the_tax_of_the_quote_too() {
    let world = world().await;
    let mut config = Config::default();
    config.pricing.tax = TaxTable::flat(TaxRate::new(0).expect("a rate"))
        .overlaid("GB=2000".parse().expect("rates"));
    let shop = world.shop(Setting { config, ..Setting::default() }).await;
    let (guest, path) = cart_of(&shop.actor, &[("KEY", 1)]).await;
    let route = json!({"billing_address": {"country": "GB"}});
    let mut terms = terms("tok_ok");
    let mut bill = terms["shipping_address"].take();
    bill["country"] = json!("GB");
    terms = json!({"email": terms["email"], "payment": terms["payment"], "billing_address": bill});

    let quote = guest.post(&format!("{path}/quote"), &route).await.expect(200).value();
    let order = guest.post(&format!("{path}/checkout"), &terms).await.expect(201).value();

    assert_eq!(quote["totals"]["total"], usd(5_880));
    assert_eq!(order["totals"], quote["totals"]);
    shop.app.drivers.idle().await;
}

#[tokio::test]
async fn a_quote_says_what_is_missing() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (guest, path) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let (digital, licence) = cart_of(&shop.actor, &[("KEY", 1)]).await;
    let (nothing, empty) = cart_of(&shop.actor, &[]).await;
    let address = json!({"country": "US"});
    for (body, pointers) in [
        (json!({}), vec!["/shipping_address", "/shipping_method"]),
        (json!({"shipping_address": address}), vec!["/shipping_method"]),
        (
            json!({"shipping_address": address, "shipping_method": "ferry"}),
            vec!["/shipping_method"],
        ),
        (json!({"shipping_address": {"country": "XX"}}), vec!["/shipping_address/country"]),
        (json!({"shipping_address": {}}), vec!["/shipping_address/country"]),
        (
            json!({"shipping_address": {"country": "US", "region": "x".repeat(101)}}),
            vec!["/shipping_address/region"],
        ),
        (
            json!({"shipping_address": {"country": "US", "city": "Boston"}}),
            vec!["/shipping_address/city"],
        ),
        (json!({"total": 1}), vec!["/total"]),
        (json!({"billing_address": {"country": "XX"}}), vec!["/billing_address/country"]),
    ] {
        let refused = guest.post(&format!("{path}/quote"), &body).await.expect(422);
        assert_eq!(refused.pointers(), pointers, "{body}");
    }
    let quote = digital.post(&format!("{licence}/quote"), &json!({})).await.expect(200);
    assert_eq!(quote.value()["totals"]["total"], usd(4_900));
    let refused = nothing.post(&format!("{empty}/quote"), &json!({})).await.expect(422);
    assert_eq!(refused.pointers(), ["/items"]);
    let refused = nothing.post(&format!("{empty}/checkout"), &terms("tok_ok")).await.expect(422);
    assert_eq!(refused.pointers(), ["/items"]);
}

#[tokio::test]
async fn two_guests_who_chose_the_same_key_get_a_cart_each() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let make = || shop.actor.post(CARTS, &json!({})).header("idempotency-key", "cart-1");

    let one = make().await.expect(201);
    let other = make().await.expect(201);

    assert_ne!(one.value()["id"], other.value()["id"]);
    assert_ne!(one.value()["cart_token"], other.value()["cart_token"]);
}

#[tokio::test]
async fn a_retry_under_a_key_changes_nothing_more() {
    const KEY: &str = "019ac1f0-9b0e-7c3a-8d52-6a1f4be07c33";
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let post = |actor: &Actor, path: &str, body: &Value| {
        actor.post(path, body).header("idempotency-key", KEY)
    };

    let made = post(&shop.actor, CARTS, &json!({})).await.expect(201);
    let bare = shop.actor.request("POST".parse().expect("a method"), CARTS);
    let again = bare.header("idempotency-key", KEY).await.expect(201);
    let guest =
        shop.actor.with_header("x-cart-token", made.value()["cart_token"].as_str().expect("one"));
    let items = format!("{}/items", made.header("location"));
    let added = post(&guest, &items, &item("GPU", 2)).await.expect(201);
    world.withdrawn.lock().expect("whole").insert("GPU");
    let replayed = post(&guest, &items, &item("GPU", 2)).await.expect(201);
    let reused = post(&guest, &items, &item("GPU", 3)).await.expect(422);

    assert_eq!((made.text(), again.header("idempotent-replayed")), (again.text(), "true"));
    assert_eq!(made.header("location"), again.header("location"));
    assert_eq!(pieces(&added.value()), pieces(&replayed.value()));
    assert_eq!(replayed.header("idempotent-replayed"), "true");
    assert_eq!(reused.problem_code(), "idempotency_key_reused");
    assert_eq!(pieces(&see(&guest, made.header("location")).await), expected(&[("GPU", 2)]));
}

#[tokio::test]
async fn shipping_methods_are_those_of_the_country() {
    let world = world().await;
    let mut config = Config::default();
    config.pricing.shipping = "drone:home=900,post:*=700,post:CA=400".parse().expect("prices");
    let shop = world.shop(Setting { config, ..Setting::default() }).await;
    let methods = "/api/v1/shipping-methods";

    let home = see(&shop.actor, &format!("{methods}?country=US")).await;
    let abroad = see(&shop.actor, &format!("{methods}?country=CA")).await;

    let method =
        |code: &str, name: &str, price| json!({"code": code, "name": name, "price": usd(price)});
    let (post, drone) = (method("post", "Post", 700), method("drone", "Drone", 900));
    assert_eq!(home, json!({"items": [post, drone], "next_cursor": null}));
    assert_eq!(abroad["items"], json!([method("post", "Post", 400)]));
    for query in ["", "?country=", "?country=us", "?country=XX", "?country=US&country=CA"] {
        let refused = shop.actor.get(&format!("{methods}{query}")).await.expect(422);
        assert_eq!(refused.pointers(), ["/country"], "{query}");
    }
}

#[tokio::test]
async fn hostile_values_are_refused_and_leave_nothing() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (guest, path) = cart_of(&shop.actor, &[("CPU", 1)]).await;
    let (items, long) = (format!("{path}/items"), "x".repeat(10_000));
    for (body, pointer) in [
        (json!({}), "/sku"),
        (json!({"sku": "GPU"}), "/quantity"),
        (item("'; DROP TABLE carts; --", 1), "/sku"),
        (item("NOPE", 1), "/sku"),
        (item("gpu", 1), "/sku"),
        (item(&long, 1), "/sku"),
        (item("GPU", 0), "/quantity"),
        (item("GPU", -1), "/quantity"),
        (item("GPU", 10_001), "/quantity"),
        (item("GPU", i64::MAX), "/quantity"),
        (json!({"sku": "GPU", "quantity": 1.5}), "/quantity"),
        (json!({"sku": "GPU", "quantity": 1, "unit_price": 1}), "/unit_price"),
    ] {
        let refused = guest.post(&items, &body).await.expect(422);
        assert_eq!(refused.pointers(), [pointer], "{}", refused.text());
        assert!(!refused.text().contains(&long));
    }
    let in_it =
        format!("{items}/{}", see(&guest, &path).await["items"][0]["id"].as_str().expect("one"));
    for quantity in [json!(0), json!(10_001), json!("1"), json!(null)] {
        let refused = guest.patch(&in_it, &json!({"quantity": quantity})).await.expect(422);
        assert_eq!(refused.pointers(), ["/quantity"]);
    }
    let _ = shop.actor.post(CARTS, &json!({"user_id": "x"})).await.expect(422);
    let mut lines = terms("tok_ok");
    lines["lines"] = json!([item("GPU", 1)]);
    let refused = guest.post(&format!("{path}/checkout"), &lines).await.expect(422);
    assert_eq!(refused.pointers(), ["/lines"]);
    let mut nobody = terms("tok_ok");
    nobody["email"] = json!(null);
    let refused = guest.post(&format!("{path}/checkout"), &nobody).await.expect(422);
    assert_eq!(refused.pointers(), ["/email"]);
    assert_eq!(pieces(&see(&guest, &path).await), expected(&[("CPU", 1)]));
    assert!(world.entries().await.is_empty());
}

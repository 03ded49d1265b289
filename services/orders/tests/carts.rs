//! Carts through HTTP: filled, shown, quoted and claimed, by their owners and by strangers.

#[allow(dead_code, unused_imports, reason = "each test crate uses a part of the world")]
mod world;

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_orders::{
    Config,
    domain::tax::{TaxRate, TaxTable},
    prune_carts,
};
use techtrove_testing::{Actor, sqlite_inline};
use world::{CARTS, ORDERS, Setting, Shop, World, cart_of, guest_token, terms, wish};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

fn user(world: &World, shop: &Shop, number: u128) -> Actor {
    shop.actor.bearer(&world.token(number, &[Role::Customer]))
}

async fn see(actor: &Actor, path: &str) -> Value {
    actor.get(path).await.expect(200).value()
}

/// How many pieces of each SKU there are.
fn pieces(cart: &Value) -> BTreeMap<String, i64> {
    let items = cart["items"].as_array().expect("a list").iter();
    let piece = |item: &Value| {
        let sku = item["sku"].as_str().expect("a SKU").to_owned();
        (sku, item["quantity"].as_i64().expect("a quantity"))
    };
    items.map(piece).collect()
}

fn expected(lines: &[(&str, i64)]) -> BTreeMap<String, i64> {
    lines.iter().map(|(sku, count)| ((*sku).to_owned(), *count)).collect()
}

fn usd(amount: i64) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

fn item(sku: &str, quantity: i64) -> Value {
    json!({"sku": sku, "quantity": quantity})
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
    let ada = user(&world, &shop, 1);
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
async fn a_cart_is_shown_to_whom_it_concerns() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (user(&world, &shop, 1), user(&world, &shop, 2));
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
        (&garbled, &guests, 404),
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
    let ada = user(&world, &shop, 1);
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
async fn a_guests_cart_goes_into_the_users_own_once() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (user(&world, &shop, 1), user(&world, &shop, 2));
    let (_, own) = cart_of(&ada, &[("GPU", 2), ("CPU", 9_999)]).await;
    let (guest, path) = cart_of(&shop.actor, &[("CPU", 5), ("KEY", 1)]).await;
    let claim = format!("{path}/claim");
    let token = guest_token(&shop, &path);
    let holding = |actor: &Actor| actor.with_header("x-cart-token", &token);

    let _ = guest.post(&claim, &json!({})).await.expect(401);
    let _ = ada.post(&claim, &json!({})).await.expect(404);
    let _ = holding(&ada).post(&format!("{own}/claim"), &json!({})).await.expect(404);
    let first = holding(&ada).post(&claim, &json!({})).await.expect(200);
    let again = holding(&ada).post(&claim, &json!({})).await.expect(200);
    let bobs = holding(&bob).post(&claim, &json!({})).await.expect(409);
    let late = guest.post(&format!("{path}/items"), &item("GPU", 1)).await.expect(409);

    let summed = expected(&[("GPU", 2), ("CPU", 10_000), ("KEY", 1)]);
    assert_eq!(pieces(&first.value()), summed);
    assert_eq!(first.value(), again.value());
    assert_eq!(format!("{CARTS}/{}", first.value()["id"].as_str().expect("an id")), own);
    assert_eq!(
        (bobs.problem_code(), late.problem_code()),
        ("cart_claimed".into(), "cart_claimed".into())
    );
    let emptied = see(&guest, &path).await;
    assert_eq!((&emptied["status"], &emptied["items"]), (&json!("claimed"), &json!([])));
}

#[tokio::test]
async fn claiming_makes_a_cart_for_who_has_none() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = user(&world, &shop, 1);
    let (_, path) = cart_of(&shop.actor, &[("KEY", 2)]).await;
    let ada_holding = ada.with_header("x-cart-token", &guest_token(&shop, &path));

    let claimed = ada_holding
        .post(&format!("{path}/claim"), &json!({}))
        .header("idempotency-key", "k")
        .await
        .expect(200);
    let again = ada_holding
        .post(&format!("{path}/claim"), &json!({}))
        .header("idempotency-key", "k")
        .await
        .expect(200);

    assert_eq!(see(&ada, &format!("{CARTS}/current")).await, claimed.value());
    assert_eq!((again.value(), again.header("idempotent-replayed")), (claimed.value(), "true"));
    assert_eq!(pieces(&claimed.value()), expected(&[("KEY", 2)]));
}

#[tokio::test]
async fn a_retry_under_a_key_changes_nothing_more() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let post = |actor: &Actor, path: &str, body: &Value| {
        actor.post(path, body).header("idempotency-key", "k-1")
    };

    let made = post(&shop.actor, CARTS, &json!({})).await.expect(201);
    let bare = shop.actor.request("POST".parse().expect("a method"), CARTS);
    let again = bare.header("idempotency-key", "k-1").await.expect(201);
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
async fn what_was_bought_goes_into_a_new_cart() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let (ada, bob) = (user(&world, &shop, 1), user(&world, &shop, 2));
    let lines = [("GPU", 2), ("KEY", 1), ("GPU", 1), ("CPU", 1)];
    let order = shop.actor.post(ORDERS, &wish(&lines, "tok_ok")).await.expect(201);
    let adas = ada.post(ORDERS, &wish(&lines, "tok_ok")).await.expect(201);
    shop.app.drivers.idle().await;
    let again = format!("{}/reorder", order.header("location"));
    let adas_again = format!("{}/reorder", adas.header("location"));
    let token = order.value()["guest_token"].as_str().expect("a token").to_owned();
    let guest = shop.actor.with_header("x-guest-token", &token);
    let staff = shop.actor.bearer(&world.token(3, &[Role::Support]));
    world.withdrawn.lock().expect("whole").insert("KEY");

    let _ = shop.actor.post(&again, &json!({})).await.expect(401);
    for (who, path) in
        [(&ada, &again), (&bob, &adas_again), (&staff, &adas_again), (&guest, &adas_again)]
    {
        let _ = who.post(path, &json!({})).await.expect(404);
    }
    let made = guest.post(&again, &json!({})).header("idempotency-key", "k").await.expect(201);
    let replayed = guest.post(&again, &json!({})).header("idempotency-key", "k").await.expect(201);
    let own = ada.post(&adas_again, &json!({})).await.expect(201);

    let cart = made.value();
    assert_eq!(pieces(&cart), expected(&[("GPU", 3), ("CPU", 1)]));
    assert_eq!(cart["unavailable"], json!([{"sku": "KEY", "name": "A KEY"}]));
    assert_eq!((made.text(), replayed.header("idempotent-replayed")), (replayed.text(), "true"));
    let holder = shop.actor.with_header("x-cart-token", cart["cart_token"].as_str().expect("one"));
    assert_eq!(see(&holder, made.header("location")).await["items"], cart["items"]);
    assert_eq!(own.value()["cart_token"], Value::Null);
    assert_eq!(see(&ada, &format!("{CARTS}/current")).await["id"], own.value()["id"]);
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

#[tokio::test]
async fn guests_carts_that_were_left_behind_go() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let ada = user(&world, &shop, 1);
    let (guest, left) = cart_of(&shop.actor, &[("GPU", 1)]).await;
    let (_, own) = cart_of(&ada, &[("GPU", 1)]).await;
    let (_, claimed) = cart_of(&shop.actor, &[("KEY", 1)]).await;
    let claimer = ada.with_header("x-cart-token", &guest_token(&shop, &claimed));
    let _ = claimer.post(&format!("{claimed}/claim"), &json!({})).await.expect(200);
    world.clock.advance(Duration::from_secs(29 * 24 * 3_600));
    let (other, touched) = cart_of(&shop.actor, &[("CPU", 1)]).await;
    world.clock.advance(Duration::from_secs(2 * 24 * 3_600));

    let more = prune_carts(&shop.app).await.expect("pruned");

    assert!(!more);
    let _ = guest.get(&left).await.expect(404);
    let _ = other.get(&touched).await.expect(200);
    let ada = user(&world, &shop, 1);
    assert_eq!(pieces(&see(&ada, &own).await), expected(&[("GPU", 1), ("KEY", 1)]));
}

//! Lists of orders through HTTP, on every engine: who sees which, in which order, page by page.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_core::TypedId as _;
use techtrove_identity_api::{Role, UserId};
use techtrove_testing::{Actor, engines, sqlite_inline};
use uuid::Uuid;

use crate::world::{ORDERS, Setting, Shop, World, wish};

/// Who comes to the shop.
struct People {
    ada: Actor,
    bob: Actor,
    support: Actor,
}

impl People {
    fn of(world: &World, shop: &Shop) -> Self {
        let as_user = |number, role| shop.actor.bearer(&world.token(number, &[role]));
        Self {
            ada: as_user(1, Role::Customer),
            bob: as_user(2, Role::Customer),
            support: as_user(3, Role::Support),
        }
    }
}

/// An order of one processor with this contact.
async fn buy(shop: &Shop, who: &Actor, email: &str, token: &str) -> Value {
    let mut body = wish(&[("CPU", 1), ("GPU", 1)], token);
    body["email"] = json!(email);
    let reply = who.post(ORDERS, &body).await;
    shop.app.drivers.idle().await;
    reply.value()
}

/// All orders of a list, page by page.
async fn pages(who: &Actor, query: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{ORDERS}?limit={limit}{query}{cursor}");
        let page = who.get(&path).await.expect(200).value();
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= limit, "{path}");
        all.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn ids(who: &Actor, query: &str) -> Vec<Value> {
    let orders = pages(who, query, 100).await;
    orders.into_iter().map(|mut order| order["id"].take()).collect()
}

/// Five orders, oldest first: Ada's, a guest's and Bob's at the same moment, Ada's that was refused, and
/// Ada's with another contact.
async fn five(world: &World, shop: &Shop, people: &People) -> Vec<Value> {
    let second = Duration::from_secs(1);
    let People { ada, bob, support } = people;
    let first = buy(shop, ada, "Ada@Example.com", "tok_ok").await;
    world.clock.advance(second);
    let guests = buy(shop, &shop.actor, "ADA@example.com", "tok_ok").await;
    let bobs = buy(shop, bob, "bob@example.com", "tok_ok").await;
    world.clock.advance(second);
    let refusal = buy(shop, ada, "ada@example.com", "tok_declined").await;
    assert_eq!(refusal["code"], "payment_declined");
    let refused = support.get(&format!("{ORDERS}?limit=1")).await.value()["items"][0].take();
    world.clock.advance(second);
    let last = buy(shop, ada, "other@example.com", "tok_ok").await;
    vec![first, guests, bobs, refused, last]
}

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

#[tokio::test]
async fn staff_find_every_order() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let people = People::of(&world, &shop);
        let orders = five(&world, &shop, &people).await;
        let found = async |query: String| {
            let found = ids(&people.support, &query).await;
            let place =
                |id: &Value| orders.iter().position(|order| order["id"] == *id).expect("ours");
            found.iter().map(place).collect::<Vec<usize>>()
        };
        let twins = found(String::new()).await[2..4].to_vec();
        let newest_first = [&[4, 3][..], &twins, &[0]].concat();
        let value =
            |index: usize, member: &str| orders[index][member].as_str().expect("a text").to_owned();
        let number = value(2, "number").to_lowercase();

        for (query, expected) in [
            (String::new(), newest_first.clone()),
            ("&status=confirmed".into(), [&[4][..], &twins, &[0]].concat()),
            ("&status=payment_failed".into(), vec![3]),
            ("&status=delivered".into(), vec![]),
            (format!("&user_id={}", user(1)), vec![4, 3, 0]),
            (format!("&user_id={}&status=confirmed", user(1)), vec![4, 0]),
            (format!("&user_id={}&email=aDa@example.com", user(1)), vec![0]),
            (format!("&user_id={}&email=ada@example.com&status=pending", user(1)), vec![]),
            ("&email=ada@EXAMPLE.com".into(), vec![1, 0]),
            ("&email=ada@example.com&status=confirmed".into(), vec![1, 0]),
            (format!("&number={number}"), vec![2]),
            (format!("&number={number}&status=pending"), vec![]),
            (format!("&number={number}&user_id={}", user(1)), vec![]),
            (format!("&number={number}&email=ada@example.com"), vec![]),
            ("&number=TT-NOTHERE00".into(), vec![]),
            (format!("&created_from={}", value(3, "created_at")), vec![4, 3]),
            (format!("&created_to={}", value(0, "created_at")), vec![0]),
            (format!("&created_from={0}&created_to={0}", value(1, "created_at")), twins.clone()),
        ] {
            assert_eq!(found(query.clone()).await, expected, "{} {query}", db.label());
        }
        for limit in [1, 2, 3, 5] {
            let paged = pages(&people.support, "", limit).await;
            let paged: Vec<&Value> = paged.iter().map(|order| &order["id"]).collect();
            let expected: Vec<&Value> =
                newest_first.iter().map(|index| &orders[*index]["id"]).collect();
            assert_eq!(paged, expected, "{} by {limit}", db.label());
        }
        db.close().await;
    }
}

#[tokio::test]
async fn buyers_find_their_own_alone_and_nothing_that_was_refused() {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let people = People::of(&world, &shop);
    let orders = five(&world, &shop, &people).await;
    let id = |index: usize| orders[index]["id"].clone();
    let number = |index: usize| orders[index]["number"].as_str().expect("a number").to_owned();

    for (query, expected) in [
        (String::new(), vec![id(4), id(0)]),
        ("&status=confirmed".into(), vec![id(4), id(0)]),
        ("&status=payment_failed".into(), vec![]),
        (format!("&user_id={}", user(1)), vec![id(4), id(0)]),
        (format!("&user_id={}", user(2)), vec![]),
        ("&email=ada@example.com".into(), vec![id(0)]),
        ("&email=bob@example.com".into(), vec![]),
        (format!("&number={}", number(0)), vec![id(0)]),
        (format!("&number={}", number(1)), vec![]),
        (format!("&number={}", number(2)), vec![]),
    ] {
        assert_eq!(ids(&people.ada, &query).await, expected, "{query}");
    }
    assert_eq!(ids(&people.bob, "").await, [id(2)]);
    let customer = shop.actor.bearer(&world.token(9, &[Role::Customer]));
    assert_eq!(ids(&customer, "").await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_order_without_a_contact_is_found_by_its_buyers_account() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let people = People::of(&world, &shop);
        let mut body = wish(&[("CPU", 1)], "tok_ok");
        body.as_object_mut().expect("an object").remove("email");
        let bare = people.ada.post(ORDERS, &body).await.expect(201).value();
        let _ = people.bob.post(ORDERS, &body).await.expect(201);
        let named = buy(&shop, &people.bob, "bob@example.com", "tok_ok").await;

        // The account of the user number 1 has Bob's address.
        let mut found = ids(&people.support, "&email=BOB@example.com").await;
        let of_status = ids(&people.support, "&email=bob@example.com&status=confirmed").await;
        let own = ids(&people.ada, "&email=bob@example.com").await;
        let number = bare["number"].as_str().expect("a number");
        let exact = ids(&people.support, &format!("&email=bob@example.com&number={number}")).await;

        assert_eq!(of_status.len(), 2, "{}", db.label());
        found.sort_by_key(ToString::to_string);
        let mut expected = vec![bare["id"].clone(), named["id"].clone()];
        expected.sort_by_key(ToString::to_string);
        assert_eq!(found, expected, "{}", db.label());
        assert_eq!((own, exact), (vec![bare["id"].clone()], vec![bare["id"].clone()]));
        db.close().await;
    }
}

#[tokio::test]
async fn an_item_is_the_order_as_it_is_shown() {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let people = People::of(&world, &shop);
    for _ in 0..24 {
        world.clock.advance(Duration::from_secs(1));
        let _ = buy(&shop, &people.ada, "ada@example.com", "tok_ok").await;
    }

    let listed = pages(&people.ada, "", 100).await;
    let usual = people.ada.get(ORDERS).await.expect(200);

    assert_eq!((listed.len(), usual.value()["items"].as_array().map(Vec::len)), (24, Some(20)));
    assert_eq!(usual.header("cache-control"), "private, no-cache");
    for order in &listed {
        let path = format!("{ORDERS}/{}", order["id"].as_str().expect("an id"));
        assert_eq!(*order, people.ada.get(&path).await.expect(200).value());
    }
}

#[tokio::test]
async fn wrong_lists_are_refused() {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let people = People::of(&world, &shop);

    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=many", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("cursor=", "/cursor"),
        ("status=lost", "/status"),
        ("user_id=prod_01kafy3m2se6rbq3tmn4y4bwqd", "/user_id"),
        ("email=ada", "/email"),
        ("created_from=yesterday", "/created_from"),
        ("created_to=1", "/created_to"),
        ("colour=red", "/colour"),
    ] {
        let refused = people.support.get(&format!("{ORDERS}?{query}")).await.expect(422);
        assert_eq!(refused.pointers(), [pointer], "{query}");
    }
    let long = format!("{ORDERS}?number={}", "T".repeat(65));
    assert_eq!(people.support.get(&long).await.expect(422).pointers(), ["/number"]);
    let nobody = shop.actor.get(&format!("{ORDERS}?limit=0")).await.expect(401);
    assert!(nobody.header("www-authenticate").starts_with("Bearer"));
    let guest = shop.actor.with_header("x-guest-token", "a token").get(ORDERS).await;
    let _ = guest.expect(401);
}

//! The addresses that users keep.

use serde_json::{Value, json};

use crate::support::{Person, identity};

const PLACE: &str = "/api/v1/users/me/addresses";

fn home() -> Value {
    json!({
        "name": "Ada Lovelace", "line1": "1 Main Street", "city": "Springfield", "region": "IL",
        "postal_code": "62701", "country": "US",
    })
}

async fn keep(person: &Person, address: &Value) -> Value {
    person.actor.post(PLACE, address).await.expect(201).value()
}

fn path_of(kept: &Value) -> String {
    format!("{PLACE}/{}", kept["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn an_address_is_kept_read_changed_and_forgotten() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;

    let made = ada.actor.post(PLACE, &home()).await.expect(201);
    let kept = made.value();
    let path = path_of(&kept);

    assert_eq!(made.header("location"), path);
    for (field, value) in home().as_object().expect("an object") {
        assert_eq!(&kept[field], value, "{field}");
    }
    assert_eq!(ada.actor.get(&path).await.expect(200).value(), kept);
    let patch = json!({"line2": "Second floor", "region": null, "country": "CA"});
    let edited = ada.actor.patch(&path, &patch).await.expect(200).value();
    assert_eq!(
        (&edited["line2"], &edited["region"], &edited["country"], &edited["version"]),
        (&json!("Second floor"), &Value::Null, &json!("CA"), &json!(2))
    );
    let stale = ada.actor.patch(&path, &json!({"city": "York"}));
    stale.header("if-match", made.header("etag")).await.expect(412);
    ada.actor.delete(&path).header("if-match", made.header("etag")).await.expect(412);
    ada.actor.delete(&path).await.expect(204);
    ada.actor.get(&path).await.expect(404);
    ada.actor.delete(&path).await.expect(404);
}

#[tokio::test]
async fn somebody_elses_address_does_not_exist() {
    let shop = identity().await;
    let (ada, bob) = (shop.register("Ada").await, shop.register("Bob").await);
    let path = path_of(&keep(&ada, &home()).await);

    bob.actor.get(&path).await.expect(404);
    bob.actor.patch(&path, &json!({"city": "York"})).await.expect(404);
    bob.actor.delete(&path).await.expect(404);
    let others = bob.actor.get(PLACE).await.expect(200).value();

    assert_eq!(others, json!({"items": [], "next_cursor": null}));
    assert_eq!(ada.actor.get(&path).await.expect(200).value()["city"], "Springfield");
    shop.anybody.get(PLACE).await.expect(401);
}

#[tokio::test]
async fn addresses_are_listed_newest_first_and_are_at_most_fifty() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    for number in 0..50 {
        let mut address = home();
        address["line1"] = json!(format!("{number} Main Street"));
        keep(&ada, &address).await;
    }

    let full = ada.actor.post(PLACE, &home()).await.expect(409);
    let first = ada.actor.get(&format!("{PLACE}?limit=30")).await.expect(200).value();
    let cursor = first["next_cursor"].as_str().expect("more");
    let rest = ada.actor.get(&format!("{PLACE}?cursor={cursor}")).await.expect(200).value();

    assert_eq!(full.problem_code(), "too_many_addresses");
    assert_eq!(first["items"][0]["line1"], "49 Main Street");
    assert_eq!(rest["items"][19]["line1"], "0 Main Street");
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_repeated_request_keeps_one_address() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let keep = || ada.actor.post(PLACE, &home()).header("idempotency-key", "k-1");

    let first = keep().await.expect(201);
    let again = keep().await.expect(201);

    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.value(), first.value());
    let listed = ada.actor.get(PLACE).await.expect(200).value();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_no_address_is_refused_by_its_pointer() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let path = path_of(&keep(&ada, &home()).await);

    for (field, value) in [
        ("name", json!(" ")),
        ("line1", json!("x".repeat(201))),
        ("city", Value::Null),
        ("country", json!("UK")),
        ("phone", json!("1\n2")),
        ("planet", json!("Mars")),
    ] {
        let mut address = home();
        address[field] = value.clone();
        let pointer = format!("/{field}");

        let kept = ada.actor.post(PLACE, &address).await.expect(422);
        let edited = ada.actor.patch(&path, &json!({ field: value })).await.expect(422);

        assert_eq!(kept.pointers(), [pointer.as_str()], "{address}");
        assert_eq!(edited.pointers(), [pointer.as_str()], "{address}");
    }
}

#[tokio::test]
async fn no_address_takes_a_card_number() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let path = path_of(&keep(&ada, &home()).await);

    for field in ["name", "company", "line1", "line2", "city", "region", "postal_code", "phone"] {
        let mut address = home();
        address[field] = json!("5555-5555-5555-4444");
        let kept = ada.actor.post(PLACE, &address).await.expect(422);
        let edited = ada.actor.patch(&path, &json!({field: address[field]})).await.expect(422);

        for refused in [kept, edited] {
            assert_eq!(refused.problem_code(), "card_data_refused", "{field}");
            assert_eq!(refused.pointers(), [format!("/{field}")]);
            assert!(!refused.text().contains("5555"), "{field}");
        }
    }
    let phone = json!({"phone": "+49 30 1234567890"});
    ada.actor.patch(&path, &phone).await.expect(200);
}

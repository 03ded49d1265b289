//! What users say of themselves.

use serde_json::{Value, json};

use crate::support::identity;

const ME: &str = "/api/v1/users/me";

#[tokio::test]
async fn users_see_and_change_their_own_account() {
    let shop = identity().await;
    let (ada, bob) = (shop.register("Ada").await, shop.register("Bob").await);

    let seen = ada.actor.get(ME).await.expect(200);
    let before = seen.value();
    let patch = json!({
        "name": "Ada Lovelace", "display_name": "Countess", "phone": "+44 20 7946 0000",
        "locale": "en-GB", "preferences": {"theme": "dark", "news": false, "columns": 3},
    });
    let edit = ada.actor.patch(ME, &patch).header("if-match", seen.header("etag"));
    let edited = edit.await.expect(200);

    assert_eq!(
        (&before["id"], &before["email"], &before["version"], &before["preferences"]),
        (&json!(ada.id), &json!("ada@example.com"), &json!(1), &json!({}))
    );
    assert_eq!(before["phone"], Value::Null);
    let after = edited.value();
    for (field, value) in patch.as_object().expect("an object") {
        assert_eq!(&after[field], value, "{field}");
    }
    assert_eq!((&after["version"], &after["email"]), (&json!(2), &before["email"]));
    let again = ada.actor.get(ME).header("if-none-match", edited.header("etag"));
    again.await.expect(304);
    assert_eq!(bob.actor.get(ME).await.expect(200).value()["name"], "Bob");
    shop.anybody.get(ME).await.expect(401);
}

#[tokio::test]
async fn an_edit_needs_the_version_that_was_read() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let first = ada.actor.get(ME).await.expect(200).header("etag").to_owned();
    let edit = |name: &str, etag: &str| {
        ada.actor.patch(ME, &json!({ "name": name })).header("if-match", etag)
    };

    let blind = ada.actor.patch(ME, &json!({"name": "Nobody"})).await.expect(428);
    let unchanged = edit("Ada", &first).await.expect(200).value();
    edit("Countess", &first).await.expect(200);
    let stale = edit("Lady", &first).await.expect(412);

    assert_eq!(blind.problem_code(), "precondition_required");
    assert_eq!(unchanged["version"], 1);
    assert_eq!(stale.problem_code(), "precondition_failed");
    assert_eq!(ada.actor.get(ME).await.expect(200).value()["name"], "Countess");
}

#[tokio::test]
async fn what_a_profile_cannot_say_is_refused_by_its_pointer() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;

    for (body, pointer) in [
        (json!({"name": null}), "/name"),
        (json!({"name": " "}), "/name"),
        (json!({"display_name": "x".repeat(101)}), "/display_name"),
        (json!({"phone": "1\n2"}), "/phone"),
        (json!({"locale": "english please"}), "/locale"),
        (json!({"preferences": []}), "/preferences"),
        (json!({"preferences": {"a": [1]}}), "/preferences"),
        (json!({"email": null}), "/email"),
        (json!({"email": "nobody"}), "/email"),
        (json!({"roles": ["admin"]}), "/roles"),
    ] {
        let edit = ada.actor.patch(ME, &body).header("if-match", "*");
        assert_eq!(edit.await.expect(422).pointers(), [pointer], "{body}");
    }
    assert_eq!(ada.actor.get(ME).await.expect(200).value()["version"], 1);
}

#[tokio::test]
async fn no_profile_takes_a_card_number() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;

    for (body, pointer) in [
        (json!({"name": "4242 4242 4242 4242"}), "/name"),
        (json!({"display_name": "４２４２－４２４２－４２４２－４２４２"}), "/display_name"),
        (json!({"phone": "4242 4242 4242 4242"}), "/phone"),
        (json!({"phone": "+4242424242424242"}), "/phone"),
        (json!({"email": "4242424242424242@example.com"}), "/email"),
        (json!({"locale": "en-42424242-42424242"}), "/locale"),
        (json!({"preferences": {"a": "4242→4242→4242→4242"}}), "/preferences/a"),
        (json!({"preferences": {"4242-4242-4242-4242": true}}), "/preferences"),
    ] {
        let edit = ada.actor.patch(ME, &body).header("if-match", "*");
        let refused = edit.await.expect(422);

        assert_eq!(refused.problem_code(), "card_data_refused", "{body}");
        assert_eq!(refused.pointers(), [pointer], "{body}");
        assert!(!refused.text().contains("4242"), "{body}");
    }
    assert_eq!(ada.actor.get(ME).await.expect(200).value()["version"], 1);
}

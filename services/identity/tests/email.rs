//! Addresses that are shown to be somebody's, and that change.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::{
    EMAIL_CHANGED, EMAIL_VERIFICATION_REQUESTED, EMAIL_VERIFIED, USER_REGISTERED,
};

use crate::support::{PASSWORD, identity};

#[tokio::test]
async fn who_registers_shows_that_the_address_is_theirs() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    assert_eq!(ada.me().await["email_verified"], false);
    let mail = shop.last(USER_REGISTERED).await;
    let token = shop.secret_of(&mail).await;

    shop.verify(&token).await.expect(204);
    shop.verify(&token).await.expect(204);

    let me = ada.me().await;
    assert_eq!((&me["email_verified"], &me["version"]), (&json!(true), &json!(1)));
    assert_eq!((&mail["user_id"], &mail["email"]), (&json!(ada.id), &json!(ada.email)));
    let verified = json!({"user_id": ada.id, "email": ada.email});
    assert_eq!((shop.last(EMAIL_VERIFIED).await, shop.count(EMAIL_VERIFIED).await), (verified, 1));
}

#[tokio::test]
async fn a_token_of_verification_ends_after_three_days() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let token = shop.secret_of(&shop.last(USER_REGISTERED).await).await;

    shop.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    let late = shop.verify(&token).await.expect(422);
    let again = shop.log_in(&ada.email).await;
    again.edit(&json!({ "email": ada.email })).await.expect(200);
    let sent = shop.last(EMAIL_VERIFICATION_REQUESTED).await;
    shop.verify(&shop.secret_of(&sent).await).await.expect(204);

    assert_eq!(
        (late.problem_code().as_str(), late.pointers()),
        ("invalid_token", vec!["/token".to_owned()])
    );
    assert_eq!(again.me().await["email_verified"], true);
    shop.verify(&json!("x".repeat(1_000))).await.expect(422);
}

#[tokio::test]
async fn another_address_is_the_users_once_it_is_verified() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;

    let asked = ada.edit(&json!({"email": "Ada@example.org"})).await.expect(200).value();
    let mail = shop.last(EMAIL_VERIFICATION_REQUESTED).await;
    assert_eq!(shop.try_log_in("ada@example.org", PASSWORD).await, 401);
    shop.verify(&shop.secret_of(&mail).await).await.expect(204);

    assert_eq!(
        (&asked["email"], &asked["pending_email"], &asked["version"]),
        (&json!("ada@example.com"), &json!("Ada@example.org"), &json!(2))
    );
    assert_eq!(mail["email"], "Ada@example.org");
    let me = ada.me().await;
    assert_eq!(
        (&me["email"], &me["pending_email"], &me["version"]),
        (&json!("Ada@example.org"), &Value::Null, &json!(3))
    );
    assert_eq!(me["email_verified"], true);
    assert_eq!(shop.last(EMAIL_CHANGED).await["email"], "ada@example.com");
    assert_eq!(shop.last(EMAIL_VERIFIED).await["email"], "Ada@example.org");
    assert_eq!(shop.try_log_in("ada@example.org", PASSWORD).await, 200);
    assert_eq!(shop.try_log_in("ada@example.com", PASSWORD).await, 401);
    let first = shop.secret_of(&shop.last(USER_REGISTERED).await).await;
    shop.verify(&first).await.expect(422);
}

#[tokio::test]
async fn nobody_gets_the_address_of_somebody_else() {
    let shop = identity().await;
    let (ada, bob) = (shop.register("Ada").await, shop.register("Bob").await);

    let taken = ada.edit(&json!({"email": "BOB@example.com"})).await.expect(409);
    for person in [&ada, &bob] {
        person.edit(&json!({"email": "shared@example.org"})).await.expect(200);
    }
    let told = shop.told().await;
    let asked = told.iter().filter(|(kind, _)| kind == EMAIL_VERIFICATION_REQUESTED);
    let tokens = shop.secrets_of(&asked.map(|(_, data)| data).collect::<Vec<_>>()).await;
    shop.verify(&tokens[0]).await.expect(204);
    let late = shop.verify(&tokens[1]).await.expect(409);

    assert_eq!(
        (taken.problem_code(), late.problem_code()),
        ("email_taken".into(), "email_taken".into())
    );
    assert_eq!(bob.me().await["email"], "bob@example.com");
}

#[tokio::test]
async fn who_changes_their_mind_keeps_their_address() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let token = shop.secret_of(&shop.last(USER_REGISTERED).await).await;
    shop.verify(&token).await.expect(204);
    ada.edit(&json!({"email": "ada@example.org"})).await.expect(200);
    let other = shop.secret_of(&shop.last(EMAIL_VERIFICATION_REQUESTED).await).await;

    let back = ada.edit(&json!({"email": "ada@example.com"})).await.expect(200).value();

    assert_eq!(back["pending_email"], Value::Null);
    shop.verify(&other).await.expect(422);
    assert_eq!(shop.count(EMAIL_VERIFICATION_REQUESTED).await, 1, "there is nothing to verify");
}

#[tokio::test]
async fn another_spelling_of_the_own_address_is_verified_too() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;

    ada.edit(&json!({"email": "ADA@example.com"})).await.expect(200);
    let token = shop.secret_of(&shop.last(EMAIL_VERIFICATION_REQUESTED).await).await;
    shop.verify(&token).await.expect(204);

    assert_eq!(ada.me().await["email"], "ADA@example.com");
}

#[tokio::test]
async fn who_tries_many_addresses_has_to_wait() {
    let shop = identity().await;
    let (ada, _) = (shop.register("Ada").await, shop.register("Bob").await);

    for _ in 0..5 {
        ada.edit(&json!({"email": "bob@example.com"})).await.expect(409);
    }
    let slowed = ada.edit(&json!({"email": "nobody@example.com"})).await.expect(429);

    assert_eq!(slowed.problem_code(), "rate_limited");
    let same = json!({"email": "ada@example.com", "locale": "en"});
    assert_eq!(ada.edit(&same).await.expect(200).value()["locale"], "en");
    assert_eq!(shop.count(EMAIL_VERIFICATION_REQUESTED).await, 0);
    ada.edit(&json!({"name": "Ada Lovelace"})).await.expect(200);
}

//! Identity through HTTP, as its users meet it.

use serde_json::{Value, json};
use techtrove_core::Clock as _;
use techtrove_identity_api::{Jwks, Role, USER_REGISTERED, VerifyingKeys};

use crate::support::{Identity, account, identity};

fn ada() -> Value {
    account("Ada")
}

#[tokio::test]
async fn who_registers_is_signed_in_with_a_token_that_the_keys_confirm() {
    let Identity { anybody, clock, .. } = identity().await;

    let answer = anybody.post("/api/v1/auth/register", &ada()).await.expect(201).value();
    let keys: Jwks = anybody.get("/.well-known/jwks.json").await.expect(200).json();

    let token = answer["access_token"].as_str().expect("a token");
    let claims = VerifyingKeys::new(&keys).verify(token, clock.now()).expect("valid");
    assert_eq!(claims.sub.to_string(), answer["user"]["id"]);
    assert_eq!(claims.roles, [Role::Customer]);
    assert_eq!(
        (answer["token_type"].as_str(), answer["expires_in"].as_i64()),
        (Some("Bearer"), Some(600))
    );
    assert!(
        answer["user"].get("password").is_none() && answer["user"].get("password_hash").is_none()
    );
}

#[tokio::test]
async fn who_registers_is_written_to_in_the_language_that_they_read() {
    let shop = identity().await;
    let said = |name: &str, locale: Value| {
        let mut account = account(name);
        account["locale"] = locale;
        shop.anybody.post("/api/v1/auth/register", &account)
    };

    let own = said("Ada", json!("de-AT")).header("accept-language", "fr").await.expect(201).value();
    let told = shop.last(USER_REGISTERED).await;
    let browser = shop.anybody.post("/api/v1/auth/register", &account("Bob"));
    let browser = browser.header("accept-language", "en;q=0.5,de-CH").await.expect(201).value();
    let unknown = shop.anybody.post("/api/v1/auth/register", &account("Eve"));
    let unknown = unknown.header("accept-language", "*, ;").await.expect(201).value();
    let refused = said("Zoe", json!("de_AT")).await.expect(422);

    assert_eq!((&own["user"]["locale"], &told["locale"]), (&json!("de-AT"), &json!("de-AT")));
    let kept = shop.anybody.bearer(own["access_token"].as_str().expect("a token"));
    let kept = kept.get("/api/v1/users/me").await.expect(200).value();
    assert_eq!(kept["locale"], "de-AT", "it is kept, not only told");
    assert_eq!(browser["user"]["locale"], "de-CH");
    assert_eq!(unknown["user"]["locale"], Value::Null);
    assert_eq!(refused.pointers(), ["/locale"]);
}

#[tokio::test]
async fn the_keys_are_the_same_under_the_base_path() {
    let Identity { anybody, .. } = identity().await;

    let at_root = anybody.get("/.well-known/jwks.json").await.expect(200).value();

    assert_eq!(anybody.get("/api/v1/.well-known/jwks.json").await.expect(200).value(), at_root);
}

#[tokio::test]
async fn an_address_is_taken_whatever_its_case() {
    let Identity { anybody, .. } = identity().await;
    anybody.post("/api/v1/auth/register", &ada()).await.expect(201);

    let mut again = ada();
    again["email"] = json!("ADA@Example.COM");
    let refusal = anybody.post("/api/v1/auth/register", &again).await.expect(409);

    assert_eq!(refusal.problem_code(), "email_taken");
}

#[tokio::test]
async fn signing_in_does_not_tell_whether_the_account_exists() {
    let Identity { anybody, .. } = identity().await;
    anybody.post("/api/v1/auth/register", &ada()).await.expect(201);
    let log_in = |email: &str, password: &str| {
        anybody.post("/api/v1/auth/login", &json!({"email": email, "password": password}))
    };

    log_in("Ada@example.com", "correct horse battery").await.expect(200);
    let wrong = log_in("ada@example.com", "another secret").await.expect(401);
    let nobody = log_in("bob@example.com", "another secret").await.expect(401);
    let endless = log_in("ada@example.com", &"x".repeat(100_000)).await.expect(401);

    for refusal in [&wrong, &nobody, &endless] {
        assert_eq!(refusal.problem_code(), "invalid_credentials");
        assert_eq!(refusal.value()["detail"], wrong.value()["detail"]);
    }
}

#[tokio::test]
async fn bad_values_are_refused_by_their_pointer() {
    let Identity { anybody, .. } = identity().await;
    for (field, value, pointer) in [
        ("email", json!("nobody"), "/email"),
        ("email", json!(7), "/email"),
        ("password", json!("short"), "/password"),
        ("password", json!("password123"), "/password"),
        ("name", json!(""), "/name"),
        ("name", json!("two\nlines"), "/name"),
        ("name", json!("x".repeat(101)), "/name"),
        ("role", json!("admin"), "/role"),
    ] {
        let mut body = ada();
        body[field] = value;

        let refusal = anybody.post("/api/v1/auth/register", &body).await.expect(422);

        assert_eq!(refusal.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn nobody_registers_with_a_card_number() {
    let Identity { anybody, .. } = identity().await;
    for (field, value) in [
        ("email", "4242424242424242@example.com"),
        ("name", "4242+4242+4242+4242"),
        ("locale", "en-42424242-42424242"),
    ] {
        let mut body = ada();
        body[field] = json!(value);

        let refusal = anybody.post("/api/v1/auth/register", &body).await.expect(422);

        assert_eq!(refusal.problem_code(), "card_data_refused", "{field}");
        assert_eq!(refusal.pointers(), [format!("/{field}")]);
        assert!(!refusal.text().contains("4242"), "{field}");
    }
    let browser = anybody.post("/api/v1/auth/register", &ada());
    let browser = browser.header("accept-language", "en-42424242-42424242,de;q=0.5");
    assert_eq!(browser.await.expect(201).value()["user"]["locale"], "de");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_copy_ends_the_session() {
    let Identity { anybody, .. } = identity().await;
    let answer = anybody.post("/api/v1/auth/register", &ada()).await.expect(201).value();
    let refresh =
        |token: &Value| anybody.post("/api/v1/auth/refresh", &json!({"refresh_token": token}));

    let first = answer["refresh_token"].clone();
    let second = refresh(&first).await.expect(200).value()["refresh_token"].clone();
    let copied = refresh(&first).await.expect(401);
    let after = refresh(&second).await.expect(401);

    assert_eq!(copied.problem_code(), "invalid_refresh_token");
    assert_eq!(after.problem_code(), "invalid_refresh_token");
    refresh(&json!("never issued")).await.expect(401);
}

#[tokio::test]
async fn two_devices_with_one_refresh_token_do_not_both_get_a_pair() {
    let Identity { anybody, .. } = identity().await;
    let answer = anybody.post("/api/v1/auth/register", &ada()).await.expect(201).value();
    let body = json!({"refresh_token": answer["refresh_token"]});

    let (one, two) = tokio::join!(
        anybody.post("/api/v1/auth/refresh", &body),
        anybody.post("/api/v1/auth/refresh", &body)
    );

    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn only_the_owner_makes_administrators() {
    let Identity { anybody, owner, clock, .. } = identity().await;

    owner.post("/internal/identity/admins", &ada()).await.expect(201);
    anybody.post("/internal/identity/admins", &ada()).await.expect(404);
    let log_in = json!({"email": "ada@example.com", "password": "correct horse battery"});
    let answer = anybody.post("/api/v1/auth/login", &log_in).await.expect(200).value();

    let keys: Jwks = anybody.get("/.well-known/jwks.json").await.expect(200).json();
    let token = answer["access_token"].as_str().expect("a token");
    let claims = VerifyingKeys::new(&keys).verify(token, clock.now()).expect("valid");
    assert!(claims.has(Role::Manager) && claims.has(Role::Admin));
}

#[tokio::test]
async fn other_services_learn_how_to_write_to_a_user() {
    let Identity { anybody, owner, .. } = identity().await;
    let answer = anybody.post("/api/v1/auth/register", &ada()).await.expect(201).value();
    let id = answer["user"]["id"].as_str().expect("an id");

    let path = format!("/internal/identity/users/{id}/contact");
    let contact = owner.get(&path).await.expect(200).value();

    assert_eq!(contact, json!({"email": "ada@example.com", "name": "Ada"}));
    let whose = async |email: &str| {
        let found = owner.post("/internal/identity/users/find", &json!({ "email": email })).await;
        found.expect(200).value()
    };
    assert_eq!(whose("ADA@example.com").await, json!({ "user_id": id }));
    assert_eq!(whose("nobody@example.com").await, json!({ "user_id": null }));
    let nobody = "/internal/identity/users/usr_01kafy3m2se6rbq3tmn4y4bwqd/contact";
    assert_eq!(owner.get(nobody).await.expect(404).problem_code(), "not_found");
    assert_eq!(anybody.get(&path).await.status, 404, "the world has no such route");
}

//! What staff do with users: look at them, say what they are, and keep them out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PASSWORD, account, identity};

const NOBODY: &str = "/api/v1/users/usr_01kafy3m2se6rbq3tmn4y4bwqd";

#[tokio::test]
async fn an_administrator_says_what_a_user_is_and_the_next_token_tells() {
    let shop = identity().await;
    let admin = shop.admin("Root").await;
    let ada = shop.register("Ada").await;
    assert_eq!(ada.look_at(&ada.id).await, 403);

    let changed = admin.give(&ada, &["support", "customer", "support"]).await;

    assert_eq!(changed["roles"], json!(["customer", "support"]));
    assert_eq!(ada.look_at(&ada.id).await, 403, "her token is older");
    assert_eq!(shop.log_in(&ada.email).await.look_at(&ada.id).await, 200);
}

#[tokio::test]
async fn a_lost_role_ends_within_five_seconds() {
    let shop = identity().await;
    let admin = shop.admin("Root").await;
    let ada = shop.staff(&admin, "Ada", &["support"]).await;
    assert_eq!(ada.look_at(&admin.id).await, 200);

    admin.give(&ada, &["customer"]).await;
    shop.clock.advance(Duration::from_secs(5));

    assert_eq!(ada.look_at(&admin.id).await, 403);
}

#[tokio::test]
async fn who_has_just_lost_the_role_of_an_administrator_changes_nothing_more() {
    let shop = identity().await;
    let (root, second) = (shop.admin("Root").await, shop.admin("Second").await);
    root.give(&second, &["support"]).await;

    let roles = format!("/api/v1/users/{}/roles", second.id);
    let regained = second.actor.put(&roles, &json!({"roles": ["admin"]})).await.expect(403);
    let disable = format!("/api/v1/users/{}/disable", root.id);
    let taken = second.actor.post(&disable, &json!({})).await.expect(403);

    assert_eq!(regained.problem_code(), "forbidden");
    assert_eq!(taken.problem_code(), "forbidden");
}

#[tokio::test]
async fn the_owner_opens_accounts_and_closes_even_the_only_administrators() {
    let shop = identity().await;
    let opened = |name: &str, roles: Value, let_in: bool| {
        let mut account = account(name);
        account["roles"] = roles;
        account["let_in"] = json!(let_in);
        account
    };
    let open =
        async |account: Value| shop.owner.post("/internal/identity/accounts", &account).await;

    open(opened("Root", json!(["admin"]), true)).await.expect(201);
    let closed = open(opened("Ada", json!(["support"]), false)).await.expect(201).value();
    let again = open(opened("Ada", json!(["admin"]), true)).await.expect(409);

    assert_eq!(again.problem_code(), "email_taken");
    let root = shop.log_in("root@example.com").await;
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    shop.anybody.post("/api/v1/auth/login", &credentials).await.expect(403);
    let access = |id: &str| format!("/internal/identity/users/{id}/access");
    let ada = closed["user_id"].as_str().expect("an id");
    shop.owner.put(&access(ada), &json!({"let_in": true})).await.expect(204);
    assert_eq!(shop.log_in("ada@example.com").await.look_at(&root.id).await, 200);
    shop.owner.put(&access(&root.id), &json!({"let_in": false})).await.expect(204);
    assert_eq!(shop.refresh(&root.refresh_token).await, 401);
    let nobody = NOBODY.trim_start_matches("/api/v1/users/");
    shop.owner.put(&access(nobody), &json!({"let_in": true})).await.expect(404);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let shop = identity().await;
    let (root, second) = (shop.admin("Root").await, shop.admin("Second").await);
    let disable = |id: &str| format!("/api/v1/users/{id}/disable");
    root.actor.post(&disable(&second.id), &json!({})).await.expect(200);

    let roles = format!("/api/v1/users/{}/roles", root.id);
    let left = root.actor.put(&roles, &json!({"roles": ["support"]})).await.expect(409);
    let gone = root.actor.post(&disable(&root.id), &json!({})).await.expect(409);
    let kept = root.give(&root, &["admin", "support"]).await;

    assert_eq!(
        (left.problem_code(), gone.problem_code()),
        ("last_admin".into(), "last_admin".into())
    );
    assert_eq!(kept["roles"], json!(["admin", "support"]));
}

#[tokio::test]
async fn roles_that_there_are_not_are_refused() {
    let shop = identity().await;
    let admin = shop.admin("Root").await;
    let roles = format!("/api/v1/users/{}/roles", admin.id);

    for (body, pointer) in [
        (json!({"roles": []}), "/roles"),
        (json!({"roles": ["admin", "admin", "admin", "admin", "admin"]}), "/roles"),
        (json!({"roles": ["owner"]}), "/roles/0"),
        (json!({}), "/roles"),
        (json!({"roles": ["admin"], "name": "x"}), "/name"),
    ] {
        let refusal = admin.actor.put(&roles, &body).await.expect(422);
        assert_eq!(refusal.pointers(), [pointer], "{body}");
    }
    admin.actor.put(&format!("{NOBODY}/roles"), &json!({"roles": ["support"]})).await.expect(404);
}

#[tokio::test]
async fn a_disabled_user_neither_comes_in_nor_stays_until_enabled() {
    let shop = identity().await;
    let admin = shop.admin("Root").await;
    let ada = shop.staff(&admin, "Ada", &["support"]).await;
    assert_eq!(ada.look_at(&ada.id).await, 200);
    let path = |action: &str| format!("/api/v1/users/{}/{action}", ada.id);

    let disabled = admin.actor.post(&path("disable"), &json!({})).await.expect(200).value();
    admin.actor.post(&path("disable"), &json!({})).await.expect(200);

    assert_eq!(disabled["disabled"], true);
    shop.clock.advance(Duration::from_secs(60));
    assert_eq!(ada.look_at(&ada.id).await, 401, "her access has ended");
    assert_eq!(shop.refresh(&ada.refresh_token).await, 401);
    let log_in = |password: &str| {
        let body = json!({"email": ada.email, "password": password});
        shop.anybody.post("/api/v1/auth/login", &body)
    };
    assert_eq!(log_in(PASSWORD).await.expect(403).problem_code(), "account_disabled");
    let wrong = log_in("another secret").await.expect(401);
    assert_eq!(wrong.problem_code(), "invalid_credentials", "nobody else learns of it");

    let enabled = admin.actor.post(&path("enable"), &json!({})).await.expect(200).value();

    assert_eq!(enabled["disabled"], false);
    log_in(PASSWORD).await.expect(200);
    assert_eq!(shop.refresh(&ada.refresh_token).await, 401, "what ended stays ended");
    admin.actor.post(&format!("{NOBODY}/disable"), &json!({})).await.expect(404);
    admin.actor.post(&format!("{NOBODY}/enable"), &json!({})).await.expect(404);
}

#[tokio::test]
async fn support_finds_users_by_address_or_page_by_page() {
    let shop = identity().await;
    let admin = shop.admin("Root").await;
    let desk = shop.staff(&admin, "Desk", &["support"]).await;
    let ada = shop.register("Ada").await;
    let names = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items
            .iter()
            .map(|user| user["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let list = async |query: &str| {
        desk.actor.get(&format!("/api/v1/users{query}")).await.expect(200).value()
    };

    let found = list("?email=ADA@example.com").await;
    assert_eq!((&found["items"][0]["id"], &found["next_cursor"]), (&json!(ada.id), &Value::Null));
    assert_eq!(names(&list("?email=nobody@example.com").await), Vec::<String>::new());

    let first = list("?limit=2").await;
    let rest = list(&format!("?cursor={}", first["next_cursor"].as_str().expect("more"))).await;

    assert_eq!(
        (names(&first), names(&rest)),
        (vec!["Ada".into(), "Desk".into()], vec!["Root".into()])
    );
    assert_eq!(first["items"][1]["roles"], json!(["support"]));
    assert_eq!(rest["next_cursor"], Value::Null);
    for (query, pointer) in [
        ("?email=nobody", "/email"),
        ("?limit=101", "/limit"),
        ("?cursor=x", "/cursor"),
        ("?name=Ada", "/name"),
    ] {
        let refusal = desk.actor.get(&format!("/api/v1/users{query}")).await.expect(422);
        assert_eq!(refusal.pointers(), [pointer], "{query}");
    }
    ada.actor.get("/api/v1/users").await.expect(403);
    desk.actor.get(NOBODY).await.expect(404);
}

#[tokio::test]
async fn an_administrator_limits_a_manager_to_categories_and_lifts_that() {
    let shop = identity().await;
    let admin = shop.admin("Root").await;
    let max = shop.staff(&admin, "Max", &["manager"]).await;
    let grants = format!("/api/v1/users/{}/grants", max.id);
    let category = "cat_01kafy3m2se6rbq3tmn4y4bwqd";

    let twice = json!({"categories": [category, category]});
    let limited = admin.actor.put(&grants, &twice).await.expect(200).value();
    let lifted = admin.actor.put(&grants, &json!({"categories": null})).await.expect(200).value();

    assert_eq!(limited["grants"], json!({"categories": [category]}));
    assert_eq!(lifted["grants"], json!({"categories": null}));
    for (body, pointer) in [
        (json!({}), "/categories"),
        (json!({"categories": "all"}), "/categories"),
        (json!({"categories": ["usr_01kafy3m2se6rbq3tmn4y4bwqd"]}), "/categories/0"),
        (json!({"categories": vec![category; 101]}), "/categories"),
        (json!({"categories": [], "roles": []}), "/roles"),
    ] {
        assert_eq!(
            admin.actor.put(&grants, &body).await.expect(422).pointers(),
            [pointer],
            "{body}"
        );
    }
    max.actor.put(&grants, &json!({"categories": null})).await.expect(403);
    admin.actor.put(&format!("{NOBODY}/grants"), &json!({"categories": []})).await.expect(404);
}

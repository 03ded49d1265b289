//! Passwords that change, are forgotten, and are guessed at.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::{
    EMAIL_VERIFICATION_REQUESTED, EMAIL_VERIFIED, PASSWORD_CHANGED, PASSWORD_RESET_REQUESTED,
    USER_REGISTERED,
};
use techtrove_testing::Reply;

use crate::support::{self, FROM, Identity, PASSWORD, Person, identity};

const NEW: &str = "another horse battery";

async fn change(person: &Person, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    person.actor.post("/api/v1/auth/change-password", &body).await
}

async fn forget(shop: &Identity, email: &str) {
    let body = json!({ "email": email });
    shop.anybody.post("/api/v1/auth/forgot-password", &body).await.expect(202);
}

async fn reset(shop: &Identity, token: &Value, password: &str) -> Reply {
    let body = json!({"token": token, "password": password});
    shop.anybody.post("/api/v1/auth/reset-password", &body).await
}

#[tokio::test]
async fn who_knows_the_password_changes_it_and_other_sessions_end() {
    let shop = identity().await;
    let (here, there) = (shop.register("Ada").await, shop.log_in("ada@example.com").await);

    change(&here, PASSWORD, NEW).await.expect(204);

    assert_eq!(shop.refresh(&there.refresh_token).await, 401);
    assert_eq!(shop.refresh(&here.refresh_token).await, 200);
    assert_eq!(shop.try_log_in("ada@example.com", PASSWORD).await, 401);
    assert_eq!(shop.try_log_in("ada@example.com", NEW).await, 200);
    let told = shop.last(PASSWORD_CHANGED).await;
    assert_eq!((&told["user_id"], &told["email"]), (&json!(here.id), &json!("ada@example.com")));
}

#[tokio::test]
async fn a_change_that_cannot_be_leaves_all_as_it_was() {
    let shop = identity().await;
    let (ada, other) = (shop.register("Ada").await, shop.log_in("ada@example.com").await);

    let wrong = change(&ada, "a wrong password", NEW).await.expect(403);
    let endless = change(&ada, &"x".repeat(200), NEW).await.expect(403);
    let common = change(&ada, PASSWORD, "password123").await.expect(422);
    let own = change(&ada, PASSWORD, "ada@example.com").await.expect(422);

    assert_eq!(
        (wrong.problem_code(), endless.problem_code()),
        ("wrong_password".into(), "wrong_password".into())
    );
    assert_eq!(
        (common.pointers(), own.pointers()),
        (vec!["/new_password".into()], vec!["/new_password".into()])
    );
    assert_eq!(shop.refresh(&other.refresh_token).await, 200);
    assert_eq!(shop.count(PASSWORD_CHANGED).await, 0);
    let nobody = json!({"current_password": PASSWORD, "new_password": NEW});
    shop.anybody.post("/api/v1/auth/change-password", &nobody).await.expect(401);
}

#[tokio::test]
async fn a_page_learns_whose_a_token_is_and_presents_it() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    ada.edit(&json!({"locale": "de-AT"})).await.expect(200);
    forget(&shop, "ada@example.com").await;
    let token = shop.secret_of(&shop.nth(PASSWORD_RESET_REQUESTED, 1).await).await;
    let internal = |call| format!("/internal/identity/mailed-secrets/{call}");
    let owner = async |purpose| {
        let asked = json!({"purpose": purpose, "secret": token});
        let known = shop.owner.post(&internal("look-up"), &asked).await.expect(200).value();
        known["owner"].clone()
    };
    let present = async |password| {
        let asked = json!({"purpose": "reset_password", "secret": token, "password": password});
        shop.owner.post(&internal("present"), &asked).await.expect(200).value()
    };

    assert_eq!(owner("verify_email").await, Value::Null);
    assert_eq!(owner("reset_password").await, json!({"locale": "de-AT"}));
    assert_eq!(present("password").await, "password_refused");
    assert_eq!(owner("reset_password").await, json!({"locale": "de-AT"}), "nothing changed");
    assert_eq!(present(NEW).await, "accepted");
    assert_eq!(present(NEW).await, "ended");
    assert_eq!(owner("reset_password").await, Value::Null);
    assert_eq!(shop.try_log_in("ada@example.com", NEW).await, 200);
}

#[tokio::test]
async fn a_forgotten_password_is_reset_once_and_all_sessions_end() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    forget(&shop, "ADA@example.com").await;
    let mail = shop.nth(PASSWORD_RESET_REQUESTED, 1).await;
    let token = shop.secret_of(&mail).await;

    let refused = reset(&shop, &token, "password").await.expect(422);
    reset(&shop, &token, NEW).await.expect(204);
    let again = reset(&shop, &token, "a third password").await.expect(422);

    assert_eq!((&mail["email"], &mail["name"]), (&json!("ada@example.com"), &json!("Ada")));
    assert_eq!(
        (refused.pointers(), again.pointers()),
        (vec!["/password".into()], vec!["/token".into()])
    );
    assert_eq!(again.problem_code(), "invalid_token");
    assert_eq!(shop.refresh(&ada.refresh_token).await, 401);
    assert_eq!(shop.try_log_in(&ada.email, PASSWORD).await, 401);
    assert_eq!(shop.log_in_with(&ada.email, NEW).await.me().await["email_verified"], true);
    assert_eq!((shop.count(PASSWORD_CHANGED).await, shop.count(EMAIL_VERIFIED).await), (1, 1));
}

#[tokio::test]
async fn of_two_who_present_one_token_at_once_one_is_late() {
    let shop = identity().await;
    shop.register("Ada").await;
    forget(&shop, "ada@example.com").await;
    let token = shop.secret_of(&shop.nth(PASSWORD_RESET_REQUESTED, 1).await).await;

    let (one, two) =
        tokio::join!(reset(&shop, &token, NEW), reset(&shop, &token, "a third password"));

    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
}

#[tokio::test]
async fn a_token_is_good_for_an_hour_for_what_it_was_mailed_for() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let welcome = shop.secret_of(&shop.last(USER_REGISTERED).await).await;
    forget(&shop, &ada.email).await;
    let token = shop.secret_of(&shop.nth(PASSWORD_RESET_REQUESTED, 1).await).await;

    reset(&shop, &welcome, NEW).await.expect(422);
    reset(&shop, &json!("never mailed"), NEW).await.expect(422);
    shop.verify(&token).await.expect(422);
    shop.clock.advance(Duration::from_secs(60 * 60));
    let late = reset(&shop, &token, NEW).await.expect(422);

    assert_eq!(late.problem_code(), "invalid_token");
    assert_eq!(shop.try_log_in(&ada.email, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_secret_is_told_as_long_as_it_leads_somewhere_and_never_to_the_public() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let welcome = shop.last(USER_REGISTERED).await;
    forget(&shop, &ada.email).await;
    let mail = shop.nth(PASSWORD_RESET_REQUESTED, 1).await;
    let unknown = json!({ "secret_id": "sec_00000000000000000000000000" });

    let before = shop.secrets_of(&[&welcome, &unknown, &mail]).await;
    reset(&shop, &before[1], NEW).await.expect(204);
    let used = shop.secrets_of(&[&welcome, &mail]).await;
    shop.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    let ended = shop.secrets_of(&[&welcome, &mail]).await;

    assert_eq!((before.len(), &used, ended.len()), (2, &vec![before[0].clone()], 0));
    let path = "/internal/identity/mailed-secrets/tell";
    let many = json!({ "ids": vec![&mail["secret_id"]; 101] });
    assert_eq!(shop.owner.post(path, &many).await.expect(422).pointers(), ["/ids"]);
    shop.anybody.post(path, &json!({ "ids": [] })).await.expect(404);
}

#[tokio::test]
async fn nobody_and_who_may_not_come_in_get_no_mail() {
    let shop = identity().await;
    let (admin, ada) = (shop.admin("Root").await, shop.register("Ada").await);
    let disable = format!("/api/v1/users/{}/disable", ada.id);
    admin.actor.post(&disable, &json!({})).await.expect(200);

    forget(&shop, "nobody@example.com").await;
    forget(&shop, &ada.email).await;
    forget(&shop, &admin.email).await;

    // They are asked for one after the other: once the last was mailed, the others would have been.
    assert_eq!(shop.nth(PASSWORD_RESET_REQUESTED, 1).await["email"], admin.email);
}

#[tokio::test]
async fn who_forgets_again_and_again_is_answered_the_same_and_gets_few_mails() {
    let shop = identity().await;
    shop.register("Ada").await;
    let bob = shop.register("Bob").await;

    for _ in 0..20 {
        forget(&shop, "ada@example.com").await;
    }
    forget(&shop, &bob.email).await;

    assert_eq!(shop.nth(PASSWORD_RESET_REQUESTED, 4).await["email"], bob.email);
}

#[tokio::test]
async fn a_password_that_is_chosen_ends_a_change_of_the_address() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    ada.edit(&json!({"email": "eve@example.org"})).await.expect(200);
    let eves = shop.secret_of(&shop.last(EMAIL_VERIFICATION_REQUESTED).await).await;
    forget(&shop, &ada.email).await;
    let token = shop.secret_of(&shop.nth(PASSWORD_RESET_REQUESTED, 1).await).await;

    reset(&shop, &token, NEW).await.expect(204);

    shop.verify(&eves).await.expect(422);
    let me = shop.log_in_with(&ada.email, NEW).await.me().await;
    assert_eq!((&me["email"], &me["pending_email"]), (&json!("ada@example.com"), &Value::Null));
}

#[tokio::test]
async fn who_guesses_waits_ever_longer_and_the_owner_comes_in_where_they_are_known() {
    let shop = identity().await;
    let home = shop.anybody.with_header(FROM, "192.0.2.1");
    let street = shop.anybody.with_header(FROM, "198.51.100.1");
    let registered = home.post("/api/v1/auth/register", &support::account("Ada")).await.expect(201);
    let guess = |email: &str, password: &str| {
        street.post("/api/v1/auth/login", &json!({"email": email, "password": password}))
    };

    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            guess(email, "a wrong password").await.expect(401);
        }
        let slowed = guess(email, PASSWORD).await.expect(429);
        assert_eq!(
            (slowed.problem_code().as_str(), slowed.header("retry-after")),
            ("rate_limited", "1")
        );
    }

    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    home.post("/api/v1/auth/login", &credentials).await.expect(200);
    let token = registered.value()["access_token"].as_str().expect("a token").to_owned();
    let change = json!({"current_password": "a wrong password", "new_password": NEW});
    let stolen = street.bearer(&token).post("/api/v1/auth/change-password", &change);
    stolen.await.expect(429);
    shop.clock.advance(Duration::from_secs(1));
    guess("ada@example.com", PASSWORD).await.expect(200);
}

//! Where users are signed in, and signing out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{self, FROM, Person, identity};

const SESSIONS: &str = "/api/v1/users/me/sessions";

async fn sessions(person: &Person) -> Vec<Value> {
    let page = person.actor.get(SESSIONS).await.expect(200).value();
    page["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_refresh_token() {
    let shop = identity().await;
    let (here, there) = (shop.register("Ada").await, shop.log_in("ada@example.com").await);
    here.me().await;

    here.actor.post("/api/v1/auth/logout", &json!({})).await.expect(204);

    assert_eq!(shop.refresh(&here.refresh_token).await, 401);
    shop.clock.advance(Duration::from_secs(60));
    here.actor.get("/api/v1/users/me").await.expect(401);
    there.me().await;
    assert_eq!(shop.refresh(&there.refresh_token).await, 200);
    shop.anybody.post("/api/v1/auth/logout", &json!({})).await.expect(401);
}

#[tokio::test]
async fn users_see_where_they_are_signed_in_and_end_it() {
    let shop = identity().await;
    let (ada, bob) = (shop.register("Ada").await, shop.register("Bob").await);
    shop.clock.advance(Duration::from_secs(60));
    let credentials = json!({"email": ada.email, "password": support::PASSWORD});
    let phone = shop.anybody.post("/api/v1/auth/login", &credentials);
    let phone = phone.header("user-agent", &"Phone ".repeat(100)).header(FROM, "192.0.2.7");
    let phone = phone.await.expect(200).value();

    let seen = sessions(&ada).await;

    let current: Vec<_> = seen.iter().map(|session| session["current"].as_bool()).collect();
    assert_eq!(current, [Some(false), Some(true)], "newest first");
    assert_eq!((&seen[0]["address"], &seen[1]["address"]), (&json!("192.0.2.7"), &Value::Null));
    assert_eq!(seen[0]["user_agent"].as_str().map(str::len), Some(200));
    assert_eq!(seen[0]["created_at"], seen[0]["last_used_at"]);
    assert!(seen[1]["created_at"].as_str() < seen[0]["created_at"].as_str());

    let path = format!("{SESSIONS}/{}", seen[0]["id"].as_str().expect("an id"));
    bob.actor.delete(&path).await.expect(404);
    ada.actor.delete(&path).await.expect(204);
    ada.actor.delete(&path).await.expect(404);

    assert_eq!(shop.refresh(&phone["refresh_token"]).await, 401);
    assert_eq!(sessions(&ada).await.len(), 1);
    ada.actor.get(&format!("{SESSIONS}?limit=0")).await.expect(422);
}

#[tokio::test]
async fn a_session_that_is_renewed_tells_when_and_one_that_is_not_goes() {
    let shop = identity().await;
    let ada = shop.register("Ada").await;
    let day = Duration::from_secs(24 * 60 * 60);
    shop.clock.advance(20 * day);
    let renew = json!({"refresh_token": ada.refresh_token});
    let renew = shop.anybody.post("/api/v1/auth/refresh", &renew).header(FROM, "2001:db8::1");
    let renewed = renew.await.expect(200).value();
    let ada = Person { actor: shop.bearer(&renewed), ..ada };

    let seen = sessions(&ada).await;

    assert_eq!(seen[0]["address"], "2001:db8::1");
    assert!(seen[0]["created_at"].as_str() < seen[0]["last_used_at"].as_str());
    shop.clock.advance(31 * day);
    assert_eq!(sessions(&shop.log_in(&ada.email).await).await.len(), 1);
}

//! What is mailed to open an account stands in no database: every value of every table of every service is
//! looked through for it, as text and as bytes, in the forms that it may have.

use base64::{
    Engine as _, engine::general_purpose::STANDARD_NO_PAD, engine::general_purpose::URL_SAFE_NO_PAD,
};
use http::Method;
use serde_json::json;
use techtrove_core::TypedId as _;
use techtrove_db::{Db, DbOptions};
use techtrove_identity_api::UserId;

use crate::{harness::TestShop, stored::values_of};

const PASSWORD: &str = "correct horse battery";

/// All values of all tables of the shop's databases, as bytes.
async fn values(shop: &TestShop) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for url in shop.databases() {
        let db = Db::open(url, DbOptions::default()).await.expect("opened");
        let stored = db.read("test.values", values_of).await.expect("read");
        all.extend(stored.iter().map(|stored| bytes(&stored.value)));
        db.close().await;
    }
    all
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes, and the texts by which they may be written.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    vec![
        bytes.to_vec(),
        hex(bytes).into_bytes(),
        hex(bytes).to_uppercase().into_bytes(),
        URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
        STANDARD_NO_PAD.encode(bytes).into_bytes(),
    ]
}

/// In how many values one of these stands.
fn count(values: &[Vec<u8>], forms: &[Vec<u8>]) -> usize {
    let holds = |value: &Vec<u8>| {
        forms.iter().any(|form| value.windows(form.len()).any(|part| part == form.as_slice()))
    };
    values.iter().filter(|value| holds(value)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mailed_secret_stands_in_any_database_before_or_after_its_use() {
    for (engine, shop) in TestShop::everywhere().await {
        let account = json!({"email": "eve@example.com", "password": PASSWORD, "name": "Eve"});
        let made = shop.public.post("/api/v1/auth/register", &account).await.expect(201).value();
        let eve = shop.public.bearer(made["access_token"].as_str().expect("a token"));
        let welcome = shop.mailed_token("eve@example.com", "verify-email").await;
        let other = json!({"email": "eve@example.org"});
        eve.patch("/api/v1/users/me", &other).header("if-match", "*").await.expect(200);
        let moving = shop.mailed_token("eve@example.org", "verify-email").await;
        let forgotten = json!({"email": "eve@example.com"});
        shop.public.post("/api/v1/auth/forgot-password", &forgotten).await.expect(202);
        let reset = shop.mailed_token("eve@example.com", "reset-password").await;

        let before = values(&shop).await;
        for token in [&welcome, &moving] {
            let verify = json!({ "token": token });
            shop.public.post("/api/v1/auth/verify-email", &verify).await.expect(204);
        }
        let body = json!({"email": "eve@example.org"});
        shop.public.post("/api/v1/auth/forgot-password", &body).await.expect(202);
        let again = shop.mailed_token("eve@example.org", "reset-password").await;
        let body = json!({"token": again, "password": "another horse battery"});
        shop.public.post("/api/v1/auth/reset-password", &body).await.expect(204);
        let after = values(&shop).await;

        for token in [welcome, moving, reset, again] {
            let raw = URL_SAFE_NO_PAD.decode(&token).expect("base64");
            let forms = [forms(token.as_bytes()), forms(&raw)].concat();
            assert_eq!((count(&before, &forms), count(&after, &forms)), (0, 0), "{engine}");
        }
        // What is there is found: a text, and bytes.
        let id: UserId = made["user"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        assert!(count(&before, &[b"eve@example.com".to_vec()]) > 2, "{engine}");
        assert!(count(&before, &forms(id.uuid().as_bytes())) > 2, "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_links_in_mails_lead_to_pages_that_do_what_they_say() {
    let shop = TestShop::embedded().await;
    let account = json!({"email": "eve@example.com", "password": PASSWORD, "name": "Eve"});
    let made = shop.public.post("/api/v1/auth/register", &account).await.expect(201).value();
    let eve = shop.public.bearer(made["access_token"].as_str().expect("a token"));
    shop.public.post("/api/v1/auth/forgot-password", &json!({"email": "eve@example.com"})).await;
    let verified = async || eve.get("/api/v1/users/me").await.value()["email_verified"].clone();
    let log_in = async |password: &str| {
        let body = json!({"email": "eve@example.com", "password": password});
        shop.public.post("/api/v1/auth/login", &body).await.status.as_u16()
    };

    for (page, form) in [("verify-email", ""), ("reset-password", "password=another+horse")] {
        let link = format!("/{page}?token={}", shop.mailed_token("eve@example.com", page).await);
        let asked = shop.public.get(&link).await.expect(200);
        assert!(asked.text().contains("<form method=\"post\">"), "{}", asked.text());
        assert_eq!(asked.header("referrer-policy"), "no-referrer");
        assert_eq!(
            (verified().await == true, log_in(PASSWORD).await),
            (page != "verify-email", 200)
        );
        let send = shop.public.request(Method::POST, &link);
        let _ = send.body("application/x-www-form-urlencoded", form).await.expect(200);
    }

    assert_eq!((log_in(PASSWORD).await, log_in("another horse").await), (401, 200));
    shop.close().await;
}

//! The pages that the links in mails about an account lead to, as a mail program and a reader meet them.

use http::Method;
use techtrove_db::Db;
use techtrove_testing::{Actor, Reply, sqlite_inline};

use crate::support::{Office, TAKEN, secret_id, secret_of};

const FORM: &str = "application/x-www-form-urlencoded";

async fn office() -> Office {
    Office::new(Db::clone(&*sqlite_inline().await), None).await
}

fn link(page: &str, secret: u128) -> String {
    format!("/{page}?token={}", secret_of(secret_id(secret)))
}

async fn press(reader: &Actor, link: &str, fields: &'static str) -> Reply {
    reader.request(Method::POST, link).body(FORM, fields).await
}

#[tokio::test]
async fn an_address_is_confirmed_by_the_button_and_not_by_looking() {
    let office = office().await;
    let (reader, link) = (office.guest(), link("verify-email", 7));

    for _ in 0..2 {
        let page = reader.get(&link).await.expect(200);
        assert!(page.text().contains("Ja, Adresse bestätigen"), "{}", page.text());
        assert!(page.text().contains("<form method=\"post\">"), "{}", page.text());
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert!(office.used.lock().expect("not poisoned").is_empty());
    let done = press(&reader, &link, "").await.expect(200);

    assert!(done.text().contains("Ihre Adresse ist bestätigt"), "{}", done.text());
    assert!(!done.text().contains("<form"), "{}", done.text());
    assert_eq!(*office.used.lock().expect("not poisoned"), [secret_id(7)]);
}

#[tokio::test]
async fn a_password_is_chosen_by_the_form_and_one_that_is_refused_is_asked_for_again() {
    let office = office().await;
    let (reader, link) = (office.guest(), link("reset-password", 7));

    let page = reader.get(&link).await.expect(200);
    let refused = press(&reader, &link, "password=password").await.expect(422);
    let done = press(&reader, &link, "password=plum+anchor+42").await.expect(200);

    for asked in [&page, &refused] {
        assert!(asked.text().contains("autocomplete=\"new-password\""), "{}", asked.text());
    }
    assert!(refused.text().contains("vielen bekannt"), "{}", refused.text());
    assert!(done.text().contains("mit dem neuen Passwort"), "{}", done.text());
    assert!(!done.text().contains("<form"), "{}", done.text());
    assert_eq!(press(&reader, &link, "").await.status, 422);
    let _ = reader.post(&link, &serde_json::json!({"password": "x"})).await.expect(415);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_says_so_in_the_shops_language() {
    let office = office().await;
    let reader = office.guest();
    let unsubscribe = "/api/v1/notifications/unsubscribe?token=none".to_owned();
    let ended = [link("verify-email", 1_000), link("reset-password", 1_000), unsubscribe];

    for link in &ended {
        for method in [Method::GET, Method::POST] {
            let asked = reader.request(method, link).body(FORM, "password=plum-anchor-42");
            let page = asked.await.expect(422);
            assert!(page.text().contains("This link "), "{}", page.text());
            assert!(!page.text().contains("<form"), "{}", page.text());
        }
    }
    let taken = press(&reader, &link("verify-email", TAKEN), "").await.expect(409);
    assert!(taken.text().contains("einem anderen Konto"), "{}", taken.text());
    for page in ["verify-email", "reset-password"] {
        let _ = reader.get(&format!("/{page}")).await.expect(422);
        let _ = reader.get(&format!("/{page}?token=a&to=b")).await.expect(422);
    }
}

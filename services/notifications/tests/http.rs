//! The mailbox as programs and people see it.

use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use techtrove_db::{Db, DbOptions};
use techtrove_notifications_api::NotificationsClient;
use tower::ServiceExt;

use crate::support::{Office, confirmed, order, order_id};

async fn office() -> Office {
    let options = DbOptions { inline: true, ..DbOptions::default() };
    Office::new(Db::open("sqlite::memory:", options).await.expect("opens"), None).await
}

async fn read(mailbox: &Router, accept: &str) -> (StatusCode, String) {
    let request = Request::get("/dev/mail").header("accept", accept);
    let request = request.body(Body::empty()).expect("a request");
    let response = mailbox.clone().oneshot(request).await.expect("infallible");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn programs_get_a_list_newest_first() {
    let office = office().await;
    let (_, empty) = read(&office.mailbox, "application/json").await;
    assert_eq!(empty, "[]");
    for number in 1..=250 {
        office.hear(confirmed(number)).await.expect("taken");
    }

    let (status, body) = read(&office.mailbox, "application/json").await;

    assert_eq!(status, StatusCode::OK);
    let mails: Vec<serde_json::Value> = serde_json::from_str(&body).expect("a list");
    assert_eq!(mails.len(), 250);
    let newest = &mails[0];
    assert_eq!(newest["to"], serde_json::json!(["buyer250@example.com"]));
    let number = order(order_id(250)).number;
    assert!(newest["subject"].as_str().expect("text").contains(&number));
    assert!(newest["text"].as_str().expect("text").contains("2 × Graphics <card>"));
    assert!(newest["html"].as_str().expect("text").contains("Graphics &#60;card&#62;"));
    assert!(newest["sent_at"].as_str().expect("text").ends_with('Z'));
    assert!(newest["id"].as_str().expect("text").starts_with("ntf_"));
    assert_eq!(mails[249]["to"], serde_json::json!(["buyer1@example.com"]));
}

#[tokio::test]
async fn people_get_a_page_that_runs_nothing() {
    let office = office().await;
    office.hear(confirmed(1)).await.expect("taken");

    let (status, page) = read(&office.mailbox, "text/html").await;

    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("buyer1@example.com"));
    assert!(page.contains("sandbox=\"\""));
    assert!(!page.contains("<card>"), "{page}");
}

#[tokio::test]
async fn the_audit_reads_the_book_page_by_page() {
    let office = office().await;
    for number in 1..=3 {
        office.hear(confirmed(number)).await.expect("taken");
    }
    let client = NotificationsClient::new(techtrove_http::Client::local(
        "notifications",
        office.service.internal.clone(),
    ));

    let mut page = techtrove_core::PageRequest { limit: Some(2), cursor: None };
    let first = client.audit_mails(&page).await.expect("a page");
    page.cursor = first.next_cursor;
    let second = client.audit_mails(&page).await.expect("a page");

    assert_eq!((first.items.len(), second.items.len()), (2, 1));
    assert_eq!(second.next_cursor, None);
}

//! What staff and users see of the mails that were written, and what they may say about them.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use techtrove_core::{PageRequest, TypedId as _};
use techtrove_db::Db;
use techtrove_identity_api::{PASSWORD_RESET_REQUESTED, Role, UserId};
use techtrove_notifications::app;
use techtrove_orders_api::{ORDER_DELIVERED, ORDER_PARCEL_SHIPPED};
use techtrove_testing::{Actor, engines, sqlite_inline};
use uuid::Uuid;

use crate::support::{
    MailServer, Office, ada, changed, confirmed, keys_delivered, of_account, secret_id, secret_of,
};

const LIST: &str = "/api/v1/notifications";
const OWN: &str = "/api/v1/users/me/notifications";
const PREFERENCES: &str = "/api/v1/users/me/notification-preferences";

/// When the secrets of the events here end.
const UNTIL: &str = "2026-01-01T01:00:00.000000Z";

async fn office() -> Office {
    Office::new(Db::clone(&*sqlite_inline().await), None).await
}

fn bob() -> UserId {
    UserId::from_uuid(Uuid::from_u128(7))
}

async fn items(actor: &Actor, path: &str) -> Vec<Value> {
    let list = actor.get(path).await.expect(200).value();
    list["items"].as_array().expect("a list").clone()
}

/// The path, with its token, of the last link in the newest mail.
async fn unsubscribe_link(office: &Office) -> String {
    let mails = app::list_mailbox(&office.app, None, 1).await.expect("a list");
    let text = &mails[0].content.text;
    let (_, link) = text.rsplit_once("http://127.0.0.1:8080").expect("a link");
    link.trim().to_owned()
}

#[tokio::test]
async fn support_finds_the_mails_to_an_address_without_what_they_say() {
    let office = office().await;
    for number in [1, 2, 3] {
        office.hear(confirmed(number)).await.expect("taken");
    }
    office.hear(keys_delivered(1)).await.expect("taken");
    let support = office.user(bob(), Role::Support);

    let all = items(&support, LIST).await;
    let first = support.get(&format!("{LIST}?recipient=BUYER1@example.com&limit=1")).await;
    let first = first.expect(200).value();
    let next = first["next_cursor"].as_str().expect("there is more");
    let second =
        items(&support, &format!("{LIST}?recipient=buyer1@example.com&cursor={next}")).await;

    assert_eq!(all.len(), 4);
    let keys = &first["items"][0];
    assert_eq!((&keys["kind"], &keys["state"]), (&json!("licence_keys"), &json!("kept")));
    assert_eq!(keys["recipient"], "buyer1@example.com");
    assert!(keys["subject"].as_str().expect("text").contains("TT-0000000001"));
    assert!(keys["order_id"].as_str().expect("an id").starts_with("ord_"));
    assert!(!first.to_string().contains("KEY-"), "{first}");
    assert_eq!(second.len(), 1);
    assert_eq!(second[0]["kind"], "order_confirmed");
}

#[tokio::test]
async fn others_see_their_own_alone() {
    let office = office().await;
    office.hear(confirmed(1)).await.expect("taken");
    office.hear(confirmed(2)).await.expect("taken");
    let (ada, manager) = (office.user(ada(), Role::Customer), office.user(bob(), Role::Manager));

    let own = items(&ada, OWN).await;

    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["subject"], "Bestellung TT-0000000002 bestätigt");
    assert!(items(&manager, OWN).await.is_empty());
    let _ = ada.get(LIST).await.expect(403);
    let _ = manager.get(LIST).await.expect(403);
    let _ = office.guest().get(LIST).await.expect(401);
    let _ = office.guest().get(OWN).await.expect(401);
    for query in ["limit=0", "cursor=x", "recipient=nobody", "unknown=1"] {
        let refused = office.user(bob(), Role::Support).get(&format!("{LIST}?{query}")).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_mail_is_sent_again_once_per_key_as_a_mail_of_its_own() {
    for db in engines().await {
        let office = Office::new(Db::clone(&db), None).await;
        office.hear(confirmed(1)).await.expect("taken");
        let support = office.user(bob(), Role::Support);
        let before = items(&support, LIST).await.remove(0);
        let path = format!("{LIST}/{}/resend", before["id"].as_str().expect("an id"));
        let again = || support.post(&path, &json!({})).header("idempotency-key", "again-1");

        let made = again().await.expect(201);
        let replayed = again().await.expect(201);

        let after = items(&support, LIST).await;
        assert_eq!(after.len(), 2, "{}", db.label());
        assert_eq!(made.value(), replayed.value());
        assert_eq!(after[0]["id"], made.value()["id"]);
        assert_eq!(made.value()["original_id"], before["id"]);
        assert_ne!(made.value()["message_id"], before["message_id"]);
        let mails = app::list_mailbox(&office.app, None, 2).await.expect("a list");
        assert_eq!(mails[0].content, mails[1].content);
        let book = app::audit_mails(&office.app, &PageRequest::default()).await.expect("a page");
        assert_eq!(book.items.len(), 1, "the book counts what events made");
        db.close().await;
    }
}

#[tokio::test]
async fn support_finds_the_mails_that_were_given_up_and_sends_them_again() {
    for db in engines().await {
        let server = MailServer::start().await;
        let office = Office::new(Db::clone(&db), Some(server.url().parse().expect("a URL"))).await;
        server.unwilling.store(3, Ordering::SeqCst);
        for number in [1, 3, 5] {
            office.hear(confirmed(number)).await.expect("taken");
            let _ = app::send_mails(&office.app, 10).await.expect("runs");
        }
        office.hear(confirmed(7)).await.expect("taken");
        let _ = app::send_mails(&office.app, 10).await.expect("runs");
        office.hear(confirmed(9)).await.expect("taken");
        let support = office.user(bob(), Role::Support);
        let stand = async |state: &str| {
            let found = items(&support, &format!("{LIST}?state={state}")).await;
            found.iter().map(|it| it["recipient"].as_str().expect("one")[5..6].to_owned()).collect()
        };

        let states: [Vec<String>; 4] = [
            stand("failed").await,
            stand("sent").await,
            stand("queued").await,
            stand("kept").await,
        ];
        let page = support.get(&format!("{LIST}?state=failed&limit=2")).await.expect(200).value();
        let next = page["next_cursor"].as_str().expect("there is more");
        let rest = items(&support, &format!("{LIST}?state=failed&limit=2&cursor={next}")).await;
        let third = format!("{LIST}?state=failed&recipient=Buyer3@example.com");
        let one = items(&support, &third).await;
        let again = format!("{LIST}/{}/resend", one[0]["id"].as_str().expect("an id"));
        let again = support.post(&again, &json!({})).await.expect(201);
        let _ = app::send_mails(&office.app, 10).await.expect("runs");
        let made = support.get(again.header("location")).await.expect(200).value();

        assert_eq!(states, [vec!["5", "3", "1"], vec!["7"], vec!["9"], vec![]], "{}", db.label());
        assert_eq!(rest.len(), 1);
        assert_eq!(
            (&one[0]["state"], &one[0]["last_error"]),
            (&json!("failed"), &json!("recipient"))
        );
        assert_eq!(made["id"], again.value()["id"]);
        assert_eq!((&made["state"], made.get("last_error")), (&json!("sent"), None));
        assert_eq!(made["original_id"], one[0]["id"]);
        let _ = support.get(&format!("{LIST}?state=lost")).await.expect(422);
        let _ = support.get(&format!("{LIST}/ntf_00000000000000000000000000")).await.expect(404);
        let ada = office.user(ada(), Role::Customer);
        let _ = ada.get(again.header("location")).await.expect(403);
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_who_send_a_mail_again_at_once_send_one() {
    for db in engines().await {
        let server = MailServer::start().await;
        let office = Office::new(Db::clone(&db), Some(server.url().parse().expect("a URL"))).await;
        office.hear(confirmed(1)).await.expect("taken");
        let _ = app::send_mails(&office.app, 10).await.expect("runs");
        let id = items(&office.user(bob(), Role::Support), LIST).await[0]["id"].clone();
        let path = format!("{LIST}/{}/resend", id.as_str().expect("an id"));

        let desks = (0..20).map(|number| {
            let desk = office.user(UserId::from_uuid(Uuid::from_u128(100 + number)), Role::Support);
            let path = path.clone();
            tokio::spawn(async move { desk.post(&path, &json!({})).await })
        });
        let answers: Vec<_> = futures::future::join_all(desks).await;

        let mut statuses: Vec<_> =
            answers.iter().map(|it| it.as_ref().expect("no panic").status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [&[201][..], &[409; 19]].concat(), "{}", db.label());
        let _ = app::send_mails(&office.app, 100).await.expect("runs");
        assert_eq!(server.taken().len(), 2);
        let desk = office.user(bob(), Role::Support);
        let _ = desk.post(&path, &json!({})).await.expect(201);
        db.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_refused() {
    let office = office().await;
    office.hear(confirmed(1)).await.expect("taken");
    office.hear(confirmed(3)).await.expect("taken");
    let support = office.user(bob(), Role::Support);
    let old = items(&support, LIST).await.remove(1);
    app::forget_contents(&office.app, 1).await.expect("runs");
    let path = |id: &str| format!("{LIST}/{id}/resend");
    let id = old["id"].as_str().expect("an id");

    let forgotten = support.post(&path(id), &json!({})).await.expect(409);
    let unknown = path("ntf_00000000000000000000000000");

    assert_eq!(forgotten.problem_code(), "mail_forgotten");
    let _ = support.post(&unknown, &json!({})).await.expect(404);
    let _ = office.user(ada(), Role::Customer).post(&path(id), &json!({})).await.expect(403);
    let _ = support.post(&path(id), &json!({"to": "eve@example.com"})).await.expect(422);
    assert!(items(&support, LIST).await[1]["subject"].is_null());
}

#[tokio::test]
async fn a_mail_with_a_link_is_sent_again_as_long_as_that_leads_somewhere() {
    for db in engines().await {
        let server = MailServer::start().await;
        let office = Office::new(Db::clone(&db), Some(server.url().parse().expect("a URL"))).await;
        for (sequence, secret) in [(1, 7), (2, 8)] {
            let more = json!({"secret_id": secret_id(secret), "expires_at": UNTIL});
            let event = of_account(PASSWORD_RESET_REQUESTED, &more, sequence);
            office.hear(event).await.expect("taken");
        }
        let _ = app::send_mails(&office.app, 10).await.expect("runs");
        office.used.lock().expect("not poisoned").push(secret_id(8));
        let support = office.user(bob(), Role::Support);
        let sent = items(&support, LIST).await;
        let again = |mail: &Value| {
            let id = mail["id"].as_str().expect("an id");
            support.post(&format!("{LIST}/{id}/resend"), &json!({})).header("idempotency-key", id)
        };

        let ended = again(&sent[0]).await.expect(409);
        office.identity_away.store(1, Ordering::SeqCst);
        let away = again(&sent[1]).await.expect(503);
        let made = again(&sent[1]).await.expect(201);
        office.identity_away.store(1, Ordering::SeqCst);
        let repeated = again(&sent[1]).await.expect(201);
        let _ = app::send_mails(&office.app, 10).await.expect("runs");

        assert_eq!(ended.problem_code(), "link_ended", "{}", db.label());
        assert_eq!(away.problem_code(), "unavailable");
        assert_eq!(made.value()["original_id"], sent[1]["id"]);
        assert_eq!(repeated.value()["id"], made.value()["id"]);
        let taken = server.taken();
        assert_eq!(taken.len(), 3);
        assert!(taken[2].replace("=\n", "").contains(&secret_of(secret_id(7))), "{}", taken[2]);
        db.close().await;
    }
}

#[tokio::test]
async fn what_is_needed_cannot_be_switched_off_and_the_rest_can() {
    for db in engines().await {
        let office = Office::new(Db::clone(&db), None).await;
        let ada = office.user(ada(), Role::Customer);
        let both = json!({"order_shipped": true, "order_delivered": true});
        assert_eq!(ada.get(PREFERENCES).await.expect(200).value(), both);

        let wish = json!({"order_shipped": false, "order_delivered": true});
        for _ in 0..2 {
            assert_eq!(ada.put(PREFERENCES, &wish).await.expect(200).value(), wish);
        }
        let needed = json!({"order_shipped": true, "order_delivered": true, "welcome": false});
        let _ = ada.put(PREFERENCES, &needed).await.expect(422);
        office.hear(changed(ORDER_PARCEL_SHIPPED, 2, 1)).await.expect("taken");
        office.hear(changed(ORDER_DELIVERED, 2, 2)).await.expect("taken");
        office.hear(changed(ORDER_PARCEL_SHIPPED, 1, 1)).await.expect("taken");

        assert_eq!(ada.get(PREFERENCES).await.expect(200).value(), wish, "{}", db.label());
        let kinds: Vec<_> = items(&ada, OWN).await.iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds, ["order_delivered"]);
        assert_eq!(office.recipients().await, ["buyer1@example.com", "buyer2@example.com"]);
        let _ = ada.put(PREFERENCES, &both).await.expect(200);
        office.hear(changed(ORDER_PARCEL_SHIPPED, 2, 3)).await.expect("taken");
        assert_eq!(items(&ada, OWN).await.len(), 2);
        db.close().await;
    }
}

#[tokio::test]
async fn one_click_ends_such_mails_however_often_it_comes() {
    for db in engines().await {
        let office = Office::new(Db::clone(&db), None).await;
        office.hear(changed(ORDER_PARCEL_SHIPPED, 1, 1)).await.expect("taken");
        let (link, guest) = (unsubscribe_link(&office).await, office.guest());

        let question = guest.get(&link).await.expect(200);
        office.hear(changed(ORDER_PARCEL_SHIPPED, 1, 2)).await.expect("taken");
        assert_eq!(office.recipients().await.len(), 2, "looking changes nothing");
        for body in ["List-Unsubscribe=One-Click", ""] {
            let click = guest.request(http::Method::POST, &link);
            let done = click.body("application/x-www-form-urlencoded", body).await.expect(200);
            assert!(done.text().contains("no more such mails"), "{}", done.text());
        }
        office.hear(changed(ORDER_PARCEL_SHIPPED, 1, 3)).await.expect("taken");
        office.hear(changed(ORDER_DELIVERED, 1, 4)).await.expect("taken");

        assert!(question.text().contains("<form method=\"post\">"), "{}", question.text());
        let subjects = items(&office.user(bob(), Role::Support), LIST).await;
        let kinds: Vec<_> = subjects.iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds, ["order_delivered", "order_shipped", "order_shipped"], "{}", db.label());
        let id = subjects[1]["id"].as_str().expect("an id");
        let again = format!("{LIST}/{id}/resend");
        let again = office.user(bob(), Role::Support).post(&again, &json!({})).await.expect(409);
        assert_eq!(again.problem_code(), "unsubscribed");
        db.close().await;
    }
}

#[tokio::test]
async fn nobody_ends_the_mails_of_others() {
    let office = office().await;
    office.hear(changed(ORDER_PARCEL_SHIPPED, 1, 1)).await.expect("taken");
    let link = unsubscribe_link(&office).await;
    let (path, _) = link.split_once('?').expect("a query");

    for query in ["", "?token=", "?token=ntf_x.y", "?token=%00"] {
        let refused = office.guest().get(&format!("{path}{query}")).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text());
    }
    let forged = format!("{link}A");
    let _ = office.guest().request(http::Method::POST, &forged).await.expect(422);
}

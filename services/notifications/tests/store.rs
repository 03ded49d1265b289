//! What is promised about mails: one for each event, whatever fails and comes twice, and an outage of
//! the mail server delays nothing else. On every engine.

use std::{future::Future, sync::Arc, sync::atomic::Ordering, time::Duration};

use serde_json::json;
use techtrove_core::PageRequest;
use techtrove_db::{Db, DbError, p};
use techtrove_identity_api::{
    EMAIL_CHANGED, EMAIL_VERIFICATION_REQUESTED, EMAIL_VERIFICATION_REQUESTED_V1, EMAIL_VERIFIED,
    PASSWORD_CHANGED, PASSWORD_RESET_REQUESTED, PASSWORD_RESET_REQUESTED_V1, USER_REGISTERED,
    USER_REGISTERED_V1,
};
use techtrove_notifications::{SmtpUrl, app, domain::Kind};
use techtrove_orders_api::{
    ORDER_CANCELLED, ORDER_CONFIRMED, ORDER_DELIVERED, ORDER_PARCEL_SHIPPED, ORDER_PAYMENT_FAILED,
    ORDER_PROCESSING, ORDER_REFUNDED, ORDER_SHIPPED,
};

use crate::support::{
    MailServer, Office, ada, changed, confirmed, keys_delivered, of_account, secret_id, secret_of,
};

/// When the secrets of the events here end.
const UNTIL: &str = "2026-01-01T01:00:00.000000Z";

/// What is stored of what mails say.
async fn letters(office: &Office) -> Vec<String> {
    let letters = office.app.db.read("test.letters", |tx| -> Result<_, DbError> {
        tx.query("SELECT letter FROM letters", p![], |row| row.get(0))
    });
    letters.await.expect("read")
}

async fn on_every_engine<F, T>(test: F)
where
    F: Fn(Db) -> T,
    T: Future<Output = ()>,
{
    for engine in techtrove_testing::engines().await {
        test(Db::clone(&engine)).await;
        engine.close().await;
    }
}

#[tokio::test]
async fn an_event_makes_one_mail_however_often_it_comes() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;

        for number in [2, 1, 2, 3, 1, 2] {
            office.hear(confirmed(number)).await.expect("taken");
        }

        let mut recipients = office.recipients().await;
        recipients.sort();
        assert_eq!(recipients, ["buyer1@example.com", "buyer2@example.com", "buyer3@example.com"]);
        let book = app::audit_mails(&office.app, &PageRequest::default()).await.expect("a page");
        assert!(book.items.iter().all(|mail| mail.done && mail.template == "order_confirmed"));
    })
    .await;
}

#[tokio::test]
async fn licence_keys_come_in_a_mail_of_their_own_once_they_can_be_told() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;
        office.hear(confirmed(1)).await.expect("taken");
        office.orders_away.store(1, Ordering::SeqCst);

        office.hear(keys_delivered(1)).await.expect_err("comes again later");
        office.hear(keys_delivered(1)).await.expect("taken");
        office.hear(keys_delivered(1)).await.expect("taken before");

        let mails = app::list_mailbox(&office.app, None, 10).await.expect("the database answers");
        assert_eq!(mails.len(), 2);
        let [keys, confirmation] = [&mails[0].content, &mails[1].content];
        assert_eq!(keys.subject, "Your licence keys of order TT-0000000001");
        assert!(keys.text.contains("    KEY-<1>\n"), "{}", keys.text);
        assert!(
            keys.html.contains("KEY-&#60;1&#62;") && keys.html.contains("KEY-2"),
            "{}",
            keys.html
        );
        assert!(!confirmation.text.contains("KEY-"), "{}", confirmation.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_many_times_at_once_makes_one_mail() {
    on_every_engine(|db| async move {
        let office = Arc::new(Office::new(db, None).await);

        let hear = (0..20).map(|_| {
            let office = Arc::clone(&office);
            tokio::spawn(async move { office.hear(confirmed(1)).await })
        });
        let outcomes = futures::future::join_all(hear).await;

        // One that met another in the middle comes again by the bus.
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Ok(Ok(())))));
        office.hear(confirmed(1)).await.expect("taken");
        assert_eq!(office.recipients().await, ["buyer1@example.com"]);
    })
    .await;
}

#[tokio::test]
async fn an_event_is_not_lost_while_orders_is_away() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;
        office.orders_away.store(1, Ordering::SeqCst);

        office.hear(confirmed(1)).await.expect_err("comes again later");
        assert!(office.recipients().await.is_empty());
        office.hear(confirmed(1)).await.expect("taken");

        assert_eq!(office.recipients().await, ["buyer1@example.com"]);
    })
    .await;
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_asked_again_until_it_takes_the_mail() {
    on_every_engine(|db| async move {
        let server = MailServer::start().await;
        let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
        server.busy.store(2, Ordering::SeqCst);
        office.hear(confirmed(1)).await.expect("an outage delays no event");

        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);
        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 0, "not due yet");
        office.clock.advance(Duration::from_secs(10));
        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);
        office.clock.advance(Duration::from_secs(20));
        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);
        office.clock.advance(Duration::from_secs(100_000));
        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 0, "it is sent");

        let taken = server.taken();
        assert_eq!(taken.len(), 1);
        for part in [
            "Subject: Order TT-0000000001 confirmed",
            "To: buyer1@example.com",
            "Message-ID: <order_confirmed.",
        ] {
            assert!(taken[0].contains(part), "{part} in {}", taken[0]);
        }
        let mails = app::list_mailbox(&office.app, None, 1).await.expect("the database answers");
        assert!(mails[0].record.sent_at.is_some());
        assert_eq!(mails[0].record.attempts, 3);
    })
    .await;
}

#[tokio::test]
async fn each_station_of_an_order_is_told_in_the_language_of_its_buyer() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;
        let stations = [
            (ORDER_CONFIRMED, "bestätigt"),
            (ORDER_PROCESSING, ""),
            (ORDER_PARCEL_SHIPPED, "ein Paket ist unterwegs"),
            (ORDER_SHIPPED, ""),
            (ORDER_DELIVERED, "zugestellt"),
            (ORDER_REFUNDED, "Erstattung"),
            (ORDER_CANCELLED, "storniert"),
            (ORDER_PAYMENT_FAILED, "fehlgeschlagen"),
        ];
        for (sequence, (kind, _)) in (1..).zip(stations) {
            office.hear(changed(kind, 2, sequence)).await.expect("taken");
        }

        let mut mails = app::list_mailbox(&office.app, None, 10).await.expect("a list");
        mails.reverse();
        let subjects: Vec<_> = mails.iter().map(|mail| mail.content.subject.as_str()).collect();
        let expected: Vec<_> = stations.iter().filter(|(_, words)| !words.is_empty()).collect();
        assert_eq!(subjects.len(), expected.len(), "{subjects:?}");
        for (subject, (_, words)) in subjects.iter().zip(expected) {
            assert!(subject.contains(words) && subject.contains("TT-0000000002"), "{subject}");
        }
        assert!(mails[1].content.text.contains("PARCEL-3"), "{}", mails[1].content.text);
        assert!(mails[3].content.text.contains("0,06"), "{}", mails[3].content.text);
        assert!(mails.iter().all(|mail| mail.record.recipient.user == Some(ada())));
    })
    .await;
}

#[tokio::test]
async fn what_is_written_to_where_nobody_can_be_is_kept_beside_a_mail_server() {
    let server = MailServer::start().await;
    let db = Db::clone(&*techtrove_testing::sqlite_inline().await);
    let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
    office.hear(confirmed(97)).await.expect("taken");

    assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 0);

    assert_eq!(office.recipients().await, ["nobody@techtrove.example"]);
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_guest_is_written_to_in_the_first_language_of_theirs_that_there_is() {
    let office = Office::new(Db::clone(&*techtrove_testing::sqlite_inline().await), None).await;
    for number in [1, 99] {
        office.hear(confirmed(number)).await.expect("taken");
    }

    let mails = app::list_mailbox(&office.app, None, 10).await.expect("a list");

    let subjects: Vec<_> = mails.iter().map(|mail| mail.content.subject.as_str()).collect();
    assert_eq!(subjects, ["Bestellung TT-0000000099 bestätigt", "Order TT-0000000001 confirmed"]);
}

#[tokio::test]
async fn a_mail_that_may_be_refused_says_how_in_its_head() {
    on_every_engine(|db| async move {
        let server = MailServer::start().await;
        let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
        office.hear(confirmed(1)).await.expect("taken");
        office.hear(changed(ORDER_PARCEL_SHIPPED, 1, 2)).await.expect("taken");

        app::send_mails(&office.app, 10).await.expect("runs");

        let taken = server.taken();
        let one_click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
        let link =
            "List-Unsubscribe: <http://127.0.0.1:8080/api/v1/notifications/unsubscribe?token=ntf_";
        let optional = taken.iter().find(|mail| mail.contains("on its way")).expect("the parcel");
        assert!(optional.contains(one_click) && optional.contains(link), "{optional}");
        let needed = taken.iter().find(|mail| mail.contains("confirmed\n")).expect("the order");
        assert!(!needed.contains("List-Unsubscribe"), "{needed}");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_written_to_where_there_is_nobody() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;

        office.hear(changed(ORDER_PAYMENT_FAILED, 1_000, 1)).await.expect("taken");
        office.hear(changed(ORDER_CANCELLED, 1_001, 1)).await.expect("taken");

        assert!(office.recipients().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_becomes_of_an_account_is_told_and_no_secret_is_kept() {
    on_every_engine(|db| async move {
        let server = MailServer::start().await;
        let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
        let secret = |number| json!({"secret_id": secret_id(number), "expires_at": UNTIL});
        let events = [
            (USER_REGISTERED, secret(1)),
            (EMAIL_VERIFICATION_REQUESTED, secret(2)),
            (EMAIL_VERIFIED, json!({})),
            (PASSWORD_RESET_REQUESTED, secret(3)),
            (PASSWORD_CHANGED, json!({})),
            (EMAIL_CHANGED, json!({})),
        ];
        for (sequence, (kind, more)) in (1..).zip(&events) {
            let event = of_account(kind, more, sequence);
            office.hear(Arc::clone(&event)).await.expect("taken");
            office.hear(event).await.expect("taken before");
        }

        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 5);

        let letters = letters(&office).await;
        assert_eq!(letters.len(), 5);
        assert!(!letters.concat().contains("s3cret"), "{letters:?}");
        let taken = server.taken().join("\n").replace("=\n", "");
        for secret in [1, 2, 3].map(|number| secret_of(secret_id(number))) {
            assert!(taken.contains(&format!("token=3D{secret}")), "{secret} in {taken}");
        }
        let left = app::list_mailbox(&office.app, None, 10).await.expect("a list");
        assert_eq!(left[0].record.kind, Kind::EmailChanged);
        assert_eq!(left[0].content.subject, "Ihre Adresse bei TechTrove wurde geändert");
    })
    .await;
}

#[tokio::test]
async fn an_event_that_tells_its_secret_itself_is_taken_as_before() {
    on_every_engine(|db| async move {
        let server = MailServer::start().await;
        let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
        let events = [
            (USER_REGISTERED_V1, json!({"verification_token": "WELCOME-1", "expires_at": UNTIL})),
            (EMAIL_VERIFICATION_REQUESTED_V1, json!({"token": "VERIFY-1", "expires_at": UNTIL})),
            (PASSWORD_RESET_REQUESTED_V1, json!({"token": "RESET-1", "expires_at": UNTIL})),
        ];
        for (sequence, (kind, more)) in (1..).zip(&events) {
            office.hear(of_account(kind, more, sequence)).await.expect("taken");
        }

        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 3);

        let taken = server.taken().join("\n").replace("=\n", "");
        for secret in ["token=3DWELCOME-1", "token=3DVERIFY-1", "token=3DRESET-1"] {
            assert!(taken.contains(secret), "{secret} in {taken}");
        }
        assert!(
            letters(&office).await.is_empty(),
            "what told its secret is forgotten once it left"
        );
    })
    .await;
}

#[tokio::test]
async fn a_mail_waits_for_its_secret_and_is_given_up_when_that_has_ended() {
    on_every_engine(|db| async move {
        let server = MailServer::start().await;
        let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
        for (sequence, secret) in [(1, 7), (2, 1_007)] {
            let more = json!({"secret_id": secret_id(secret), "expires_at": UNTIL});
            office
                .hear(of_account(PASSWORD_RESET_REQUESTED, &more, sequence))
                .await
                .expect("taken");
        }
        office.identity_away.store(2, Ordering::SeqCst);

        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 2);
        assert!(server.taken().is_empty());
        office.clock.advance(Duration::from_secs(10));
        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 2);
        office.clock.advance(Duration::from_secs(100_000));
        assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 0, "neither is due");

        let taken = server.taken();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].replace("=\n", "").contains(&secret_of(secret_id(7))), "{}", taken[0]);
    })
    .await;
}

#[tokio::test]
async fn the_mailbox_shows_a_link_as_long_as_it_leads_somewhere() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;
        for (sequence, secret) in [(1, 7), (2, 1_007)] {
            let more = json!({"secret_id": secret_id(secret), "expires_at": UNTIL});
            office
                .hear(of_account(PASSWORD_RESET_REQUESTED, &more, sequence))
                .await
                .expect("taken");
        }

        let mails = app::list_mailbox(&office.app, None, 10).await.expect("a list");

        let [ended, live] = [&mails[0].content, &mails[1].content];
        assert!(live.text.contains(&secret_of(secret_id(7))), "{}", live.text);
        assert!(!ended.text.contains("token="), "{}", ended.text);
        assert!(!letters(&office).await.concat().contains("s3cret"));
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_holds_nobody_up() {
    on_every_engine(|db| async move {
        let server = MailServer::start().await;
        let office = Office::new(db, Some(server.url().parse().expect("a URL"))).await;
        server.unwilling.store(1, Ordering::SeqCst);
        office.hear(confirmed(1)).await.expect("taken");
        app::send_mails(&office.app, 10).await.expect("runs");
        office.hear(confirmed(2)).await.expect("taken");
        app::send_mails(&office.app, 10).await.expect("runs");

        assert_eq!(server.taken().len(), 1);
        let book = app::audit_mails(&office.app, &PageRequest::default()).await.expect("a page");
        assert_eq!(book.items.iter().map(|mail| mail.done).collect::<Vec<_>>(), [false, true]);
    })
    .await;
}

#[tokio::test]
async fn nobody_listening_is_an_outage_like_any_other() {
    let url: SmtpUrl = "smtp://127.0.0.1:1".parse().expect("a URL");
    on_every_engine(|db| {
        let url = url.clone();
        async move {
            let office = Office::new(db, Some(url)).await;
            office.hear(confirmed(1)).await.expect("taken");

            assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1);

            office.clock.advance(Duration::from_secs(10));
            assert_eq!(app::send_mails(&office.app, 10).await.expect("runs"), 1, "it is due again");
        }
    })
    .await;
}

#[tokio::test]
async fn old_mails_stay_on_record_without_their_contents() {
    on_every_engine(|db| async move {
        let office = Office::new(db, None).await;
        for number in 1..=5 {
            office.hear(confirmed(number)).await.expect("taken");
        }

        assert_eq!(app::forget_contents(&office.app, 2).await.expect("runs"), 3);
        assert_eq!(app::forget_contents(&office.app, 2).await.expect("runs"), 0);

        assert_eq!(office.recipients().await, ["buyer5@example.com", "buyer4@example.com"]);
        let book = app::audit_mails(&office.app, &PageRequest::default()).await.expect("a page");
        assert_eq!(book.items.len(), 5);
        office.hear(confirmed(1)).await.expect("taken before");
        assert_eq!(office.recipients().await.len(), 2);
    })
    .await;
}

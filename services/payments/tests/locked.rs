//! Payments while another process has locked its file: an authorisation that cannot be written down is refused with
//! a word of its own, and is never begun afterwards.

use techtrove_db::DbOptions;
use techtrove_payments::app;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::{Locked, sqlite_file};

use crate::support::{World, code, payment_id};

#[tokio::test]
async fn what_cannot_be_written_down_is_not_begun_and_never_will_be() {
    let db = sqlite_file(DbOptions::default()).await;
    let world = World::beside((*db).clone()).await;
    let locked = Locked::file(db.url()).await;

    let refused = code(world.authorize(1, "tok_ok").await);

    assert_eq!(refused, "payment_not_begun");
    locked.let_go().await;
    app::recover(&world.app).await.expect("recovers");
    assert!(world.book().await.is_empty() && world.provider_book().await.is_empty());
    let given_up = world.payments.void(payment_id(1)).await.expect("given up");
    assert_eq!(given_up.status, PaymentStatus::Voided);
    let late = world.authorize(1, "tok_ok").await.expect("told how it stands");
    assert_eq!(late.status, PaymentStatus::Voided, "a late request asks for no money");
    assert_eq!(world.provider_book().await.len(), 0);
}

#[tokio::test]
async fn what_was_begun_before_is_not_told_to_be_none() {
    let db = sqlite_file(DbOptions::default()).await;
    let world = World::beside((*db).clone()).await;
    world.authorize(1, "tok_timeout").await.expect("begun");
    let locked = Locked::file(db.url()).await;

    let refused = code(world.authorize(1, "tok_ok").await);

    assert_eq!(refused, "unavailable");
    locked.let_go().await;
}

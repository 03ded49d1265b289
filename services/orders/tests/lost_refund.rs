//! Refunds that were made and fail after all, as payments tells of it: what is given back is never more,
//! nor less, than orders says.

use techtrove_bus::{AggregateRef, NewEvent};
use techtrove_core::TypedId as _;
use techtrove_orders::domain::RefundStatus;
use techtrove_payments_api::{PAYMENT_AGGREGATE, PaymentStatus, REFUND_FAILED, RefundFailed};
use techtrove_testing::{engines, sqlite_inline};

use crate::world::{Setting, Shop, World, buy, cancel, refund, tell_of_payments};

/// The bank takes every refund of the only order back, and payments tells of each, twice.
async fn lose_refunds(world: &World, shop: &Shop) {
    let lost = world.till.lock().expect("whole").lose_refunds();
    let order = world.orders().await.remove(0);
    let events = lost.iter().chain(&lost).map(|refund| {
        let data = RefundFailed {
            payment_id: order.payment.id,
            reference: order.id.uuid(),
            status: PaymentStatus::Captured,
            refund_id: *refund,
            failure_code: "card_is_gone".to_owned(),
        };
        NewEvent {
            kind: REFUND_FAILED,
            aggregate: AggregateRef { kind: PAYMENT_AGGREGATE, id: order.payment.id.uuid() },
            data: serde_json::json!(data),
        }
    });
    tell_of_payments(world, shop, events.collect()).await;
    shop.app.drivers.idle().await;
}

#[tokio::test]
async fn what_failed_after_all_is_not_given_back_and_can_be_asked_back_again() {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    refund(&world, &shop, &bought, Some(1_000)).await.expect(201);
    refund(&world, &shop, &bought, Some(500)).await.expect(201);
    shop.app.drivers.idle().await;

    lose_refunds(&world, &shop).await;
    world.assert_books_agree("lost").await;
    let order = world.orders().await.remove(0);
    let rest = refund(&world, &shop, &bought, None).await.expect(201);
    shop.app.drivers.idle().await;

    assert_eq!((order.payment.refunded, order.payment.status), (0, PaymentStatus::Captured));
    assert!(order.refunds.iter().all(|refund| refund.status == RefundStatus::Failed));
    assert_eq!(order.refunds[0].failure_code.as_deref(), Some("card_is_gone"));
    assert_eq!(rest.value()["amount"]["amount"], order.totals.total.amount);
    world.assert_books_agree("given back again").await;
}

#[tokio::test]
async fn what_is_owed_to_a_cancelled_order_again_is_given_back_again_once() {
    for db in engines().await {
        let world = World::new((*db).clone());
        let shop = world.shop(Setting::default()).await;
        let bought = buy(&shop, "tok_ok", 1).await;
        shop.app.drivers.idle().await;
        cancel(&shop, &bought).await.expect(200);
        shop.app.drivers.idle().await;

        lose_refunds(&world, &shop).await;
        let lost = world.orders().await.remove(0);
        world.assert_books_agree(db.label()).await;
        world.settle().await;

        assert_eq!((lost.payment.refunded, lost.refunds.len()), (0, 1), "{}", db.label());
        let order = world.orders().await.remove(0);
        let statuses: Vec<_> = order.refunds.iter().map(|refund| refund.status).collect();
        assert_eq!(statuses, [RefundStatus::Failed, RefundStatus::Succeeded], "{}", db.label());
        assert_eq!(order.payment.status, PaymentStatus::Refunded, "{}", db.label());
        assert!(world.entries().await.iter().all(|entry| entry.settled), "{}", db.label());
        world.assert_books_agree(db.label()).await;
        db.close().await;
    }
}

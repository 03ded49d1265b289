//! Refunds that wait for their bank: parcels, cancellations and other refunds go on meanwhile, and what the
//! bank decides in the end is booked once.

use serde_json::json;
use techtrove_identity_api::Role;
use techtrove_orders::domain::RefundStatus;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::sqlite_inline;

use crate::world::{
    Bought, Moment, Setting, Shop, Trap, World, buy, cancel, dies_at, refund, ship,
};

/// An order of which 500 are asked back and wait for their bank.
async fn waiting() -> (World, Shop, Bought) {
    let world = World::new((*sqlite_inline().await).clone());
    let shop = world.shop(Setting::default()).await;
    let bought = buy(&shop, "tok_ok", 1).await;
    shop.app.drivers.idle().await;
    world.till.lock().expect("whole").waits = 1;
    let asked = refund(&world, &shop, &bought, Some(500)).await.expect(201);
    assert_eq!(asked.value()["status"], "pending");
    shop.app.drivers.idle().await;
    (world, shop, bought)
}

#[tokio::test(start_paused = true)]
async fn a_parcel_leaves_at_once_and_the_refund_is_made_when_its_bank_says_so() {
    let (world, shop, bought) = waiting().await;

    let parcel = ship(&world, &shop, &bought, &[]).await.expect(201);
    shop.app.drivers.idle().await;
    let meanwhile = world.orders().await.remove(0);
    world.settle().await;
    world.assert_books_agree("the bank has not decided").await;
    let entry = world.entries().await.remove(0);
    world.till.lock().expect("whole").decide(true);
    world.settle().await;

    assert_eq!(parcel.value()["status"], "shipped");
    assert_eq!((meanwhile.status, meanwhile.payment.refunded), (OrderStatus::Shipped, 0));
    assert_eq!((entry.settled, entry.refunding), (false, true));
    world.assert_settled("decided").await;
    assert_eq!(world.orders().await[0].payment.refunded, 500);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_cancelled_at_once_and_all_of_its_money_given_back_once() {
    for made in [true, false] {
        let (world, shop, bought) = waiting().await;

        let cancelled = cancel(&shop, &bought).await.expect(200);
        shop.app.drivers.idle().await;
        world.settle().await;
        world.assert_books_agree("the bank has not decided").await;
        world.till.lock().expect("whole").decide(made);
        world.settle().await;

        assert_eq!(cancelled.value()["status"], "cancelled");
        world.assert_settled(if made { "made" } else { "failed" }).await;
        let order = world.orders().await.remove(0);
        assert_eq!(order.payment.status, PaymentStatus::Refunded, "{made}");
        let failed = order.refunds.iter().filter(|it| it.status == RefundStatus::Failed).count();
        assert_eq!((order.refunds.len(), failed), if made { (2, 0) } else { (3, 1) });
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_promised_and_further_refunds_are_of_what_is_left() {
    let (world, shop, bought) = waiting().await;
    let total = world.orders().await[0].totals.total.amount;

    let over = refund(&world, &shop, &bought, Some(total - 499)).await.expect(409);
    let rest = refund(&world, &shop, &bought, None).await.expect(201);
    let late = ship(&world, &shop, &bought, &[]).await.expect(409);
    world.till.lock().expect("whole").decide(true);
    world.settle().await;

    assert_eq!(over.value()["code"], json!("refund_exceeds_payment"));
    assert_eq!(rest.value()["amount"]["amount"], total - 500);
    assert_eq!(late.problem_code(), "payment_not_captured", "all of its money is promised back");
    world.assert_settled("all given back").await;
    assert_eq!(world.orders().await[0].payment.status, PaymentStatus::Refunded);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_before_the_bank_decides_though_whoever_asked_is_gone() {
    let world = World::new((*sqlite_inline().await).clone());
    let first = world.shop(Setting::default()).await;
    let bought = buy(&first, "tok_ok", 1).await;
    first.app.drivers.idle().await;
    world.till.lock().expect("whole").waits = 1;
    let path = format!("{}/refunds", bought.path);
    let body = json!({"amount": {"amount": 500, "currency": "USD"}, "reason": "a scratch"});
    let ask = |shop: &Shop| {
        let support = world.staff(shop, Role::Support);
        let (path, body) = (path.clone(), body.clone());
        async move { support.post(&path, &body).header("idempotency-key", "k-1").await }
    };
    let shop = world.shop(Setting::trapped(Trap::at(1, Moment::After))).await;
    let asked = ask(&shop);
    assert!(dies_at(shop, move |_| async move { drop(asked.await) }).await);

    world.settle().await;
    let waiting = ask(&first).await.expect(201);
    world.till.lock().expect("whole").decide(true);
    world.settle().await;
    let again = ask(&first).await.expect(201);

    assert_eq!(waiting.value()["status"], "pending");
    assert_eq!(waiting.header("idempotent-replayed"), "true");
    assert_eq!(again.text(), waiting.text());
    world.assert_settled("decided").await;
    assert_eq!(world.orders().await[0].payment.refunded, 500);
}

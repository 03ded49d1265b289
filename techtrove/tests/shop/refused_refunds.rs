//! Money that cannot be given back: the provider refuses the refund of a cancelled order, or fails it. It is
//! asked for again under fresh ids, ever later, staff sees it, and the books agree all the while.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::eventually;

use crate::harness::{SOON, TestShop, items, order_path};

const MINUTE: Duration = Duration::from_secs(60);

/// Somebody buys by this means of payment, and cancels what was paid.
async fn cancelled(shop: &TestShop, token: &str) -> Value {
    let order = shop.buy("REFUND-1", 1, token).await.expect(201).value();
    shop.order_becomes(&order, ("confirmed", "captured"), SOON).await;
    let guest = shop.public.with_header(
        "x-guest-token",
        order["guest_token"].as_str().expect("a guest's order has a token"),
    );
    let cancel = guest.post(&format!("{}/cancel", order_path(&order)), &json!({})).await;
    assert_eq!(cancel.expect(200).value()["status"], "cancelled");
    order
}

/// The order's refunds as support sees them, once there are so many and none is under way.
async fn refunds(shop: &TestShop, order: &Value, count: usize) -> Vec<Value> {
    eventually(SOON, async || {
        let shown = shop.user(Role::Support).get(&order_path(order)).await.expect(200).value();
        let refunds = shown["refunds"].as_array()?.clone();
        let is_decided = |refund: &Value| refund["status"] != "pending";
        (refunds.len() == count && refunds.iter().all(is_decided)).then_some(refunds)
    })
    .await
}

/// The payments whose refund has failed, as support is shown them.
async fn failed(shop: &TestShop) -> Vec<Value> {
    let list = shop.user(Role::Support).get("/api/v1/payments?refund=failed").await;
    items(&list.expect(200).value()).iter().map(|payment| payment["id"].clone()).collect()
}

/// What the provider has given back, of its only charge.
async fn given_back(shop: &TestShop) -> Value {
    let charges = shop.operator.get("/v1/charges").await.expect(200).value();
    items(&charges)[0]["refunded"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_once_is_given_back_a_minute_later() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("REFUND-1", 5_000, 10).await;
        let order = cancelled(&shop, "tok_refund_fails").await;

        let first = refunds(&shop, &order, 1).await;
        assert_eq!(first[0]["status"], "failed", "{engine}");
        assert_eq!(first[0]["failure_code"], "expired_or_canceled_card", "{engine}");
        assert_eq!(failed(&shop).await, [order["payment"]["id"].clone()], "{engine}");
        assert_eq!(given_back(&shop).await, 0, "{engine}");
        shop.assert_no_difference().await;

        shop.clock.advance(MINUTE);
        shop.order_becomes(&order, ("cancelled", "refunded"), SOON).await;

        let both = refunds(&shop, &order, 2).await;
        assert_ne!(both[0]["id"], both[1]["id"], "{engine}");
        assert_eq!(both[1]["status"], "succeeded", "{engine}");
        assert_eq!(given_back(&shop).await, order["totals"]["total"]["amount"], "{engine}");
        assert_eq!(failed(&shop).await, Vec::<Value>::new(), "{engine}");
        shop.assert_books_agree().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_always_refused_is_asked_for_five_times_and_then_left_to_staff() {
    let shop = TestShop::embedded().await;
    shop.sell("REFUND-1", 5_000, 10).await;
    let order = cancelled(&shop, "tok_refund_refused").await;

    for (count, pause) in [1, 8, 64, 512].into_iter().enumerate() {
        refunds(&shop, &order, count + 1).await;
        shop.clock.advance(MINUTE * pause);
    }
    let all = refunds(&shop, &order, 5).await;
    shop.clock.advance(MINUTE * 10_000);
    let by_hand = json!({"reason": "they have moved their account"});
    let path = format!("{}/refunds", order_path(&order));
    let refused = shop.user(Role::Support).post(&path, &by_hand).await.expect(409);

    assert!(all.iter().all(|refund| refund["failure_code"] == "charge_disputed"), "{all:?}");
    assert_eq!(refused.problem_code(), "refund_refused");
    assert_eq!(refused.value()["failure_code"], "charge_disputed");
    assert_eq!(refunds(&shop, &order, 6).await.len(), 6, "asked for by staff, and by nobody else");
    assert_eq!(failed(&shop).await, [order["payment"]["id"].clone()]);
    assert_eq!(given_back(&shop).await, 0);
    shop.assert_no_difference().await;
    // What is owed to it stays owed.
    shop.stop().await;
}

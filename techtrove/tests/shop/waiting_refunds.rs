//! A refund that waits for its bank, through the whole shop: its order is shipped or cancelled meanwhile, the
//! audit finds nothing stuck, and the money is given back once the bank has decided.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::eventually;

use crate::harness::{SOON, TestShop, items, order_path};

/// Longer than anything but a bank may take.
const LONG: Duration = Duration::from_secs(16 * 60);

/// How long the sandbox's bank takes.
const BANK: Duration = Duration::from_secs(3_600);

/// A paid order of which 100 are asked back and wait for their bank.
async fn waiting(shop: &TestShop) -> Value {
    shop.sell("WAITS-1", 5_000, 10).await;
    let order = shop.buy("WAITS-1", 2, "tok_refund_pending").await.expect(201).value();
    shop.order_becomes(&order, ("confirmed", "captured"), SOON).await;
    assert_eq!(refund(shop, &order, 100).await["status"], "pending");
    order
}

async fn refund(shop: &TestShop, order: &Value, amount: i64) -> Value {
    let body =
        json!({"amount": {"amount": amount, "currency": "USD"}, "reason": "it has a scratch"});
    let path = format!("{}/refunds", order_path(order));
    shop.user(Role::Support).post(&path, &body).await.expect(201).value()
}

/// What the provider has given back, of its only charge, in how many refunds.
async fn given_back(shop: &TestShop) -> (Value, usize) {
    let charges = shop.operator.get("/v1/charges").await.expect(200).value();
    let charge = &items(&charges)[0];
    let made = charge["refunds"].as_array().expect("a list").iter();
    (charge["refunded"].clone(), made.filter(|it| it["status"] == "succeeded").count())
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_leave_while_a_refund_waits_and_its_bank_decides_after_an_hour() {
    for (engine, shop) in TestShop::everywhere().await {
        let order = waiting(&shop).await;

        let parcel = json!({"carrier": "DHL", "tracking_number": "JD0001"});
        let path = format!("{}/shipments", order_path(&order));
        let left = shop.user(Role::Manager).post(&path, &parcel).await.expect(201).value();
        assert_eq!(left["status"], "shipped", "{engine}");
        let further = refund(&shop, &order, 200).await;
        assert_eq!(further["amount"]["amount"], 200, "{engine}");
        shop.clock.advance(LONG);
        shop.assert_no_difference().await;
        assert_eq!(given_back(&shop).await, (json!(0), 0), "{engine}");

        shop.clock.advance(BANK);
        shop.order_becomes(&order, ("shipped", "partially_refunded"), SOON).await;
        eventually(SOON, async || {
            shop.clock.advance(Duration::from_secs(60));
            (given_back(&shop).await == (json!(300), 2)).then_some(())
        })
        .await;
        shop.assert_books_agree().await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_cancelled_while_a_refund_waits_and_all_is_given_back_once() {
    let shop = TestShop::embedded().await;
    let order = waiting(&shop).await;
    let token = order["guest_token"].as_str().expect("a guest's order has a token");
    let guest = shop.public.with_header("x-guest-token", token);

    let cancel = guest.post(&format!("{}/cancel", order_path(&order)), &json!({})).await;
    assert_eq!(cancel.expect(200).value()["status"], "cancelled");
    shop.clock.advance(LONG);
    shop.assert_no_difference().await;

    shop.clock.advance(BANK);
    eventually(SOON, async || {
        shop.clock.advance(Duration::from_secs(60));
        let stands = shop.order_of_guest(&order).await;
        (stands["payment"]["status"] == "refunded").then_some(())
    })
    .await;
    assert_eq!(given_back(&shop).await, (order["totals"]["total"]["amount"].clone(), 2));
    shop.assert_books_agree().await;
    shop.close().await;
}

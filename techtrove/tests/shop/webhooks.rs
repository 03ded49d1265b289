//! What a customer does at the provider reaches the shop by the provider's webhook.

use serde_json::json;
use techtrove_testing::eventually;

use crate::harness::{SOON, TestShop};

const PAYMENT: &str = "pay_01kafy3m2se6rbq3tmn4y4bwqd";

#[tokio::test(flavor = "multi_thread")]
async fn an_action_completed_at_the_provider_arrives_in_the_shop() {
    let shop = TestShop::embedded().await;
    let payment = format!("/internal/payments/payments/{PAYMENT}");
    let wish = json!({
        "payment_id": PAYMENT, "reference": "01933c5a-7c53-7a6e-8d0f-000000000001",
        "amount": {"amount": 500, "currency": "USD"}, "provider": "sandbox",
        "token": "tok_requires_action",
    });
    let asked = shop.operator.post("/internal/payments/payments", &wish).await.expect(200);
    assert_eq!(asked.value()["status"], "requires_action");

    let at_the_bank = format!("/v1/charges/{PAYMENT}/complete-action");
    let _ = shop.operator.post(&at_the_bank, &json!({})).await.expect(200);

    eventually(SOON, async || {
        let stands = shop.operator.get(&payment).await.expect(200).value();
        (stands["status"] == "authorized").then_some(())
    })
    .await;
    let _ = shop.operator.post(&format!("{payment}/void"), &json!({})).await.expect(200);
    shop.close().await;
}

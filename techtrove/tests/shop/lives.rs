//! The lives of orders, from the cart to the door, or to the money given back.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::Actor;

use crate::harness::{SOON, TestShop, checkout, fill_cart, items, order_path};

/// How soon what travels by events must be seen.
const PROMISED: Duration = Duration::from_secs(2);

/// Somebody new buys `quantity` pieces, and their money is taken.
async fn buy_captured(shop: &TestShop, sku: &str, quantity: u32) -> (Value, Actor) {
    let order = shop.buy(sku, quantity, "tok_ok").await.expect(201).value();
    let guest = guest_of(shop, &order);
    shop.order_becomes(&order, ("confirmed", "captured"), SOON).await;
    (order, guest)
}

/// The guest whose order it is.
fn guest_of(shop: &TestShop, order: &Value) -> Actor {
    let token = order["guest_token"].as_str().expect("a token");
    shop.public.with_header("x-guest-token", token)
}

/// Pieces in the building, and those of them that are held, and sold.
async fn pieces(shop: &TestShop, sku: &str) -> [Value; 3] {
    let stock = shop.stock(sku).await;
    ["on_hand", "held", "committed"].map(|name| stock[name].clone())
}

/// What the provider has taken and given back, of its only charge.
async fn money(shop: &TestShop) -> [Value; 2] {
    let charges = shop.operator.get("/v1/charges").await.expect(200).value();
    assert_eq!(items(&charges).len(), 1, "{charges}");
    ["captured", "refunded"].map(|name| items(&charges)[0][name].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_bought_as_quoted_and_arrives_in_two_parcels() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("LIFE-1", 5_000, 10).await;
        let item = json!({"sku": "LIFE-1", "quantity": 3});
        let cart = fill_cart(&shop.public, &item).await.value();
        let token = cart["cart_token"].as_str().expect("a token");
        let shopper = shop.public.with_header("x-cart-token", token);
        let cart = format!("/api/v1/carts/{}", cart["id"].as_str().expect("an id"));

        let route = json!({"shipping_address": {"country": "US"}, "shipping_method": "standard"});
        let quote = shopper.post(&format!("{cart}/quote"), &route).await.expect(200).value();
        let mut body = checkout("tok_ok");
        body["expected_total"] = quote["totals"]["total"].clone();
        let order = shopper.post(&format!("{cart}/checkout"), &body).await.expect(201).value();
        let again = shopper.post(&format!("{cart}/checkout"), &body).await.expect(409);

        assert_eq!(order["totals"], quote["totals"], "{engine}");
        assert_eq!(again.problem_code(), "cart_completed", "{engine}");
        shop.order_becomes(&order, ("confirmed", "captured"), SOON).await;
        assert_eq!(pieces(&shop, "LIFE-1").await, [json!(10), json!(0), json!(3)], "{engine}");

        let path = order_path(&order);
        let process = shop.manager.post(&format!("{path}/process"), &json!({})).await;
        assert_eq!(process.expect(200).value()["status"], "processing", "{engine}");
        let first = json!({"carrier": "DHL", "tracking_number": "JD0001", "lines": [{"sku": "LIFE-1", "quantity": 1}]});
        for (parcel, status, left) in [
            (first, "processing", [9, 0, 2]),
            (json!({"carrier": "UPS", "tracking_number": "JD0001"}), "shipped", [7, 0, 0]),
        ] {
            let shipped = shop.manager.post(&format!("{path}/shipments"), &parcel).await;
            assert_eq!(shipped.expect(201).value()["status"], "shipped", "{engine}");
            assert_eq!(shop.order_of_guest(&order).await["status"], status, "{engine}");
            assert_eq!(pieces(&shop, "LIFE-1").await, left.map(|count| json!(count)), "{engine}");
            shop.assert_books_agree().await;
        }
        let late = guest_of(&shop, &order).post(&format!("{path}/cancel"), &json!({})).await;
        assert_eq!(late.expect(409).problem_code(), "invalid_transition", "{engine}");
        let deliver = shop.manager.post(&format!("{path}/deliver"), &json!({})).await;
        assert_eq!(deliver.expect(200).value()["status"], "delivered", "{engine}");
        assert_eq!(money(&shop).await, [json!(15_500), json!(0)], "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_before_a_parcel_left_has_the_money_and_the_shop_the_stock() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("LIFE-1", 5_000, 10).await;
        let (order, guest) = buy_captured(&shop, "LIFE-1", 2).await;

        let cancel = guest.post(&format!("{}/cancel", order_path(&order)), &json!({})).await;

        assert_eq!(cancel.expect(200).value()["status"], "cancelled", "{engine}");
        assert_eq!(pieces(&shop, "LIFE-1").await, [json!(10), json!(0), json!(0)], "{engine}");
        shop.order_becomes(&order, ("cancelled", "refunded"), SOON).await;
        assert_eq!(money(&shop).await, [json!(10_500), json!(10_500)], "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_given_back_in_parts_and_never_more_than_was_taken() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("LIFE-1", 5_000, 10).await;
        let (order, _) = buy_captured(&shop, "LIFE-1", 1).await;
        let support = shop.user(Role::Support);
        let path = format!("{}/refunds", order_path(&order));
        let part = |amount: i64| {
            let amount = json!({"amount": amount, "currency": "USD"});
            support.post(&path, &json!({"amount": amount, "reason": "a scratch"}))
        };

        let first = part(1_000).await.expect(201).value();
        shop.order_becomes(&order, ("confirmed", "partially_refunded"), SOON).await;
        let too_much = part(4_501).await.expect(409);
        let rest = support.post(&path, &json!({"reason": "gone"})).await.expect(201).value();
        shop.order_becomes(&order, ("confirmed", "refunded"), SOON).await;
        let nothing_left = part(1).await.expect(409);

        assert_eq!(first["status"], "succeeded", "{engine}");
        assert_eq!(
            (&rest["status"], &rest["amount"]["amount"]),
            (&json!("succeeded"), &json!(4_500))
        );
        assert_eq!(too_much.problem_code(), "refund_exceeds_payment", "{engine}");
        assert_eq!(nothing_left.problem_code(), "refund_exceeds_payment", "{engine}");
        assert_eq!(money(&shop).await, [json!(5_500), json!(5_500)], "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_on_as_soon_as_its_buyer_did_what_the_payment_needs() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("LIFE-1", 5_000, 10).await;

        let order = shop.buy("LIFE-1", 1, "tok_requires_action").await.expect(201).value();
        let payment = &order["payment"];
        let complete = payment["id"].as_str().expect("an id");
        let complete = format!("/api/v1/payments/{complete}/actions/complete");
        guest_of(&shop, &order).post(&complete, &json!({})).await.expect(200);
        shop.order_becomes(&order, ("confirmed", "captured"), PROMISED).await;

        assert_eq!(
            (&order["status"], &payment["status"]),
            (&json!("pending"), &json!("requires_action")),
            "{engine}"
        );
        assert!(payment["next_action"]["url"].is_string(), "{engine}: {order}");
        assert_eq!(pieces(&shop, "LIFE-1").await, [json!(10), json!(0), json!(1)], "{engine}");
        assert_eq!(money(&shop).await, [json!(5_500), json!(0)], "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_in_the_stock_and_its_money_with_the_buyer() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("LIFE-1", 5_000, 10).await;
        let (order, guest) = buy_captured(&shop, "LIFE-1", 3).await;
        let path = order_path(&order);
        let parcel = json!({"carrier": "DHL", "tracking_number": "JD0001"});
        shop.manager.post(&format!("{path}/shipments"), &parcel).await.expect(201);
        shop.manager.post(&format!("{path}/deliver"), &json!({})).await.expect(200);

        for (pieces_back, restock, left, given) in
            [(2, true, [9, 0, 0], 10_000), (1, false, [9, 0, 0], 15_500)]
        {
            let lines = json!([{"sku": "LIFE-1", "quantity": pieces_back}]);
            let wish = json!({"lines": lines, "reason": "too loud"});
            let asked = guest.post(&format!("{path}/returns"), &wish).await.expect(201).value();
            let back = format!("/api/v1/returns/{}", asked["id"].as_str().expect("an id"));
            let approve = shop.manager.post(&format!("{back}/approve"), &json!({})).await;
            assert_eq!(approve.expect(200).value()["status"], "approved", "{engine}");
            let here = json!({"restock": restock});
            let received = shop.manager.post(&format!("{back}/receive"), &here).await;
            let received = received.expect(200).value();

            assert_eq!(received["status"], "received", "{engine}");
            assert_eq!(received["refund"]["status"], "succeeded", "{engine}");
            assert_eq!(pieces(&shop, "LIFE-1").await, left.map(|count| json!(count)), "{engine}");
            assert_eq!(money(&shop).await, [json!(15_500), json!(given)], "{engine}");
            shop.assert_books_agree().await;
        }
        let seen = shop.order_of_guest(&order).await;
        assert_eq!(
            (&seen["status"], &seen["return_status"]),
            (&json!("delivered"), &json!("received"))
        );
        shop.close().await;
    }
}

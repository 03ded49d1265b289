//! The other two: it never charges twice, and never forgets an order.

use serde_json::json;
use techtrove_testing::eventually;

use crate::harness::{SOON, TestShop, items, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_buys_on_every_engine_and_the_mail_follows() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("KEY-1", 7_900, 10).await;

        let order = shop.buy("KEY-1", 2, "tok_ok").await.expect(201).value();

        assert_eq!(order["status"], "confirmed", "{engine}");
        assert_eq!(
            order["totals"]["total"],
            json!({"amount": 16_300, "currency": "USD"}),
            "{engine}"
        );
        let number = order["number"].as_str().expect("a number").to_owned();
        let mail = eventually(SOON, async || {
            let mails = shop.public.get("/dev/mail").header("accept", "application/json").await;
            mails.expect(200).value().as_array()?.first().cloned()
        })
        .await;
        assert_eq!(mail["to"], json!(["ada@example.com"]), "{engine}");
        assert!(
            mail["subject"].as_str().is_some_and(|subject| subject.contains(&number)),
            "{mail}"
        );
        let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
        let token = order["guest_token"].as_str().expect("a token");
        eventually(SOON, async || {
            let order =
                shop.public.get(&path).header("x-guest-token", token).await.expect(200).value();
            (order["payment"]["status"] == "captured").then_some(())
        })
        .await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sells_best_stands_first_soon() {
    for (engine, shop) in TestShop::everywhere().await {
        for sku in ["KEY-1", "KEY-2", "KEY-3"] {
            shop.sell(sku, 7_900, 10).await;
        }
        let skus = async |query: &str| -> Vec<String> {
            let path = format!("/api/v1/products?sort=bestselling{query}");
            let page = shop.public.get(&path).await.expect(200).value();
            let skus = page["items"].as_array().expect("a list").iter();
            skus.map(|item| item["variants"][0]["sku"].as_str().unwrap_or_default().into())
                .collect()
        };
        assert_eq!(skus("").await, ["KEY-3", "KEY-2", "KEY-1"], "{engine}");

        shop.buy("KEY-1", 2, "tok_ok").await.expect(201);
        shop.buy("KEY-2", 3, "tok_ok").await.expect(201);

        eventually(SOON, async || (skus("").await == ["KEY-2", "KEY-1", "KEY-3"]).then_some(()))
            .await;
        assert_eq!(skus("&q=product&price_max=7900&limit=2").await, ["KEY-2", "KEY-1"], "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_leaves_stock_and_money_as_they_were() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("KEY-1", 7_900, 1).await;

        for token in ["tok_declined", "tok_insufficient_funds"] {
            let refusal = shop.buy("KEY-1", 1, token).await.expect(402);
            assert_eq!(refusal.problem_code(), "payment_declined", "{engine}");
        }
        let stock = shop.stock("KEY-1").await;
        assert_eq!((&stock["held"], &stock["committed"]), (&json!(0), &json!(0)), "{engine}");
        shop.buy("KEY-1", 1, "tok_ok").await.expect(201);
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_answer_never_comes_is_asked_again_and_charged_once() {
    let shop = TestShop::embedded().await;
    shop.sell("KEY-1", 7_900, 3).await;

    let order = shop.buy("KEY-1", 1, "tok_timeout").await.expect(201).value();

    assert_eq!(
        (&order["status"], &order["payment"]["status"]),
        (&json!("pending"), &json!("unknown"))
    );
    let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
    let token = order["guest_token"].as_str().expect("a token");
    eventually(SOON, async || {
        let order = shop.public.get(&path).header("x-guest-token", token).await.expect(200).value();
        (order["status"] == "confirmed" && order["payment"]["status"] == "captured").then_some(())
    })
    .await;
    let charges = shop.operator.get("/v1/charges").await.expect(200).value();
    assert_eq!(items(&charges).len(), 1);
    assert_eq!(items(&charges)[0]["captured"], 8_400);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_order_however_often_and_at_once() {
    for (engine, shop) in TestShop::everywhere().await {
        shop.sell("KEY-1", 7_900, 10).await;
        let body = order("KEY-1", 1, "tok_ok");
        let send = || {
            shop.public.post("/api/v1/orders", &body).header("idempotency-key", "one").into_future()
        };

        let replies = futures::future::join_all((0..20).map(|_| send())).await;
        let again = send().await.expect(201);

        let ids: std::collections::BTreeSet<String> = replies
            .iter()
            .filter(|reply| reply.status.as_u16() == 201)
            .map(|reply| reply.value()["id"].to_string())
            .collect();
        assert_eq!(ids.len(), 1, "{engine}");
        for reply in replies.iter().filter(|reply| reply.status.as_u16() != 201) {
            assert_eq!(
                reply.clone().expect(409).problem_code(),
                "idempotency_key_in_use",
                "{engine}"
            );
        }
        assert_eq!(again.header("idempotent-replayed"), "true", "{engine}");
        assert!(again.value()["guest_token"].is_string(), "{engine}");
        assert_eq!(shop.stock("KEY-1").await["committed"], 1, "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_was_shown_is_what_is_charged() {
    let shop = TestShop::embedded().await;
    shop.sell("KEY-1", 7_900, 10).await;
    let mut body = order("KEY-1", 1, "tok_ok");

    body["expected_total"] = json!({"amount": 8_399, "currency": "USD"});
    let changed = shop.public.post("/api/v1/orders", &body).await.expect(409);
    body["expected_total"] = json!({"amount": 8_400, "currency": "USD"});
    shop.public.post("/api/v1/orders", &body).await.expect(201);

    assert_eq!(changed.problem_code(), "price_changed");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_its_buyers_alone() {
    let shop = TestShop::embedded().await;
    shop.sell("KEY-1", 7_900, 10).await;
    let (first, second) = (
        shop.buy("KEY-1", 1, "tok_ok").await.expect(201).value(),
        shop.buy("KEY-1", 1, "tok_ok").await.expect(201).value(),
    );
    let path = format!("/api/v1/orders/{}", first["id"].as_str().expect("an id"));
    let register =
        json!({"email": "eve@example.com", "password": "correct horse battery", "name": "Eve"});
    let eve = shop.public.post("/api/v1/auth/register", &register).await.expect(201).value();
    let eve = shop.public.bearer(eve["access_token"].as_str().expect("a token"));

    shop.public.get(&path).await.expect(401);
    eve.get(&path).await.expect(404);
    let others = second["guest_token"].as_str().expect("a token");
    shop.public.get(&path).header("x-guest-token", others).await.expect(404);
    shop.manager.get(&path).await.expect(200);
    shop.close().await;
}

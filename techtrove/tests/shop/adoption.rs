//! Who bought as a guest and comes back with an account finds what they bought.

use serde_json::{Value, json};
use techtrove_testing::{Actor, eventually};

use crate::harness::{SOON, TestShop, items, order, order_path};

const PASSWORD: &str = "correct horse battery";

/// Somebody of this address makes an account.
async fn register(shop: &TestShop, email: &str) -> Actor {
    let account = json!({"email": email, "password": PASSWORD, "name": "Ada"});
    let made = shop.public.post("/api/v1/auth/register", &account).await.expect(201).value();
    shop.public.bearer(made["access_token"].as_str().expect("a token"))
}

/// A guest buys with this contact.
async fn buy(shop: &TestShop, email: &str) -> Value {
    let mut body = order("ADOPT-1", 1, "tok_ok");
    body["email"] = json!(email);
    shop.public.post("/api/v1/orders", &body).await.expect(201).value()
}

/// The ids of the orders that somebody has.
async fn orders(actor: &Actor) -> Vec<Value> {
    let page = actor.get("/api/v1/orders").await.expect(200).value();
    items(&page).iter().map(|order| order["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_address_adopts_what_its_owner_bought_as_a_guest() {
    for (engine, shop) in TestShop::everywhere().await {
        let product = shop.sell("ADOPT-1", 1_000, 10).await;
        let (first, others) =
            (buy(&shop, "Eve@Example.com").await, buy(&shop, "x@example.com").await);
        let eve = register(&shop, "eve@example.com").await;
        assert_eq!(orders(&eve).await, Vec::<Value>::new(), "{engine}: not before it is verified");

        let reviews = format!("/api/v1/products/{}/reviews", product["id"].as_str().expect("it"));
        let review = json!({"rating": 4, "title": "So", "body": "It is."});
        let review = eve.post(&reviews, &review).await.expect(201).value();
        assert_eq!(review["verified_purchase"], false, "{engine}: bought by nobody who is known");
        let review = format!("/api/v1/reviews/{}", review["id"].as_str().expect("an id"));

        let token = shop.mailed_token("eve@example.com", "verify-email").await;
        let verify = json!({ "token": token });
        shop.public.post("/api/v1/auth/verify-email", &verify).await.expect(204);
        eventually(SOON, async || (!orders(&eve).await.is_empty()).then_some(())).await;
        eventually(SOON, async || {
            let shown = eve.get(&review).await.expect(200).value();
            (shown["verified_purchase"] == true).then_some(())
        })
        .await;
        let later = buy(&shop, "EVE@example.com").await;
        shop.order_becomes(&later, ("confirmed", "captured"), SOON).await;

        let (second, first) = (later["id"].clone(), first["id"].clone());
        assert_eq!(orders(&eve).await, [second, first], "{engine}");
        eve.get(&order_path(&later)).await.expect(200);
        eve.get(&order_path(&others)).await.expect(404);
        shop.order_of_guest(&later).await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_buys_with_a_verified_address_is_known_as_its_owners() {
    for (engine, shop) in TestShop::everywhere().await {
        let product = shop.sell("ADOPT-1", 1_000, 10).await;
        let eve = register(&shop, "eve@example.com").await;
        let token = shop.mailed_token("eve@example.com", "verify-email").await;
        shop.public.post("/api/v1/auth/verify-email", &json!({"token": token})).await.expect(204);
        let reviews = format!("/api/v1/products/{}/reviews", product["id"].as_str().expect("it"));
        let review = json!({"rating": 4, "title": "So", "body": "It is."});
        let review = eve.post(&reviews, &review).await.expect(201).value();
        let review = format!("/api/v1/reviews/{}", review["id"].as_str().expect("an id"));

        buy(&shop, "Eve@Example.com").await;

        eventually(SOON, async || {
            let shown = eve.get(&review).await.expect(200).value();
            (shown["verified_purchase"] == true).then_some(())
        })
        .await;
        assert_eq!(orders(&eve).await.len(), 1, "{engine}");
        shop.close().await;
    }
}

//! Licence keys, from the manager who brings them to the buyer who has them: each is sold once, and comes
//! by itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use techtrove_testing::{Actor, Reply, eventually};

use crate::harness::{SOON, TestShop, order, order_path};

/// Puts a licence on sale with so many keys.
pub async fn sell_keys(manager: &Actor, sku: &str, count: usize) {
    let product = json!({
        "name": format!("Licence {sku}"),
        "status": "active",
        "fulfilment": "digital",
        "variants": [{"sku": sku, "price": {"amount": 4_900, "currency": "USD"}}],
    });
    manager.post("/api/v1/products", &product).await.expect(201);
    let keys: Vec<String> = (0..count).map(|number| format!("{sku}-{number:04}")).collect();
    let path = format!("/api/v1/inventory/{sku}/keys");
    manager.post(&path, &json!({ "keys": keys })).await.expect(201);
}

/// What a guest sends who buys licences and nothing that ships.
pub fn licences(sku: &str, quantity: u32) -> Value {
    let mut body = order(sku, quantity, "tok_ok");
    let fields = body.as_object_mut().expect("an object");
    fields.remove("shipping_address");
    fields.remove("shipping_method");
    body
}

/// The keys of the order, once it is delivered.
async fn delivered_keys(shop: &TestShop, order: &Value) -> Vec<String> {
    eventually(SOON, async || {
        let order = shop.order_of_guest(order).await;
        let keys = order["licence_keys"].as_array().filter(|_| order["status"] == "delivered")?;
        keys.iter().map(|licence| licence["key"].as_str().map(str::to_owned)).collect()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_by_themselves_and_cannot_be_given_back() {
    for (engine, shop) in TestShop::everywhere().await {
        sell_keys(&shop.manager, "SOFT-1", 3).await;

        let reply = shop.public.post("/api/v1/orders", &licences("SOFT-1", 2)).await.expect(201);
        let order = reply.value();
        let keys = delivered_keys(&shop, &order).await;

        assert_eq!(order["totals"]["total"]["amount"], 9_800, "{engine}");
        assert!(order["licence_keys"].is_null(), "{engine}");
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 2, "{engine}: {keys:?}");
        assert!(keys.iter().all(|key| key.starts_with("SOFT-1-")), "{engine}: {keys:?}");
        eventually(SOON, async || {
            let mails = shop.public.get("/dev/mail").header("accept", "application/json").await;
            let mails = mails.expect(200).value();
            let brings_all = |mail: &Value| {
                let text = mail["text"].as_str().unwrap_or_default();
                keys.iter().all(|key| text.contains(key))
            };
            mails.as_array()?.iter().any(brings_all).then_some(())
        })
        .await;
        let stock = shop.stock("SOFT-1").await;
        assert_eq!(
            (&stock["on_hand"], &stock["held"], &stock["committed"], &stock["available"]),
            (&json!(1), &json!(0), &json!(0), &json!(1)),
            "{engine}"
        );
        let token = order["guest_token"].as_str().expect("a token");
        let cancel = format!("{}/cancel", order_path(&order));
        let late = shop.public.post(&cancel, &json!({})).header("x-guest-token", token).await;
        assert_eq!(late.expect(409).problem_code(), "invalid_transition", "{engine}");
        let too_many = shop.public.post("/api/v1/orders", &licences("SOFT-1", 2)).await;
        assert_eq!(too_many.expect(409).problem_code(), "out_of_stock", "{engine}");
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_guests_at_once_get_the_twenty_keys_there_are_each_another() {
    for (engine, shop) in TestShop::everywhere().await {
        sell_keys(&shop.manager, "SOFT-1", 20).await;
        let body = licences("SOFT-1", 1);

        let buyers = (0..60).map(|_| shop.public.post("/api/v1/orders", &body).into_future());
        let replies: Vec<Reply> = futures::future::join_all(buyers).await;

        let mut keys = BTreeSet::new();
        let (sold, refused): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|reply| reply.status.as_u16() == 201);
        assert_eq!((sold.len(), refused.len()), (20, 40), "{engine}");
        for reply in refused {
            assert_eq!(reply.expect(409).problem_code(), "out_of_stock", "{engine}");
        }
        for reply in sold {
            keys.extend(delivered_keys(&shop, &reply.value()).await);
        }
        assert_eq!(keys.len(), 20, "{engine}: {keys:?}");
        let availability = "/api/v1/inventory/availability?sku=SOFT-1";
        let availability = shop.public.get(availability).await.expect(200).value();
        assert_eq!(availability[0]["availability"], "out_of_stock", "{engine}");
        assert_eq!(shop.stock("SOFT-1").await["on_hand"], 0, "{engine}");
        shop.close().await;
    }
}

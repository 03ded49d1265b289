//! What is in the building and not on sale is out of stock for the public.

use serde_json::{Value, json};
use techtrove_testing::{Actor, eventually};

use crate::harness::{SOON, TestShop};

const PRODUCTS: &str = "/api/v1/products";

/// The public is soon told so of a SKU.
async fn becomes(shop: &TestShop, sku: &str, availability: &str) {
    let path = format!("/api/v1/inventory/availability?sku={sku}");
    eventually(SOON, async || {
        let told = shop.public.get(&path).await.expect(200).value();
        (told[0]["availability"] == availability).then_some(())
    })
    .await;
}

async fn edit(manager: &Actor, product: &Value, change: &Value) {
    let path = format!("{PRODUCTS}/{}", product["id"].as_str().expect("an id"));
    manager.patch(&path, change).header("if-match", "*").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_or_not_yet_sold_is_out_of_stock() {
    for (engine, shop) in TestShop::everywhere().await {
        let variant = |sku: &str| json!({"sku": sku, "price": {"amount": 900, "currency": "USD"}, "options": {"size": sku}});
        let draft = json!({
            "name": "Cable", "options": ["size"], "variants": [variant("C-1"), variant("C-2")],
        });
        let cable = shop.manager.post(PRODUCTS, &draft).await.expect(201).value();
        shop.set_stock("C-1", 20).await;
        shop.set_stock("C-2", 20).await;

        becomes(&shop, "C-1", "out_of_stock").await;
        edit(&shop.manager, &cable, &json!({"status": "active"})).await;
        becomes(&shop, "C-1", "in_stock").await;
        edit(&shop.manager, &cable, &json!({"variants": [variant("C-2")]})).await;
        becomes(&shop, "C-1", "out_of_stock").await;
        becomes(&shop, "C-2", "in_stock").await;
        edit(&shop.manager, &cable, &json!({"status": "archived"})).await;
        becomes(&shop, "C-2", "out_of_stock").await;
        assert_eq!(shop.stock("C-2").await["available"], 20, "{engine}");
        shop.close().await;
    }
}

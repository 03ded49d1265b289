//! Managers who are limited to categories.

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::{Actor, eventually};

use crate::harness::{SOON, TestShop};

const PRODUCTS: &str = "/api/v1/products";

/// What a manager sends to make a product of a category.
fn product(sku: &str, category: &Value) -> Value {
    let price = json!({"amount": 1_000, "currency": "USD"});
    json!({"name": sku, "category_id": category, "variants": [{"sku": sku, "price": price}]})
}

async fn category(shop: &TestShop, name: &str, parent: &Value) -> Value {
    let category = json!({"name": name, "parent_id": parent});
    let made = shop.manager.post("/api/v1/categories", &category).await.expect(201).value();
    made["id"].clone()
}

/// The status of an edit of a product.
async fn edit(actor: &Actor, made: &Value, change: &Value) -> u16 {
    let path = format!("{PRODUCTS}/{}", made["id"].as_str().expect("an id"));
    actor.patch(&path, change).header("if-match", "*").await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_changes_the_products_of_their_categories_alone() {
    let shop = TestShop::embedded().await;
    let admin = shop.admin().await;
    let max = shop.member(&admin, "max", Role::Manager).await;
    let computers = category(&shop, "Computers", &Value::Null).await;
    let laptops = category(&shop, "Laptops", &computers).await;
    let phones = category(&shop, "Phones", &Value::Null).await;
    let make = async |actor: &Actor, sku: &str, category: &Value| {
        actor.post(PRODUCTS, &product(sku, category)).await
    };
    let laptop = make(&max, "LAPTOP", &laptops).await.expect(201).value();
    let phone = make(&max, "PHONE", &phones).await.expect(201).value();

    let me = max.get("/api/v1/users/me").await.expect(200).value();
    let grants = format!("/api/v1/users/{}/grants", me["id"].as_str().expect("an id"));
    let limited = json!({"categories": [computers]});
    let shown = admin.put(&grants, &limited).await.expect(200).value();
    assert_eq!(shown["grants"], limited);
    let brand = json!({"brand": "Acme"});
    // What is lost ends within five seconds.
    eventually(SOON, async || (edit(&max, &phone, &brand).await == 403).then_some(())).await;

    assert_eq!(edit(&max, &laptop, &brand).await, 200, "it stands below");
    assert_eq!(edit(&max, &laptop, &json!({"category_id": phones})).await, 403);
    assert_eq!(edit(&max, &laptop, &json!({"category_id": null})).await, 403);
    assert_eq!(edit(&max, &phone, &json!({"category_id": laptops})).await, 403);
    make(&max, "LAPTOP-2", &computers).await.expect(201);
    make(&max, "PHONE-2", &phones).await.expect(403);
    make(&max, "THING", &Value::Null).await.expect(403);
    let path = format!("{PRODUCTS}/{}", phone["id"].as_str().expect("an id"));
    max.delete(&path).header("if-match", "*").await.expect(403);
    max.post("/api/v1/categories", &json!({"name": "Toys"})).await.expect(403);
    let import = max.request(http::Method::POST, "/api/v1/products/import");
    import.body("application/x-ndjson", "{}\n").await.expect(403);
    assert_eq!(edit(&admin, &phone, &brand).await, 200);

    admin.put(&grants, &json!({"categories": null})).await.expect(200);
    eventually(SOON, async || (edit(&max, &phone, &brand).await == 200).then_some(())).await;
    shop.close().await;
}

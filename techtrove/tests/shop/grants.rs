//! Managers who are limited to categories.

use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::{Actor, eventually};

use crate::harness::{SOON, TestShop, order, order_path};

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

/// Puts a product of a category on sale, with 20 pieces.
async fn sell_in(shop: &TestShop, sku: &str, category: &Value) {
    let mut product = product(sku, category);
    product["status"] = json!("active");
    shop.manager.post(PRODUCTS, &product).await.expect(201);
    shop.set_stock(sku, 20).await;
}

/// A guest's paid order of these SKUs.
async fn bought(shop: &TestShop, skus: &[&str]) -> Value {
    let mut wish = order(skus[0], 1, "tok_ok");
    wish["lines"] = skus.iter().map(|sku| json!({"sku": sku, "quantity": 1})).collect();
    let placed = shop.public.post("/api/v1/orders", &wish).await.expect(201).value();
    shop.order_becomes(&placed, ("confirmed", "captured"), SOON).await;
    placed
}

/// Has an order stand or move on.
async fn say(actor: &Actor, order: &Value, what: &str) -> u16 {
    actor.post(&format!("{}/{what}", order_path(order)), &json!({})).await.status.as_u16()
}

/// Ships what is named of an order, or all of it.
async fn ship(actor: &Actor, order: &Value, skus: Option<&[&str]>) -> u16 {
    let mut parcel = json!({"carrier": "DHL", "tracking_number": "JD0001"});
    if let Some(skus) = skus {
        parcel["lines"] = skus.iter().map(|sku| json!({"sku": sku, "quantity": 1})).collect();
    }
    actor.post(&format!("{}/shipments", order_path(order)), &parcel).await.status.as_u16()
}

/// The path of a return that the guest asks for.
async fn sent_back(shop: &TestShop, order: &Value, sku: &str) -> String {
    let token = order["guest_token"].as_str().expect("a token");
    let wish = json!({"lines": [{"sku": sku, "quantity": 1}], "reason": "too loud"});
    let asked = shop.public.post(&format!("{}/returns", order_path(order)), &wish);
    let asked = asked.header("x-guest-token", token).await.expect(201).value();
    format!("/api/v1/returns/{}", asked["id"].as_str().expect("an id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_manager_fulfils_what_is_theirs() {
    for (engine, shop) in TestShop::everywhere().await {
        let admin = shop.admin().await;
        let computers = category(&shop, "Computers", &Value::Null).await;
        let laptops = category(&shop, "Laptops", &computers).await;
        let phones = category(&shop, "Phones", &Value::Null).await;
        sell_in(&shop, "LAPTOP", &laptops).await;
        sell_in(&shop, "PHONE", &phones).await;
        let max = shop.limited(&admin, "max", &[&computers]).await;
        let (own, mixed) =
            (bought(&shop, &["LAPTOP"]).await, bought(&shop, &["LAPTOP", "PHONE"]).await);

        assert_eq!(say(&max, &own, "process").await, 200, "{engine}");
        assert_eq!(ship(&max, &own, None).await, 201, "{engine}");
        assert_eq!(say(&max, &own, "deliver").await, 200, "{engine}");
        let refused = max.post(&format!("{}/process", order_path(&mixed)), &json!({})).await;
        assert_eq!(refused.expect(403).problem_code(), "forbidden", "{engine}");
        for parcel in [None, Some(&["PHONE"][..]), Some(&["LAPTOP", "PHONE"])] {
            assert_eq!(ship(&max, &mixed, parcel).await, 403, "{engine}: {parcel:?}");
        }
        assert_eq!(ship(&max, &mixed, Some(&["TABLET"])).await, 422, "{engine}");
        assert_eq!(
            ship(&max, &mixed, Some(&["LAPTOP"])).await,
            201,
            "{engine}: the lines are theirs"
        );
        assert_eq!(ship(&shop.manager, &mixed, None).await, 201, "{engine}");
        assert_eq!(say(&max, &mixed, "deliver").await, 403, "{engine}");
        assert_eq!(say(&shop.manager, &mixed, "deliver").await, 200, "{engine}");
        max.get(&order_path(&mixed)).await.expect(200);

        let theirs = sent_back(&shop, &mixed, "PHONE").await;
        let loud = sent_back(&shop, &mixed, "LAPTOP").await;
        for what in ["approve", "reject"] {
            max.post(&format!("{theirs}/{what}"), &json!({})).await.expect(403);
        }
        shop.manager.post(&format!("{theirs}/approve"), &json!({})).await.expect(200);
        let receive = json!({"restock": true});
        max.post(&format!("{theirs}/receive"), &receive).await.expect(403);
        max.post(&format!("{loud}/approve"), &json!({})).await.expect(200);
        max.post(&format!("{loud}/receive"), &receive).await.expect(200);
        shop.assert_books_agree().await;
        shop.close().await;
    }
}

/// The status of each change of a SKU's stock: a count, a correction, and licence keys.
async fn stock(actor: &Actor, sku: &str, key: &str) -> [u16; 3] {
    let path = format!("/api/v1/inventory/{sku}");
    let count = actor.put(&path, &json!({"on_hand": 20})).header("if-match", "*").await;
    let correction = json!({"delta": 1, "reason": "found"});
    let correction = actor.post(&format!("{path}/adjustments"), &correction).await;
    let keys = actor.post(&format!("{path}/keys"), &json!({ "keys": [key] })).await;
    [count, correction, keys].map(|reply| reply.status.as_u16())
}

/// Moves a product or a category.
async fn move_to(actor: &Actor, path: &str, place: &Value) {
    actor.patch(path, place).header("if-match", "*").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_manager_keeps_the_stock_that_is_theirs() {
    // Goods are counted and corrected, and have no keys.
    const GOODS: [u16; 3] = [200, 201, 409];
    const OTHERS: [u16; 3] = [403; 3];
    for (engine, shop) in TestShop::everywhere().await {
        let admin = shop.admin().await;
        let computers = category(&shop, "Computers", &Value::Null).await;
        let laptops = category(&shop, "Laptops", &computers).await;
        let phones = category(&shop, "Phones", &Value::Null).await;
        sell_in(&shop, "PHONE", &phones).await;
        shop.sell("THING", 1_000, 20).await;
        let max = shop.limited(&admin, "max", &[&computers]).await;
        let made = max.post(PRODUCTS, &product("LAPTOP", &computers)).await.expect(201).value();
        let laptop = format!("{PRODUCTS}/{}", made["id"].as_str().expect("an id"));

        assert_eq!(stock(&max, "LAPTOP", "K").await, GOODS, "{engine}: known with its product");
        for sku in ["PHONE", "THING"] {
            assert_eq!(stock(&max, sku, "K").await, OTHERS, "{engine}: {sku}");
        }
        let path = "/api/v1/inventory/PHONE";
        let refused = max.put(path, &json!({"on_hand": 0})).header("if-match", "*").await;
        assert_eq!(refused.expect(403).problem_code(), "forbidden", "{engine}");
        assert_eq!(max.get(path).await.expect(200).value()["on_hand"], 20, "{engine}");
        assert_eq!(stock(&max, "UNKNOWN", "K").await, [404; 3], "{engine}");
        assert_eq!(stock(&shop.manager, "PHONE", "K").await, GOODS, "{engine}");
        assert_eq!(stock(&admin, "PHONE", "K").await, GOODS, "{engine}");

        let below = format!("/api/v1/categories/{}", laptops.as_str().expect("an id"));
        let becomes = async |wanted: [u16; 3]| {
            let told = async || (stock(&max, "LAPTOP", "K").await == wanted).then_some(());
            eventually(SOON, told).await;
        };
        move_to(&shop.manager, &laptop, &json!({"category_id": phones})).await;
        becomes(OTHERS).await;
        move_to(&shop.manager, &laptop, &json!({"category_id": laptops})).await;
        becomes(GOODS).await;
        move_to(&shop.manager, &below, &json!({"parent_id": phones})).await;
        becomes(OTHERS).await;
        move_to(&shop.manager, &below, &json!({"parent_id": computers})).await;
        becomes(GOODS).await;
        shop.close().await;
    }
}

//! What the others are told of whose products a manager may manage.

mod support;

use serde_json::{Value, json};
use support::Shop;
use techtrove_catalog_api::{ProductId, Reach, ReachRequest};
use techtrove_core::TypedId;
use uuid::Uuid;

#[tokio::test]
async fn orders_learns_whose_products_a_manager_may_move() {
    let shop = Shop::open().await;
    let id = |reply: &Value| reply["id"].as_str().expect("an id").parse().expect("a product's id");
    let category = async |name: &str, parent: &Value| {
        let category = json!({"name": name, "parent_id": parent});
        shop.manager.post("/api/v1/categories", &category).await.expect(201).value()["id"].clone()
    };
    let computers = category("Computers", &Value::Null).await;
    let laptops = category("Laptops", &computers).await;
    let made = async |sku: &str, place: &Value| {
        let product = json!({"name": sku, "category_id": place, "variants": [{"sku": sku}]});
        id(&shop.create(product).await.expect(201).value())
    };
    let (laptop, other) = (made("LAPTOP", &laptops).await, made("OTHER", &Value::Null).await);
    let nothing = ProductId::from_uuid(Uuid::from_u128(1));
    let granted =
        |place: &Value| Reach::of(Some(vec![place.as_str().expect("it").parse().expect("it")]));
    let asks = [
        (granted(&computers), vec![laptop], true),
        (granted(&computers), vec![laptop, other], false),
        (granted(&computers), vec![nothing], false),
        (granted(&computers), vec![], true),
        (Reach::of(Some(Vec::new())), vec![laptop], false),
        (Reach::default(), vec![laptop, other, nothing], true),
    ];

    for (reach, products, within) in asks {
        let request = ReachRequest { reach, products: products.into_iter().collect() };
        let answer = shop.client.reaches(&request).await.expect("answered");
        assert_eq!(answer, within, "{request:?}");
    }
    let many = (0..201).map(|number| ProductId::from_uuid(Uuid::from_u128(number))).collect();
    let many = ReachRequest { reach: Reach::default(), products: many };
    let refused = shop.client.reaches(&many).await.expect_err("too many");
    assert_eq!(refused.refusal().map(|problem| problem.status), Some(422));
}

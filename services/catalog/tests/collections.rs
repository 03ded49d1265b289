//! Collections: who sees what of them, and how they are edited.

use serde_json::{Value, json};

use crate::support::{Inventory, Shop, product};

async fn made(shop: &Shop, name: &str) -> Value {
    shop.create(product(name, &name.to_uppercase())).await.expect(201).value()["id"].clone()
}

fn names(collection: &Value) -> Vec<&str> {
    let products = collection["products"].as_array().expect("a list");
    products.iter().map(|product| product["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn a_collection_shows_what_is_on_sale_in_its_own_order() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let (a, b, c) = (made(&shop, "a").await, made(&shop, "b").await, made(&shop, "c").await);
        let path = format!("/api/v1/products/{}", b.as_str().expect("an id"));
        let draft = shop.manager.patch(&path, &json!({"status": "draft"})).header("if-match", "*");
        let _ = draft.await.expect(200);
        let body = json!({"name": "For gamers", "description": "Fast.", "product_ids": [c, b, a]});

        let created = shop.manager.post("/api/v1/collections", &body).await.expect(201);
        let seen = shop.guest.get("/api/v1/collections/for-gamers").await.expect(200);
        let whole = shop.manager.get("/api/v1/collections/for-gamers").await.expect(200).value();

        assert_eq!(names(&seen.value()), ["c", "a"], "{}", db.label());
        assert_eq!(seen.value()["product_ids"], Value::Null);
        assert_eq!(whole["product_ids"], json!([c, b, a]));
        assert_eq!(whole, created.value());
        let listed = shop.guest.get("/api/v1/collections").await.expect(200).value();
        assert_eq!(listed["items"][0]["slug"], "for-gamers");
        assert_eq!(listed["items"][0]["products"], Value::Null);
        let same = shop.guest.get(created.header("location"));
        let _ = same.header("if-none-match", seen.header("etag")).await.expect(304);
        db.close().await;
    }
}

#[tokio::test]
async fn an_edit_needs_the_version_and_replaces_the_products() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let (a, b) = (made(&shop, "a").await, made(&shop, "b").await);
        let body = json!({"name": "Both", "product_ids": [a, b]});
        let created = shop.manager.post("/api/v1/collections", &body).await.expect(201);
        let path = created.header("location").to_owned();
        let patch = |body: Value| shop.manager.patch(&path, &body);
        let stale = created.header("etag").to_owned();

        let _ = patch(json!({"name": "X"})).await.expect(428);
        let edited = patch(json!({"product_ids": [b, a], "position": 3}));
        let edited = edited.header("if-match", &stale).await.expect(200);
        let _ = patch(json!({"name": "X"})).header("if-match", &stale).await.expect(412);
        let unknown = json!({"product_ids": [a, "prod_01h455vb4pex5vsknk084sn02q"]});
        let unknown = patch(unknown).header("if-match", "*").await.expect(422).value();

        assert_eq!(names(&edited.value()), ["b", "a"]);
        assert_eq!(edited.value()["version"], 2);
        assert_eq!(unknown["errors"][0]["pointer"], "/product_ids/1");
        let _ = shop.manager.delete(&path).header("if-match", &stale).await.expect(412);
        let gone = shop.manager.delete(&path).header("if-match", edited.header("etag"));
        let _ = gone.await.expect(204);
        let _ = shop.guest.get(&path).await.expect(404);
        let _ = shop.guest.get("/api/v1/products/a").await.expect(200);
        db.close().await;
    }
}

#[tokio::test]
async fn a_collection_is_made_once_per_key_and_slugs_are_its_own() {
    let shop = Shop::open().await;
    let create = |body: Value, key: &str| {
        shop.manager.post("/api/v1/collections", &body).header("idempotency-key", key)
    };

    let first = create(json!({"name": "New"}), "k1").await.expect(201);
    let again = create(json!({"name": "New"}), "k1").await.expect(201);
    let other = create(json!({"name": "New"}), "k2").await.expect(201);
    let taken = create(json!({"name": "Newer", "slug": "new"}), "k3").await.expect(409);

    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!((first.body, again.header("idempotent-replayed")), (again.body.clone(), "true"));
    assert_ne!(other.value()["slug"], "new");
    assert_eq!(taken.problem_code(), "slug_taken");
    let _ = create(json!({"name": "X", "colour": 1}), "k4").await.expect(422);
    let _ = shop.customer.post("/api/v1/collections", &json!({"name": "X"})).await.expect(403);
}

#[tokio::test]
async fn collections_are_listed_in_their_order_page_by_page() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        for (name, position) in [("b", 1), ("a", 2), ("C", 1), ("b", 1), ("z", 0)] {
            let body = json!({"name": name, "position": position});
            let _ = shop.manager.post("/api/v1/collections", &body).await.expect(201);
        }
        let whole = shop.guest.get("/api/v1/collections").await.expect(200).value();
        let whole = whole["items"].as_array().expect("a list");

        let (mut walked, mut path) = (Vec::new(), "/api/v1/collections?limit=2".to_owned());
        loop {
            let page = shop.guest.get(&path).await.expect(200).value();
            walked.extend_from_slice(page["items"].as_array().expect("a list"));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/collections?limit=2&cursor={next}");
        }

        assert_eq!(&walked, whole, "{}", db.label());
        let positions: Vec<_> = walked.iter().map(|it| it["position"].clone()).collect();
        assert_eq!(positions, [0, 1, 1, 1, 2]);
        for query in ["limit=0", "limit=", "cursor=", "cursor=x", "colour=red"] {
            let _ = shop.guest.get(&format!("/api/v1/collections?{query}")).await.expect(422);
        }
        db.close().await;
    }
}

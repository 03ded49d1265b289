//! Input that nobody sends by mistake, and many requests at once.

use futures::future::join_all;
use http::Method;
use serde_json::{Map, Value, json};
use techtrove_testing::engines;

use crate::support::{Inventory, Shop, product, usd};

/// The pointers that a refused product is refused with.
async fn refused(shop: &Shop, body: Value) -> Vec<String> {
    shop.create(body).await.expect(422).pointers()
}

#[tokio::test]
async fn every_wrong_value_of_a_product_is_pointed_at() {
    let shop = Shop::open().await;
    let with = |name: &str, value: Value| {
        let mut body = product("A", "A");
        body[name] = value;
        body
    };
    let attributes: Map<String, Value> = (0..101).map(|n| (format!("a{n}"), json!(n))).collect();
    let many: Vec<Value> = (0..101).map(|n| json!({"sku": format!("S{n}")})).collect();
    for (body, pointer) in [
        (with("name", json!("")), "/name"),
        (with("name", json!("x".repeat(201))), "/name"),
        (with("name", json!("a\u{0}b")), "/name"),
        (with("name", json!("a\nb")), "/name"),
        (with("name", json!(7)), "/name"),
        (with("name", Value::Null), "/name"),
        (with("slug", json!("prod_01h455vb4pex5vsknk084sn02q")), "/slug"),
        (with("slug", json!("import")), "/slug"),
        (with("slug", json!("../../etc")), "/slug"),
        (with("description", json!("x".repeat(20_001))), "/description"),
        (with("brand", json!("x".repeat(101))), "/brand"),
        (with("category_id", json!("prod_01h455vb4pex5vsknk084sn02q")), "/category_id"),
        (with("category_id", json!("cat_01h455vb4pex5vsknk084sn02q")), "/category_id"),
        (with("price", usd(-1)), "/price/amount"),
        (with("price", json!({"amount": 1.5, "currency": "USD"})), "/price/amount"),
        (with("price", json!({"amount": i64::MAX, "currency": "USD"})), "/price/amount"),
        (with("price", json!({"amount": 1e30, "currency": "USD"})), "/price/amount"),
        (with("price", json!({"amount": 1, "currency": "ZZZ"})), "/price/currency"),
        (with("price", json!({"amount": 1, "currency": "USD", "x": 1})), "/price/x"),
        (with("price", json!(100)), "/price"),
        (with("status", json!("sold")), "/status"),
        (with("fulfilment", json!("carrier pigeon")), "/fulfilment"),
        (with("attributes", json!([])), "/attributes"),
        (with("attributes", Value::Object(attributes)), "/attributes"),
        (with("attributes", json!({"a": {"b": {"c": 1}}})), "/attributes/a"),
        (with("attributes", json!({"a": null})), "/attributes/a"),
        (with("options", json!("color")), "/options"),
        (with("variants", json!([])), "/variants"),
        (with("variants", json!(many)), "/variants"),
        (with("variants", json!([{"sku": "A"}, {"sku": "A"}])), "/variants/1/sku"),
        (with("variants", json!([{"sku": "=1+1"}])), "/variants/0/sku"),
        (with("variants", json!([{"sku": "A", "price": usd(-5)}])), "/variants/0/price/amount"),
        (with("variants", json!([{"sku": "A", "id": "x"}])), "/variants/0/id"),
        (with("variants", json!([{"price": usd(5)}])), "/variants/0/sku"),
        (with("id", json!("prod_01h455vb4pex5vsknk084sn02q")), "/id"),
        (with("version", json!(1)), "/version"),
    ] {
        assert_eq!(
            refused(&shop, body.clone()).await,
            [pointer],
            "{}",
            &body.to_string()[..200.min(body.to_string().len())]
        );
    }
    let euro =
        shop.create(with("price", json!({"amount": 1, "currency": "EUR"}))).await.expect(422);
    assert_eq!(
        (euro.problem_code().as_str(), euro.pointers()),
        ("currency_mismatch", vec!["/price/currency".to_owned()])
    );
    assert_eq!(shop.manager.get("/api/v1/products").await.expect(200).value()["items"], json!([]));
}

#[tokio::test]
async fn bodies_that_are_no_product_are_refused() {
    let shop = Shop::open().await;
    let made = shop.create(product("A", "A")).await.expect(201);
    let place = made.header("location").to_owned();
    let huge = json!({"name": "x".repeat(300_000), "variants": [{"sku": "B"}]}).to_string();
    let deep = format!(
        r#"{{"name":"A","variants":[{{"sku":"B"}}],"attributes":{{"a":{}{}}}}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    for (body, status) in [
        (&b""[..], 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"{\"name\":\"\xc3\x28\"}", 400),
        (b"nul", 400),
        (b"{\"name\":\"A\",\"name\":\"B\"}", 400),
        (deep.as_bytes(), 400),
        (huge.as_bytes(), 413),
        (b"null", 422),
        (b"[]", 422),
        (b"\"x\"", 422),
        (b"{}", 422),
        (b"{\"name\":\"\\ud800\"}", 400),
    ] {
        let request =
            |method, path: &str| shop.manager.request(method, path).header("if-match", "*");
        let posted =
            request(Method::POST, "/api/v1/products").body("application/json", body.to_vec()).await;
        assert_eq!(posted.status, status, "{}", posted.text());
        let status = if body == b"{}" { 200 } else { status };
        let patched = request(Method::PATCH, &place).body("application/json", body.to_vec()).await;
        assert_eq!(patched.status, status, "{}", patched.text());
    }
    let request = shop.manager.request(Method::POST, "/api/v1/products");
    let _ = request.body("text/plain", "{}").await.expect(415);
}

#[tokio::test]
async fn paths_and_tags_that_are_none_are_refused() {
    let shop = Shop::open().await;
    let made = shop.create(product("A", "A")).await.expect(201);
    for path in [
        "%00",
        "%ff",
        "prod_x",
        "A%2FB",
        "..%2f..",
        "cat_01h455vb4pex5vsknk084sn02q",
        &"x".repeat(3_000),
    ] {
        let _ = shop.manager.get(&format!("/api/v1/products/{path}")).await.expect(404);
        let _ = shop.manager.get(&format!("/api/v1/categories/{path}")).await.expect(404);
        let _ = shop
            .manager
            .delete(&format!("/api/v1/products/{path}"))
            .header("if-match", "*")
            .await
            .expect(404);
    }
    for (tag, status) in [
        ("v1", 400),
        ("\"v1\"", 412),
        ("\"v9-0000000000000000\"", 412),
        ("W/\"v1-0000000000000000\"", 412),
    ] {
        let delete = shop.manager.delete(made.header("location")).header("if-match", tag);
        let _ = delete.await.expect(status);
    }
    for query in [
        "category=%00",
        "category=%ff%fe",
        "brand=%F0%9F%98%80",
        "cursor=e30",
        "limit=99999999999999999999",
    ] {
        let reply = shop.guest.get(&format!("/api/v1/products?{query}")).await;
        assert!(matches!(reply.status.as_u16(), 200 | 422), "{query}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_name_is_only_text() {
    let shop = Shop::open().await;
    let name = "<script>alert(1)</script> ' OR 1=1; DROP TABLE products; -- \u{202e} 日本 🙂";

    let made = shop.create(product(name, "A")).await.expect(201);

    let read = shop.guest.get(made.header("location")).await.expect(200);
    assert_eq!(read.value()["name"], name);
    assert_eq!(read.header("content-type"), "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_edits_at_once_with_one_tag_exactly_one_wins() {
    for db in engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let made = shop.create(product("A", "A")).await.expect(201);
        let edit = |n: u32| {
            let body = json!({"description": format!("edit {n}"), "variants": [{"sku": "A", "price": usd((n + 1).into())}]});
            shop.manager
                .patch(made.header("location"), &body)
                .header("if-match", made.header("etag"))
                .into_future()
        };

        let replies = join_all((0..24).map(edit)).await;

        let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
        assert_eq!((count(200), count(412)), (1, 23), "{}", db.label());
        let read = shop.guest.get(made.header("location")).await.expect(200);
        assert_eq!(read.value()["version"], 2);
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_products_at_once_with_one_sku_exactly_one_is_made() {
    for db in engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let post = |n: u32| {
            let mut body = product(&format!("P{n}"), "SAME");
            body["variants"] = json!([{"sku": format!("OWN-{n}")}, {"sku": "SAME"}]);
            shop.manager.post("/api/v1/products", &body).into_future()
        };

        let replies = join_all((0..24).map(post)).await;

        let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
        assert_eq!((count(201), count(409)), (1, 23), "{}", db.label());
        assert!(replies.iter().all(|r| r.status == 201 || r.problem_code() == "sku_taken"));
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_of_one_name_at_once_all_get_a_slug() {
    for db in engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let post = |n: u32| {
            shop.manager.post("/api/v1/products", &product("Same", &format!("S{n}"))).into_future()
        };

        let replies = join_all((0..16).map(post)).await;

        for reply in replies {
            let _ = reply.expect(201);
        }
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_at_once_makes_one_product() {
    for db in engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let post = |_| {
            let request = shop.manager.post("/api/v1/products", &product("A", "A"));
            request.header("idempotency-key", "k").into_future()
        };

        let replies = join_all((0..16).map(post)).await;

        let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
        assert!(made.iter().all(|reply| reply.body == made[0].body), "{}", db.label());
        let first = made.iter().filter(|reply| reply.header("idempotent-replayed").is_empty());
        assert_eq!(first.count(), 1, "{}", db.label());
        assert!(
            replies.iter().all(|r| r.status == 201 || r.problem_code() == "idempotency_key_in_use")
        );
        db.close().await;
    }
}

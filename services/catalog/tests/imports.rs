//! Imports: what is taken, what is reported, and that a crash anywhere changes nothing.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use techtrove_db::{Db, DbOptions};

use crate::support::{Inventory, Shop, product, usd};

fn line(name: &str, sku: &str, on_hand: u32) -> Value {
    json!({"category": "video-card", "name": name, "status": "active",
        "variants": [{"sku": sku, "price": usd(100), "stock": {"on_hand": on_hand}}]})
}

fn ndjson(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn lines_become_products_in_new_categories_with_stock() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;

        let job = shop.import(ndjson(&[line("A", "A", 3), line("B", "B", 4)])).await;
        let report = shop.finish(&job).await;

        assert_eq!(
            report,
            json!({"job_id": job, "status": "done", "done": 2, "total": 2, "dry_run": false, "categories_created": 1, "error_count": 0, "errors": []})
        );
        let listed =
            shop.guest.get("/api/v1/products?category=video-card").await.expect(200).value();
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
        let category = shop.guest.get("/api/v1/categories/video-card").await.expect(200).value();
        assert_eq!(category["name"], "Video card");
        let told: Vec<_> =
            shop.inventory.told().iter().map(|s| (s.sku.to_string(), s.on_hand)).collect();
        assert_eq!(told, [("A".to_owned(), Some(3)), ("B".to_owned(), Some(4))]);
        db.close().await;
    }
}

#[tokio::test]
async fn a_bad_line_is_reported_by_number_and_the_rest_goes_on() {
    let shop = Shop::open().await;
    let _ = shop.create(product("Other", "X-1")).await.expect(201);
    let _ = shop.create(product("Another", "X-2")).await.expect(201);
    let several = json!({"name": "S", "variants": [{"sku": "X-1"}, {"sku": "X-2"}]}).to_string();
    let euro =
        json!({"name": "E", "price": {"amount": 1, "currency": "EUR"}, "variants": [{"sku": "E"}]})
            .to_string();
    let slug = json!({"name": "N", "slug": "other", "variants": [{"sku": "N"}]}).to_string();
    let refused = line("Refused", "REFUSED-1", 1).to_string();
    let unpriced = json!({"name": "U", "status": "active", "variants": [{"sku": "U"}]}).to_string();
    let good = line("Good", "GOOD", 1).to_string();
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1_100_000));
    let lines: Vec<&[u8]> = vec![
        good.as_bytes(),
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"   ",
        b"[]",
        several.as_bytes(),
        euro.as_bytes(),
        long.as_bytes(),
        slug.as_bytes(),
        refused.as_bytes(),
        unpriced.as_bytes(),
        b"{\"name\":\"No variants\"}",
        b"{\"name\":\"Z\",\"variants\":[{\"sku\":\"Z\"}],\"zzz\":1}",
        b"{\"name\":\"Y\",\"attributes\":{\"y\":1,\"y\":2},\"variants\":[{\"sku\":\"Y\"}]}",
        b"{\"name\":\"Last\",\"variants\":[{\"sku\":\"LAST\"}]}",
    ];

    let job = shop.import(lines.join(&b'\n')).await;
    let report = shop.finish(&job).await;

    let errors = report["errors"].as_array().expect("a list");
    let found: Vec<(i64, &str)> = errors
        .iter()
        .map(|e| (e["line"].as_i64().expect("a number"), e["code"].as_str().expect("a code")))
        .collect();
    assert_eq!(
        found,
        [
            (3, "malformed_json"),
            (4, "malformed_json"),
            (6, "invalid_request"),
            (7, "sku_conflict"),
            (8, "currency_mismatch"),
            (9, "line_too_long"),
            (10, "slug_taken"),
            (11, "stock_reserved"),
            (12, "invalid_request"),
            (13, "invalid_request"),
            (14, "invalid_request"),
            (15, "malformed_json"),
        ]
    );
    assert_eq!(
        (&report["done"], &report["total"], &report["error_count"]),
        (&json!(14), &json!(14), &json!(12))
    );
    for (slug, status) in [("good", 200), ("refused", 200), ("last", 404)] {
        let _ = shop.guest.get(&format!("/api/v1/products/{slug}")).await.expect(status);
    }
    let _ = shop.manager.get("/api/v1/products/last").await.expect(200);
}

#[tokio::test]
async fn a_known_sku_is_edited_and_what_the_line_leaves_out_stays() {
    let shop = Shop::open().await;
    let first = json!({"name": "A", "brand": "B", "status": "active", "attributes": {"x": 1, "y": 2},
        "variants": [{"sku": "A-1", "price": usd(5)}, {"sku": "A-2", "price": usd(6)}]});
    let job = shop.import(ndjson(std::slice::from_ref(&first))).await;
    let _ = shop.finish(&job).await;
    let before = shop.guest.get("/api/v1/products/a").await.expect(200);

    let job = shop.import(ndjson(&[first])).await;
    let _ = shop.finish(&job).await;
    let same = shop.guest.get("/api/v1/products/a").await.expect(200);
    assert_eq!(before.body, same.body, "an import repeated changes nothing");

    let second = json!({"name": "New", "attributes": {"y": null}, "variants": [{"sku": "A-2", "price": usd(7)}, {"sku": "A-3", "price": usd(8)}]});
    let job = shop.import(ndjson(&[second])).await;
    let _ = shop.finish(&job).await;
    let after = shop.guest.get("/api/v1/products/a").await.expect(200).value();
    assert_eq!(
        (&after["name"], &after["brand"], &after["attributes"]),
        (&json!("New"), &json!("B"), &json!({"x": 1}))
    );
    let prices: Vec<&Value> = (0..3).map(|n| &after["variants"][n]["price"]["amount"]).collect();
    assert_eq!(prices, [5, 7, 8]);
    assert_eq!(after["version"], 2);
}

#[tokio::test]
async fn two_lines_of_one_sku_are_one_product_and_the_last_stock_counts() {
    let shop = Shop::open().await;

    let job = shop.import(ndjson(&[line("A", "A", 1), line("A again", "A", 2)])).await;
    let report = shop.finish(&job).await;

    assert_eq!(report["error_count"], 0);
    assert_eq!(shop.guest.get("/api/v1/products/a").await.expect(200).value()["name"], "A again");
    assert_eq!(shop.inventory.told().last().and_then(|stock| stock.on_hand), Some(2));
}

/// Nine hundred lines: several chunks.
fn many() -> Vec<Value> {
    (0..900).map(|n| line(&format!("P{n}"), &format!("S{n}"), n)).collect()
}

async fn open(path: &std::path::Path) -> Db {
    let url = format!("sqlite:{}", path.display());
    Db::open(&url, DbOptions::default()).await.expect("opens")
}

#[tokio::test]
async fn a_job_goes_on_where_it_was_after_inventory_or_the_process_was_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalog.db");
    let inventory = Inventory::default();
    let shop = Shop::on(open(&path).await, inventory.clone()).await;
    let job = shop.import(ndjson(&many())).await;

    inventory.be_away(true);
    let (workers, shutdown) = shop.start();
    let stored = techtrove_testing::eventually(Duration::from_secs(10), async || {
        let found = shop.guest.get("/api/v1/products/p0").await;
        (found.status == 200).then_some(())
    });
    stored.await;
    shutdown.begin();
    for worker in workers {
        worker.await.expect("no panic");
    }
    assert_eq!(shop.job(&job).await["done"], 0, "the checkpoint is never ahead of the work");
    shop.service.databases[0].close().await;

    inventory.be_away(false);
    let shop = Shop::on(open(&path).await, inventory.clone()).await;
    let second = shop.guest.get("/api/v1/products/p1").await.expect(200).value();
    let place = format!("/api/v1/products/{}", second["id"].as_str().expect("an id"));
    let edit = shop.manager.patch(&place, &json!({"name": "Edited meanwhile"}));
    let edited = edit.header("if-match", "*").await.expect(200).value();
    shop.clock.advance(Duration::from_secs(60));
    let report = shop.finish(&job).await;

    assert_eq!((&report["done"], &report["error_count"]), (&json!(900), &json!(0)));
    assert_eq!(inventory.told().len(), 900);
    let first = shop.guest.get("/api/v1/products/p0").await.expect(200);
    assert_eq!(first.value()["version"], 1, "the repeated chunk changed nothing");
    let second = shop.guest.get(&place).await.expect(200).value();
    assert_eq!(
        (&second["name"], &second["version"]),
        (&edited["name"], &edited["version"]),
        "nor does it undo an edit made in between"
    );
    let mut parts = inventory.parts();
    assert_eq!(parts[0], parts[1], "what is told again is told under the same name");
    parts.dedup();
    assert_eq!(parts.iter().collect::<BTreeSet<_>>().len(), 5, "{parts:?}");
    assert_eq!(parts.len(), 5);
}

#[tokio::test]
async fn a_job_is_left_at_once_when_the_process_ends() {
    let shop = Shop::open().await;
    let job = shop.import(ndjson(&many())).await;

    let (workers, shutdown) = shop.start();
    shutdown.begin();
    for worker in workers {
        worker.await.expect("no panic");
    }
    let report = shop.finish(&job).await;

    assert_eq!((&report["status"], &report["done"]), (&json!("done"), &json!(900)));
}

#[tokio::test]
async fn an_import_has_a_type_and_a_size() {
    let shop = Shop::open().await;
    let request = || shop.manager.request(http::Method::POST, "/api/v1/products/import");

    assert_eq!(
        request().body("application/json", "{}").await.expect(415).problem_code(),
        "unsupported_media_type"
    );
    assert_eq!(request().body("text/plain", "sku").await.status, 415);
    let _ = request().body("text/x-ndjson; charset=utf-8", "").await.expect(202);
    let large = vec![b'\n'; 9 * 1_024 * 1_024];
    assert_eq!(
        request().body("application/x-ndjson", large).await.expect(413).problem_code(),
        "body_too_large"
    );
    let job = shop.import("").await;
    assert_eq!(shop.finish(&job).await["total"], 0);
    let _ = shop.manager.get("/api/v1/jobs/job_01h455vb4pex5vsknk084sn02q").await.expect(404);
    let _ = shop.manager.get("/api/v1/jobs/x").await.expect(404);
    let _ = shop.guest.get(&format!("/api/v1/jobs/{job}")).await.expect(401);
}

#[tokio::test]
async fn inventory_is_told_what_is_digital() {
    let shop = Shop::open().await;
    let digital = json!({"name": "OS", "fulfilment": "digital",
        "variants": [{"sku": "OS", "stock": 5}, {"sku": "OS-2"}]});

    let job = shop.import(ndjson(&[digital, line("Box", "BOX", 3)])).await;
    let _ = shop.finish(&job).await;
    let mut product = product("Game", "GAME");
    product["fulfilment"] = json!("digital");
    let made = shop.create(product).await.expect(201);
    let path = format!("/api/v1/products/{}", made.value()["id"].as_str().expect("an id"));
    for edit in [json!({"name": "A game"}), json!({"fulfilment": "physical"})] {
        let _ = shop.manager.patch(&path, &edit).header("if-match", "*").await.expect(200);
    }

    let told = shop.inventory.told();
    let told: Vec<_> = told.iter().map(|it| (it.sku.as_str(), it.keyed, it.on_hand)).collect();
    assert_eq!(
        told,
        [
            ("BOX", false, Some(3)),
            ("OS", true, Some(5)),
            ("GAME", true, None),
            ("GAME", false, None)
        ]
    );
}

const HEADER: &str = "sku,slug,name,category,status,price,stock,variant_options\r\n";

#[tokio::test]
async fn csv_is_taken_like_ndjson() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let records = [
            HEADER,
            "P-S,phone,\"Phone, \"\"the\"\"\nbest\",phones,active,100,3,\"{\"\"size\"\":\"\"S\"\"}\"\r\n",
            "P-M,phone,\"Phone, \"\"the\"\"\",phones,active,100,3,\"{\"\"size\"\":\"\"S\"\"}\"\r\n",
            "P-L,phone,,,,120,,\"{\"\"size\"\":\"\"L\"\"}\"\r\n",
            "X,x,X,phones,active,1.50,,\r\n",
        ];

        let job = shop.import_as("", "text/csv; charset=utf-8", records.concat()).await;
        let report = shop.finish(&job).await;

        let errors = report["errors"].as_array().expect("a list");
        let found: Vec<(&Value, &Value)> =
            errors.iter().map(|e| (&e["line"], &e["code"])).collect();
        let invalid = json!("invalid_request");
        assert_eq!(found, [(&json!(2), &invalid), (&json!(6), &invalid)], "{report}");
        assert_eq!((&report["total"], &report["done"]), (&json!(4), &json!(4)));
        let phone = shop.guest.get("/api/v1/products/phone").await.expect(200).value();
        let skus: Vec<&Value> = (0..2).map(|n| &phone["variants"][n]["sku"]).collect();
        assert_eq!(
            (skus, &phone["name"]),
            (vec![&json!("P-M"), &json!("P-L")], &json!("Phone, \"the\""))
        );
        assert_eq!(phone["options"], json!(["size"]));
        assert_eq!(shop.inventory.told().iter().filter(|it| it.on_hand == Some(3)).count(), 1);
        db.close().await;
    }
}

#[tokio::test]
async fn columns_that_there_are_not_are_refused_whole() {
    let shop = Shop::open().await;
    let request = shop.manager.request(http::Method::POST, "/api/v1/products/import");

    let refused = request.body("text/csv", "sku,colour\nA,red\n").await.expect(422);

    assert!(refused.value()["errors"][0]["detail"].to_string().contains("colour"));
}

#[tokio::test]
async fn a_dry_run_tells_of_errors_and_leaves_nothing() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let _ = shop.create(product("Kept", "KEPT")).await.expect(201);
        let reserved = line("R", "REFUSED-1", 1);
        let lines = [
            line("A", "A", 1),
            json!({"variants": [{"sku": "B"}]}),
            line("New", "KEPT", 2),
            reserved,
        ];

        let job = shop.import_as("?dry_run=true", "application/x-ndjson", ndjson(&lines)).await;
        let report = shop.finish(&job).await;

        assert_eq!((&report["dry_run"], &report["done"]), (&json!(true), &json!(4)));
        assert_eq!(report["categories_created"], 1);
        let errors = report["errors"].as_array().expect("a list");
        let found: Vec<_> = errors.iter().map(|it| (&it["line"], &it["code"])).collect();
        let (invalid, reserved) = (json!("invalid_request"), json!("stock_reserved"));
        assert_eq!(found, [(&json!(2), &invalid), (&json!(4), &reserved)], "{report}");
        let _ = shop.guest.get("/api/v1/products/a").await.expect(404);
        let _ = shop.guest.get("/api/v1/categories/video-card").await.expect(404);
        assert_eq!(shop.guest.get("/api/v1/products/kept").await.expect(200).value()["version"], 1);
        assert!(shop.inventory.told().iter().all(|told| told.on_hand.is_none()));
        db.close().await;
    }
}

/// What the public sees of all products, without what another shop gives otherwise.
async fn shown(shop: &Shop) -> Vec<Value> {
    let mut all = Vec::new();
    for status in ["active", "draft", "archived"] {
        let path = format!("/api/v1/products?limit=100&status={status}");
        let page = shop.manager.get(&path).await.expect(200).value();
        for product in page["items"].as_array().expect("a list") {
            let mut product = product.clone();
            for own in ["id", "category_id", "version", "created_at", "updated_at"] {
                product[own].take();
            }
            for variant in product["variants"].as_array_mut().expect("a list") {
                variant["id"].take();
            }
            all.push(product);
        }
    }
    all.sort_by_key(|product| product["slug"].to_string());
    all
}

/// The categories, each with its place and what stands below it.
async fn tree(shop: &Shop) -> Value {
    fn own(nodes: &Value) -> Value {
        let nodes = nodes.as_array().expect("a list").iter();
        let node =
            |it: &Value| json!([it["slug"], it["name"], it["position"], own(&it["children"])]);
        nodes.map(node).collect()
    }
    own(&shop.guest.get("/api/v1/categories").await.expect(200).value()["items"])
}

#[tokio::test]
async fn what_is_exported_makes_the_same_shop() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let category = |name: &str, position: i64, parent: Value| {
            let body = json!({"name": name, "position": position, "parent_id": parent});
            shop.manager.post("/api/v1/categories", &body)
        };
        let parts = category("Parts, =all", 3, Value::Null).await.expect(201).value();
        let _ = category("Video card", 2, parts["id"].clone()).await.expect(201);
        let empty = category("Empty", 4, Value::Null).await.expect(201).value();
        let _ = category("Below", 1, empty["id"].clone()).await.expect(201);
        let mut lines: Vec<Value> =
            (0..130).map(|n| line(&format!("P{n}"), &format!("S{n}"), n)).collect();
        lines.push(
            json!({"name": "=1+1", "brand": "'=B", "description": "Two\n\nparagraphs, \"quoted\"",
            "status": "archived", "price": usd(500), "compare_at_price": usd(900),
            "attributes": {"memory": 24, "ports": ["a", 1, true], "volt": {"min": 1, "max": 2}},
            "options": ["color", "size"], "variants": [
                {"sku": "V-1", "options": {"color": "Black"}, "attributes": {"x": "1"}},
                {"sku": "V-2", "price": usd(700), "options": {"color": "Red"},
                    "stock": {"on_hand": 9, "low_stock_threshold": 3}}]}),
        );
        lines.push(json!({"name": "Draft", "variants": [{"sku": "D"}]}));
        let keys = json!([{"sku": "K", "stock": {"low_stock_threshold": 40}}]);
        lines.push(json!({"name": "Key", "fulfilment": "digital", "variants": keys}));
        let job = shop.import(ndjson(&lines)).await;
        assert_eq!(shop.finish(&job).await["error_count"], 0);

        for (query, media_type) in [("", "application/x-ndjson"), ("?format=csv", "text/csv")] {
            let export =
                shop.manager.get(&format!("/api/v1/products/export{query}")).await.expect(200);
            assert!(export.header("content-type").starts_with(media_type));
            let other = Shop::open().await;
            let job = other.import_as("", media_type, export.body.clone()).await;
            let report = other.finish(&job).await;

            assert_eq!(report["error_count"], 0, "{report}");
            assert_eq!(shown(&other).await, shown(&shop).await, "{}", db.label());
            assert_eq!(tree(&other).await, tree(&shop).await, "{}", db.label());
            let again =
                other.manager.get(&format!("/api/v1/products/export{query}")).await.expect(200);
            assert_eq!(again.body, export.body, "stock included");
        }
        let _ = shop.customer.get("/api/v1/products/export").await.expect(403);
        assert_eq!(shop.manager.get("/api/v1/products/export?format=xml").await.status, 422);
        for (query, accept, media_type) in [
            ("", "text/csv", "text/csv"),
            ("", "*/*", "application/x-ndjson"),
            ("?format=ndjson", "text/csv", "application/x-ndjson"),
        ] {
            let export = shop.manager.get(&format!("/api/v1/products/export{query}"));
            let export = export.header("accept", accept).await.expect(200);
            assert!(export.header("content-type").starts_with(media_type), "{accept}");
        }
        let refused = shop.manager.get("/api/v1/products/export").header("accept", "image/png");
        assert_eq!(refused.await.expect(406).problem_code(), "not_acceptable");
        db.close().await;
    }
}

//! What an import takes and refuses at its bounds: a line is taken whole or not at all, what an export
//! writes is taken again, and a mistake in one line costs that line alone.

use serde_json::{Value, json};

use crate::support::{Inventory, Shop, product, usd};

/// The line and code of each error of a report.
fn errors(report: &Value) -> Vec<(i64, String)> {
    let errors = report["errors"].as_array().expect("a list").iter();
    let error = |it: &Value| {
        (it["line"].as_i64().expect("a number"), it["code"].as_str().expect("a code").to_owned())
    };
    errors.map(error).collect()
}

fn error(line: i64, code: &str) -> (i64, String) {
    (line, code.to_owned())
}

#[tokio::test]
async fn a_refused_line_leaves_no_category_behind() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let path =
            |slug: &str| json!([{"slug": "top", "name": "Top"}, {"slug": slug, "name": "C"}]);
        let lines = [
            json!({"category_path": path("gone"), "variants": [{"sku": "NAMELESS"}]}),
            json!({"category_path": path("kept"), "name": "A", "variants": [{"sku": "A"}]}),
            json!({"category_path": path("gone"), "name": "B", "slug": "a", "variants": [{"sku": "B"}]}),
        ];
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();

        let job = shop.import(lines).await;
        let report = shop.finish(&job).await;

        assert_eq!(errors(&report), [error(1, "invalid_request"), error(3, "slug_taken")]);
        for (slug, status) in [("top", 200), ("kept", 200), ("gone", 404)] {
            let _ = shop.guest.get(&format!("/api/v1/categories/{slug}")).await.expect(status);
        }
        db.close().await;
    }
}

#[tokio::test]
async fn variants_with_the_same_options_are_refused_everywhere() {
    let shop = Shop::open().await;
    let variant = |sku: &str, color: &str, size: &str| json!({"sku": sku, "price": usd(1), "options": {"color": color, "size": size}});
    let of = |variants: &[Value]| json!({"name": "Shirt", "variants": variants});
    let (red, blue) = (variant("R", "red", "S"), variant("B", "blue", "S"));
    let mut turned = json!({"sku": "T", "options": {"size": "S", "color": "red"}});

    let refused = shop.create(of(&[red.clone(), turned.clone()])).await.expect(422);
    assert_eq!(refused.problem_code(), "duplicate_variant");
    assert_eq!(refused.pointers(), ["/variants/1/options"]);
    let made = shop.create(of(&[red.clone(), blue.clone()])).await.expect(201);
    let path = made.header("location").to_owned();
    let edit = json!({"variants": [blue, variant("R", "blue", "S")]});
    let refused = shop.manager.patch(&path, &edit).header("if-match", "*").await.expect(422);
    assert_eq!(refused.problem_code(), "duplicate_variant");
    let swap = json!({"variants": [variant("B", "red", "S"), variant("R", "blue", "S")]});
    let _ = shop.manager.patch(&path, &swap).header("if-match", "*").await.expect(200);

    turned["options"]["color"] = json!("blue");
    let lines = [of(&[variant("B", "red", "S"), turned]), product("Plain", "P")];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let job = shop.import(lines).await;
    assert_eq!(errors(&shop.finish(&job).await), [error(1, "duplicate_variant")]);
    let _ = shop
        .create(json!({"name": "N", "variants": [{"sku": "N-1"}, {"sku": "N-2"}]}))
        .await
        .expect(201);
}

/// A product of many bytes, most of which are written twice in CSV.
fn large(attributes: usize) -> Value {
    let quotes = |n: usize| (format!("\"{n}"), json!("\"\\".repeat(500)));
    let all: serde_json::Map<String, Value> = (0..attributes).map(quotes).collect();
    json!({"name": "Large", "slug": "large", "attributes": all, "options": ["color"],
        "description": "\"".repeat(20_000), "variants": [{"sku": "L", "options": {"color": "red"}}]})
}

#[tokio::test]
async fn the_largest_product_is_exported_and_imported_and_a_larger_one_is_refused() {
    let shop = Shop::open().await;
    let made = shop.create(large(50)).await.expect(201);
    let path = made.header("location").to_owned();
    let more = |n: usize| json!({"attributes": {format!("m{n}"): ["\"\\".repeat(500), "\"\\".repeat(500)]}});
    let mut refused = None;
    for n in 0..100 {
        let reply = shop.manager.patch(&path, &more(n)).header("if-match", "*").await;
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("too large in the end").expect(422);
    assert_eq!(refused.problem_code(), "product_too_large");

    for (query, media_type) in [("", "application/x-ndjson"), ("?format=csv", "text/csv")] {
        let path = format!("/api/v1/products/export{query}");
        let export = shop.manager.get(&path).await.expect(200);
        assert!(export.body.len() > 250 * 1_024, "{} bytes", export.body.len());
        let other = Shop::open().await;
        let job = other.import_as("", media_type, export.body.clone()).await;
        assert_eq!(errors(&other.finish(&job).await), []);
        assert!(other.manager.get(&path).await.expect(200).body == export.body, "{media_type}");
    }
}

#[tokio::test]
async fn a_quote_that_is_never_closed_costs_its_record_and_is_named_by_its_line() {
    let shop = Shop::open().await;
    let good = |n: usize| format!("G-{n},good-{n},\"Good, {n}\",\"{{\"\"a\"\":1}}\"\r\n");
    let goods = |from: usize| (from..from + 300).map(good).collect::<String>();
    let file = [
        "sku,slug,name,attributes\r\n",
        &goods(0),
        "BAD,bad,\"Two\r\nlines\",\"{\r\n",
        &goods(1_000),
        "DUP,dup,Dup,\"{\"\"a\"\":1,\"\"a\"\":2}\"\r\n",
        "LAST,last,\"Open\r\n",
        "END,end,End,\r\n",
    ];

    let job = shop.import_as("", "text/csv", file.concat()).await;
    let report = shop.finish(&job).await;

    let expected =
        [error(303, "malformed_csv"), error(604, "malformed_json"), error(605, "malformed_csv")];
    assert_eq!(errors(&report), expected, "{}", report["errors"]);
    assert_eq!((&report["done"], &report["total"]), (&json!(604), &json!(604)));
    for slug in ["good-0", "good-299", "good-1000", "good-1299", "end"] {
        let _ = shop.manager.get(&format!("/api/v1/products/{slug}")).await.expect(200);
    }
}

/// So many lines of products `from` on, each with its stock: one call to inventory for each chunk of 200.
fn lines(from: usize, count: usize) -> String {
    let line = |n: usize| {
        let mut line = product(&format!("P{n}"), &format!("S{n}"));
        line["variants"][0]["stock"] = json!(1);
        format!("{line}\n")
    };
    (from..from + count).map(line).collect()
}

#[tokio::test]
async fn a_short_import_does_not_wait_for_a_long_one() {
    let shop = Shop::open().await;
    let long = shop.import(lines(0, 2_000)).await;
    let short = shop.import(lines(10_000, 1)).await;

    // Eight chunks of the long one's first turn, and the short one.
    shop.inventory.answer_only(9);
    let (workers, shutdown) = shop.start();
    let report = shop.reported(&short, |job| job["status"] == "done").await;
    let waiting = shop.job(&long).await;

    assert_eq!((&report["done"], &report["error_count"]), (&json!(1), &json!(0)));
    assert_eq!((&waiting["status"], &waiting["done"]), (&json!("running"), &json!(1_600)));
    shop.inventory.answer_only(100);
    assert_eq!(shop.reported(&long, |job| job["status"] == "done").await["done"], 2_000);
    shutdown.begin();
    futures::future::join_all(workers).await;
}

async fn cancel(shop: &Shop, job: &str) -> techtrove_testing::Reply {
    shop.manager.post(&format!("/api/v1/jobs/{job}/cancel"), &json!({})).await
}

#[tokio::test]
async fn an_import_is_cancelled_while_it_waits_and_stays_so() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let job = shop.import(lines(0, 300)).await;
        let next = shop.import(lines(1_000, 2)).await;

        for _ in 0..2 {
            let answer = cancel(&shop, &job).await.expect(200).value();
            assert_eq!((&answer["status"], &answer["done"]), (&json!("cancelled"), &json!(0)));
        }
        let done = shop.finish(&next).await;

        assert_eq!(done["status"], "done");
        assert_eq!(shop.job(&job).await["status"], "cancelled");
        let _ = shop.manager.get("/api/v1/products/p0").await.expect(404);
        let ended = cancel(&shop, &next).await.expect(409);
        assert_eq!(ended.problem_code(), "import_ended");
        let _ = cancel(&shop, "job_01h455vb4pex5vsknk084sn02q").await.expect(404);
        let path = format!("/api/v1/jobs/{next}/cancel");
        let _ = shop.customer.post(&path, &json!({})).await.expect(403);
        db.close().await;
    }
}

#[tokio::test]
async fn what_a_running_import_has_done_by_its_cancellation_stays_and_is_reported() {
    let shop = Shop::open().await;
    let job = shop.import(lines(0, 1_000)).await;

    shop.inventory.answer_only(1);
    let (workers, shutdown) = shop.start();
    let _ = shop.reported(&job, |job| job["done"] == 200).await;
    let answer = cancel(&shop, &job).await.expect(200).value();
    assert_eq!(answer["status"], "running", "a chunk is in hand");
    shop.inventory.answer_only(100);
    let report = shop.reported(&job, |job| job["status"] == "cancelled").await;
    shutdown.begin();
    futures::future::join_all(workers).await;

    assert_eq!((&report["done"], &report["total"]), (&json!(400), &json!(1_000)));
    for (n, status) in [(399, 200), (400, 404)] {
        let _ = shop.guest.get(&format!("/api/v1/products/p{n}")).await.expect(status);
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_job() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let send = async |key: &str, query: &str, body: String| {
            let path = format!("/api/v1/products/import{query}");
            let request = shop.manager.request(http::Method::POST, &path);
            request.header("idempotency-key", key).body("application/x-ndjson", body).await
        };

        let first = send("k", "", lines(0, 3)).await.expect(202);
        let again = send("k", "", lines(0, 3)).await.expect(202);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(
            (&again.body, again.header("location")),
            (&first.body, first.header("location"))
        );
        for (query, body) in [("", lines(0, 2)), ("?dry_run=true", lines(0, 3))] {
            let reused = send("k", query, body).await.expect(422);
            assert_eq!(reused.problem_code(), "idempotency_key_reused");
        }
        let other = send("l", "", lines(0, 3)).await.expect(202);
        assert_ne!(other.body, first.body);
        let _ = send("not visible", "", lines(0, 3)).await.expect(400);

        let job = first.value()["job_id"].as_str().expect("an id").to_owned();
        assert_eq!(shop.finish(&job).await["done"], 3);
        db.close().await;
    }
}

//! A dry run reports what the import itself would, also of lines that lie far apart, and leaves nothing.

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};
use techtrove_catalog::Config;

use crate::support::{Inventory, Shop, product, usd};

const NDJSON: &str = "application/x-ndjson";

/// What a job reports, apart from which job it is and whether it was meant.
fn told(mut report: Value) -> Value {
    report["job_id"].take();
    report["dry_run"].take();
    report
}

/// Tries an import and then means it; both report the same, which is given.
async fn tried_and_meant(shop: &Shop, media_type: &str, file: &str) -> Value {
    let before = shop.manager.get("/api/v1/products/export").await.expect(200).body;
    let job = shop.import_as("?dry_run=true", media_type, file.to_owned()).await;
    let tried = told(shop.finish(&job).await);
    let after = shop.manager.get("/api/v1/products/export").await.expect(200).body;
    assert_eq!(after, before, "a dry run leaves nothing");

    let job = shop.import_as("", media_type, file.to_owned()).await;
    let meant = told(shop.finish(&job).await);
    assert_eq!(tried, meant, "of\n{file}");
    meant
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn at_times(words: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(one_of(words))
}

const SLUGS: &[&str] = &["a", "b", "c", "d"];
const SKUS: &[&str] = &["A", "B", "C", "D", "E", "F", "G", "REFUSED-1"];

/// A line that may meet with others in everything it says: few SKUs, slugs, names and categories.
fn line() -> impl Strategy<Value = Value> {
    let variant = (one_of(SKUS), any::<Option<bool>>(), one_of(&["red", "blue"]), any::<bool>());
    // Without a variant it is a line of categories.
    let variants = prop::collection::vec(variant, 0..4);
    let path = proptest::option::of(prop::collection::vec(one_of(&["x", "y", "z"]), 1..10));
    let statuses = at_times(&["draft", "active", "archived"]);
    let kinds = at_times(&["physical", "digital"]);
    let product = (at_times(&["A", "B", "Z"]), at_times(SLUGS), at_times(&["x", "y", "z"]), path);
    (product, statuses, kinds, variants).prop_map(|(product, status, kind, variants)| {
        let (name, slug, category, path) = product;
        if variants.is_empty() {
            return json!({"category": category.unwrap_or("z")});
        }
        let mut line = json!({"options": ["color"]});
        let words = [("name", name), ("slug", slug), ("category", category), ("status", status)];
        for (field, word) in words.into_iter().chain([("fulfilment", kind)]) {
            if let Some(word) = word {
                line[field] = json!(word);
            }
        }
        if let Some(path) = path {
            let step =
                |(at, slug): (usize, &&str)| json!({"slug": slug, "name": slug, "position": at});
            line["category_path"] = path.iter().enumerate().map(step).collect();
        }
        let variants = variants.into_iter().map(|(sku, priced, color, stock)| {
            let mut variant = json!({"sku": sku, "options": {"color": color}});
            if let Some(priced) = priced {
                variant["price"] = if priced { usd(100) } else { Value::Null };
            }
            if stock {
                variant["stock"] = json!(3);
            }
            variant
        });
        line["variants"] = variants.collect();
        line
    })
}

fn ndjson() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec(line(), 1..25);
    lines.prop_map(|lines| lines.iter().map(|line| format!("{line}\n")).collect())
}

fn csv() -> impl Strategy<Value = String> {
    let cell = |words| at_times(words).prop_map(Option::unwrap_or_default);
    let record = (one_of(SKUS), cell(SLUGS), cell(&["A", "B", "Z"]), cell(&["x", "y"]));
    prop::collection::vec(record, 1..25).prop_map(|records| {
        let record = |(sku, slug, name, category)| format!("{sku},{slug},{name},{category}\r\n");
        let records: String = records.into_iter().map(record).collect();
        format!("sku,slug,name,category\r\n{records}")
    })
}

fn small_chunks() -> Config {
    Config { import_chunk_lines: 2, ..Config::default() }
}

#[tokio::test]
async fn a_dry_run_reports_what_the_import_would() {
    for db in techtrove_testing::engines().await {
        let (mut codes, mut made) = (std::collections::BTreeSet::new(), 0);
        let shop = Shop::with((*db).clone(), Inventory::default(), small_chunks()).await;
        let _ = shop.create(product("D", "D")).await.expect(201);
        let mut runner = TestRunner::deterministic();
        for round in 0..30 {
            let (media_type, file) = if round % 3 == 2 {
                ("text/csv", csv().new_tree(&mut runner).expect("a file").current())
            } else {
                (NDJSON, ndjson().new_tree(&mut runner).expect("a file").current())
            };

            let report = tried_and_meant(&shop, media_type, &file).await;

            made += report["categories_created"].as_i64().expect("a number");
            let errors = report["errors"].as_array().expect("a list").iter();
            codes.extend(errors.map(|error| error["code"].to_string().replace('"', "")));
        }
        for code in ["slug_taken", "sku_conflict", "stock_reserved", "invalid_request"] {
            assert!(codes.contains(code), "{code} is none of {codes:?} on {}", db.label());
        }
        assert_eq!(made, 3, "x, y and z, each once");
        db.close().await;
    }
}

#[tokio::test]
async fn a_line_sees_what_lines_far_before_it_would_have_left() {
    for db in techtrove_testing::engines().await {
        let shop = Shop::with((*db).clone(), Inventory::default(), small_chunks()).await;
        let kept = json!({"name": "Kept", "slug": "kept", "variants": [{"sku": "KEPT"}]});
        let _ = shop.create(kept).await.expect(201);
        let blank =
            |n: usize| json!({"name": format!("N{n}"), "variants": [{"sku": format!("N{n}")}]});
        let mut lines = vec![
            json!({"name": "A", "slug": "a", "variants": [{"sku": "A"}]}),
            json!({"slug": "moved", "variants": [{"sku": "KEPT"}]}),
        ];
        lines.extend((0..20).map(blank));
        lines.extend([
            // Line 23 on: taken by the first, free since the second, taken by it, edited, of both.
            json!({"name": "B", "slug": "a", "variants": [{"sku": "B"}]}),
            json!({"name": "C", "slug": "kept", "variants": [{"sku": "C"}]}),
            json!({"name": "D", "slug": "moved", "variants": [{"sku": "D"}]}),
            json!({"status": "active", "variants": [{"sku": "A"}]}),
            json!({"variants": [{"sku": "A", "price": usd(5)}]}),
            json!({"status": "active", "variants": [{"sku": "A"}]}),
            json!({"variants": [{"sku": "A"}, {"sku": "C"}]}),
        ]);
        let file: String = lines.iter().map(|line| format!("{line}\n")).collect();

        let report = tried_and_meant(&shop, NDJSON, &file).await;

        let errors = report["errors"].as_array().expect("a list").iter();
        let errors: Vec<_> = errors.map(|it| (it["line"].clone(), it["code"].clone())).collect();
        let expected = [
            (json!(23), json!("slug_taken")),
            (json!(25), json!("slug_taken")),
            (json!(26), json!("invalid_request")),
            (json!(29), json!("sku_conflict")),
        ];
        assert_eq!(errors, expected, "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn what_others_do_to_the_shop_meanwhile_stops_no_dry_run() {
    let shop = Shop::with(
        (*techtrove_testing::sqlite_inline().await).clone(),
        Inventory::default(),
        small_chunks(),
    )
    .await;
    let line = |name: &str| {
        json!({"name": name, "category": "made", "variants": [{"sku": name, "stock": 1}]})
            .to_string()
            + "\n"
    };
    let lines: String = ["A", "B", "C", "D", "E", "A"].into_iter().map(line).collect();
    let job = shop.import_as("?dry_run=true", NDJSON, lines).await;
    shop.inventory.try_only(1);
    let (workers, shutdown) = shop.start();
    let _ = shop.reported(&job, |job| job["done"] == 2).await;

    let _ = shop.create(product("A", "A")).await.expect(201);
    let body = json!({"name": "Made", "slug": "made"});
    let _ = shop.manager.post("/api/v1/categories", &body).await.expect(201);
    shop.inventory.try_only(100);
    let report = shop.reported(&job, |job| job["status"] == "done").await;
    shutdown.begin();
    futures::future::join_all(workers).await;

    assert_eq!((&report["done"], &report["error_count"]), (&json!(6), &json!(0)), "{report}");
}

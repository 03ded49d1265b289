//! What an import takes and refuses at its bounds: a line is taken whole or not at all, what an export
//! writes is taken again, and a mistake in one line costs that line alone.

mod support;

use serde_json::{Value, json};
use support::{Inventory, Shop, product, usd};

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
    let more = |n: usize| json!({"attributes": {format!("m{n}"): "\"\\".repeat(500)}});
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
        assert!(export.body.len() > 256 * 1_024, "{} bytes", export.body.len());
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

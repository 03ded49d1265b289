//! The pictures of a product: how they come with an import, and what a shop from before them has.

use serde_json::{Value, json};
use techtrove_catalog::{
    domain::{Fresh, Product, ProductInput},
    store,
};
use techtrove_core::{Currency, Timestamp, TypedId};
use techtrove_db::{DbError, MigrationSet, Tx, p};
use techtrove_testing::engines;
use uuid::Uuid;

use crate::support::{Shop, usd};

fn phone(name: &str) -> Value {
    json!({"name": name, "status": "active", "variants": [{"sku": "P", "price": usd(100)}]})
}

fn product() -> Product {
    let input: ProductInput = serde_json::from_value(phone("Ä")).expect("the format");
    let fresh = Fresh {
        now: Timestamp::from_micros(1_000),
        product: TypedId::from_uuid(Uuid::from_u128(1)),
        variants: vec![TypedId::from_uuid(Uuid::from_u128(2))],
    };
    Product::create(input.checked(Currency::USD).expect("accepted"), &fresh).expect("made")
}

fn ndjson(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn a_line_gives_a_product_its_pictures_and_an_edit_leaves_them() {
    let shop = Shop::open().await;
    let with = |images: Value| {
        let mut line = phone("Phone");
        line["images"] = images;
        line
    };
    let pictures = json!(["/pictures/front.svg", "https://example.com/back.png"]);

    let job = shop.import(ndjson(&[with(pictures.clone())])).await;
    assert_eq!(shop.finish(&job).await["error_count"], 0);
    let shown = shop.guest.get("/api/v1/products/phone").await.expect(200).value();
    assert_eq!(shown["images"], pictures);
    let job = shop.import(ndjson(&[phone("Phone 2"), with(json!(["//evil.example"]))])).await;
    let report = shop.finish(&job).await;

    assert_eq!(report["errors"][0]["line"], 2, "{report}");
    assert!(report["errors"][0]["detail"].to_string().contains("/images/0"), "{report}");
    let shown = shop.guest.get("/api/v1/products/phone").await.expect(200).value();
    assert_eq!((&shown["name"], &shown["images"]), (&json!("Phone 2"), &pictures));
    let job = shop.import(ndjson(&[with(json!(null))])).await;
    assert_eq!(shop.finish(&job).await["error_count"], 0);
    let shown = shop.guest.get("/api/v1/products/phone").await.expect(200).value();
    assert_eq!(shown["images"], json!([]));
}

/// What a shop without pictures has stored is a product without pictures to one with them.
#[tokio::test]
async fn a_product_from_before_pictures_has_none() {
    let before = store::MIGRATIONS.migrations.iter().position(|step| step.name == "images");
    for db in engines().await {
        let old = MigrationSet {
            migrations: &store::MIGRATIONS.migrations[..before.expect("there")],
            ..store::MIGRATIONS
        };
        db.migrate(&old).await.expect("migrates");
        let (product, stored) = (product(), product());
        let store = move |tx: &mut Tx<'_>| -> Result<(), DbError> {
            store::insert_product(tx, &stored, Currency::USD)?;
            let without = "UPDATE products SET document = REPLACE(document, ',\"images\":[]', '')";
            tx.execute(without, p![]).map(drop)
        };
        db.write("test", store).await.expect("stored");

        db.migrate(&store::MIGRATIONS).await.expect("migrates");

        let id = product.id;
        let found = db.write("test", move |tx| store::lock_product(tx, id)).await;
        assert_eq!(found.expect("read"), Some(product));
        db.close().await;
    }
}

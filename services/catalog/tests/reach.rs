//! What the others are told of whose products a manager may manage.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_catalog::store;
use techtrove_catalog_api::{CategoryPlaced, ProductChanged, ProductId, Reach, ReachRequest};
use techtrove_core::TypedId;
use techtrove_db::{Db, MigrationSet, p};
use techtrove_testing::{engines, eventually};
use uuid::Uuid;

use crate::support::{self, Inventory, Shop};

/// What was told of this kind, in order.
async fn told<T: serde::de::DeserializeOwned>(db: &Db, aggregate: &'static str) -> Vec<T> {
    let read = db.read("test.told", move |tx| {
        let select = "SELECT data FROM outbox WHERE aggregate_kind = ? ORDER BY position";
        tx.query(select, p![aggregate], |row| row.get::<String>(0))
    });
    let read: Result<_, techtrove_db::DbError> = read.await;
    let texts = read.expect("read").into_iter();
    texts.map(|text| serde_json::from_str(&text).expect("what we tell")).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

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

#[tokio::test]
async fn a_category_is_told_of_when_it_is_made_and_when_it_moves() {
    let db = techtrove_testing::sqlite_inline().await;
    let shop = Shop::on((*db).clone(), Inventory::default()).await;
    let make = async |name: &str, parent: &Value| {
        let category = json!({"name": name, "parent_id": parent});
        shop.manager.post("/api/v1/categories", &category).await.expect(201).value()["id"].clone()
    };
    let computers = make("Computers", &Value::Null).await;
    let laptops = make("Laptops", &computers).await;
    for edit in [json!({"name": "Notebooks"}), json!({"parent_id": null}), json!({"position": 2})] {
        let path = format!("/api/v1/categories/{}", text(&laptops));
        shop.manager.patch(&path, &edit).header("if-match", "*").await.expect(200);
    }
    let line = json!({"name": "Toy", "category": "toys", "variants": [{"sku": "TOY"}]});
    let job = shop.import(line.to_string()).await;
    let _ = shop.finish(&job).await;
    let refused = json!({"name": "", "category": "tools", "variants": [{"sku": "TOOL"}]});
    let job = shop.import(refused.to_string()).await;
    let _ = shop.finish(&job).await;

    let told: Vec<CategoryPlaced> = told(&db, "catalog.category").await;

    let told: Vec<_> = told.iter().map(|it| (it.category_id, it.parent_id)).collect();
    let id = |value: &Value| text(value).parse().expect("a category's id");
    let (computers, laptops) = (id(&computers), id(&laptops));
    assert_eq!(told[..3], [(computers, None), (laptops, Some(computers)), (laptops, None)]);
    assert_eq!((told.len(), told[3].1), (4, None), "the toys, and no tools");
}

#[tokio::test]
async fn what_was_there_before_is_told_once_more_as_it_is() {
    for db in engines().await {
        let newest = store::MIGRATIONS.migrations.iter().position(|it| it.name == "untold");
        let before = &store::MIGRATIONS.migrations[..newest.expect("it is there")];
        let before = MigrationSet { migrations: before, ..store::MIGRATIONS };
        db.migrate(&before).await.expect("the tables of before");
        db.migrate(&techtrove_bus::MIGRATIONS).await.expect("the bus's tables");
        let category = support::stored_category(&db, "laptops").await;
        for number in 0..150 {
            support::stored_product(&db, number, category).await;
        }
        let shop = Shop::on((*db).clone(), Inventory::default()).await;
        let (workers, shutdown) = shop.start();

        let products = eventually(Duration::from_secs(60), async || {
            let products: Vec<ProductChanged> = told(&db, "catalog.product").await;
            (products.len() == 150).then_some(products)
        });
        let products = products.await;

        let here = |told: &ProductChanged| !told.on_sale && told.category_id == Some(category);
        assert!(products.iter().all(here), "{}: {products:?}", db.label());
        let places: Vec<CategoryPlaced> = told(&db, "catalog.category").await;
        let place = CategoryPlaced { category_id: category, parent_id: None };
        assert_eq!(places, [place], "{}", db.label());
        shutdown.begin();
        for worker in workers {
            worker.await.expect("no panic");
        }
        let untold = db.read("test", store::has_untold).await.expect("read");
        assert!(!untold, "{}", db.label());
        drop(shop);
        db.close().await;
    }
}

//! What was sold, noted and added up by many at once, on every engine that is here.

use futures::{future::join_all, join};
use serde_json::json;
use techtrove_catalog::{
    domain::{Fresh, Product, ProductInput},
    store,
};
use techtrove_catalog_api::ProductId;
use techtrove_core::{Currency, Timestamp, TypedId};
use techtrove_db::{Db, DbError, Tx};
use techtrove_testing::engines;
use uuid::Uuid;

fn id<T: TypedId>(number: u128) -> T {
    T::from_uuid(Uuid::from_u128(number))
}

fn product(number: u128) -> Product {
    let written = json!({"name": "Sold", "slug": format!("p{number}"), "variants": [{"sku": format!("S{number}")}]});
    let input: ProductInput = serde_json::from_value(written).expect("the format");
    let fresh =
        Fresh { now: Timestamp::from_micros(1), product: id(number), variants: vec![id(number)] };
    Product::create(input.checked(Currency::USD).expect("accepted"), &fresh).expect("made")
}

async fn write<T: Send + 'static>(
    db: &Db,
    job: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> T {
    db.write("test", job).await.expect("stored")
}

/// Two pieces of the first product, one of the second, five of one that there is not.
async fn note(db: &Db, event: u128) {
    let event = Uuid::from_u128(event);
    write(db, move |tx| {
        store::insert_sale(tx, event, id(1), 2)?;
        store::insert_sale(tx, event, id(2), 1)?;
        store::insert_sale(tx, event, id(3), 5)
    })
    .await;
}

async fn add_up(db: &Db) {
    while write(db, |tx| store::add_up_sales(tx, 4)).await > 0 {}
}

async fn sold(db: &Db, product: ProductId) -> i64 {
    write(db, move |tx| store::get_shown(tx, product)).await.sold
}

#[tokio::test]
async fn sales_are_added_up_once_by_however_many_at_once() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrates");
        for number in [1, 2] {
            let product = product(number);
            write(&db, move |tx| store::insert_product(tx, &product, Currency::USD)).await;
        }

        join_all((1..=20).map(|event| note(&db, event))).await;
        let noted = write(&db, store::has_sales).await;
        join!(add_up(&db), add_up(&db), add_up(&db), note(&db, 21));
        add_up(&db).await;

        assert_eq!((sold(&db, id(1)).await, sold(&db, id(2)).await), (42, 21), "{}", db.label());
        assert_eq!((noted, write(&db, store::has_sales).await), (true, false), "{}", db.label());
        db.close().await;
    }
}

//! What the catalogue says of SKUs beside how many pieces there are: whether they are on sale.

mod support;

use http::Method;
use support::{
    desk::{Desk, product},
    on_every_engine, sku,
};
use techtrove_catalog_api::ProductChanged;
use techtrove_identity_api::Role;
use techtrove_inventory::store;

/// Whether the public is told that there is a piece of it.
async fn in_stock(shop: &Desk, sku: &str) -> bool {
    let path = format!("/inventory/availability?sku={sku}");
    let answer = shop.ask(Method::GET, &path, &[], None).await;
    assert_eq!(answer.body[0]["sku"], sku, "{}", answer.body);
    answer.body[0]["in_stock"].as_bool().expect("a boolean")
}

#[tokio::test]
async fn the_public_has_what_is_on_sale_and_staff_sees_all() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(9)).await;
    assert!(in_stock(&shop, "A").await, "it was imported, and its product is not told of yet");

    for (version, on_sale) in [(1, false), (2, true), (3, false)] {
        shop.hear_of(&ProductChanged { on_sale, ..product(1, version, &["A"]) }).await;

        assert_eq!(in_stock(&shop, "A").await, on_sale, "version {version}");
        assert_eq!(shop.get("/inventory/A", Role::Manager).await.body["available"], 9);
    }
}

#[tokio::test]
async fn a_variant_that_its_product_has_no_more_is_not_on_sale() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(9)).await;
    shop.stock("B", false, Some(9)).await;
    shop.hear_of(&product(1, 1, &["A", "B"])).await;

    shop.hear_of(&product(1, 2, &["B"])).await;

    assert!(!in_stock(&shop, "A").await);
    assert!(in_stock(&shop, "B").await);
}

/// What two products say of a SKU that goes from the first to the second.
fn moved() -> [ProductChanged; 3] {
    [product(1, 1, &["A"]), product(1, 2, &["B"]), product(2, 1, &["A"])]
}

#[tokio::test]
async fn a_sku_that_goes_to_another_product_is_its_whichever_tells_first() {
    for order in [[0, 1, 2], [0, 2, 1], [2, 0, 1]] {
        let shop = Desk::open().await;
        shop.stock("A", false, Some(9)).await;

        for told in order {
            shop.hear_of(&moved()[told]).await;
        }

        assert!(in_stock(&shop, "A").await, "{order:?}");
        shop.hear_of(&ProductChanged { on_sale: false, ..product(2, 2, &["A"]) }).await;
        assert!(!in_stock(&shop, "A").await, "{order:?}");
    }
}

#[test]
fn the_newest_word_of_each_product_holds() {
    support::block_on(on_every_engine(async |shop| {
        let offers = [
            (product(1, 2, &["A", "B"]), true),
            (ProductChanged { on_sale: false, ..product(1, 1, &["A", "B"]) }, false),
            (product(1, 2, &["A", "B"]), true),
            (ProductChanged { on_sale: false, ..product(1, 3, &["A"]) }, true),
            (product(2, 1, &["C", "A"]), true),
        ];
        for (offer, newest) in offers {
            let noted = shop.app.db.write("test.note", move |tx| store::note_offers(tx, &offer));
            assert_eq!(noted.await.expect("noted"), newest);
        }

        let skus: Vec<_> = ["A", "B", "C", "D"].map(sku).into();
        let listed =
            shop.app.db.read("test.list", move |tx| store::list_not_on_sale(tx, skus.iter()));
        let listed = listed.await.expect("listed");
        assert_eq!(listed.into_iter().collect::<Vec<_>>(), [sku("B")]);
    }));
}

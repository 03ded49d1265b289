//! What the catalogue says of SKUs beside how many pieces there are: whether they are on sale, and whose they
//! are to manage.

use http::Method;
use techtrove_catalog_api::{CategoryPlaced, ProductChanged, Reach};
use techtrove_core::TypedId;
use techtrove_http::IfMatch;
use techtrove_identity_api::{GrantedCategory, Role, UserId};
use techtrove_inventory::{
    Error,
    app::{self, StockEdit},
    store,
};
use uuid::Uuid;

use crate::support::{
    self, Shop,
    desk::{Desk, category, product},
    on_every_engine, sku,
};

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

/// What a manager says of "A" who is limited to the category of a number.
fn edit(place: u32) -> StockEdit {
    let granted = GrantedCategory::from_uuid(category(place).uuid());
    StockEdit {
        sku: sku("A"),
        if_match: IfMatch::Any,
        on_hand: 7,
        low_stock_threshold: None,
        editor: UserId::from_uuid(Uuid::from_u128(1)),
        reach: Reach::of(Some(vec![granted])),
    }
}

/// Whether managers of the categories 1 to 4 may edit "A", in that order.
async fn managers_of(shop: &Shop) -> [bool; 4] {
    let mut may = [false; 4];
    for (place, may) in (1..).zip(&mut may) {
        *may = match app::edit_stock(&shop.app, edit(place)).await {
            Ok(_) => true,
            Err(Error::OutOfReach) => false,
            Err(error) => panic!("{error}"),
        };
    }
    may
}

#[test]
fn a_limited_manager_keeps_the_stock_of_their_categories_wherever_these_move() {
    support::block_on(on_every_engine(async |shop| {
        shop.stock("A", 9).await;
        let place = |number, parent: Option<u32>| CategoryPlaced {
            category_id: category(number),
            parent_id: parent.map(category),
        };
        let told = async |placed: CategoryPlaced| {
            let job = shop.app.db.write("test.place", move |tx| store::place_category(tx, &placed));
            job.await.expect("placed");
        };
        let of = async |number: u32, version: u64, skus: &[&str], place: Option<u32>| {
            let category_id = place.map(category);
            let product = ProductChanged { category_id, ..product(number, version, skus) };
            app::make_known_at_once(&shop.app, product).await.expect("known");
        };

        assert_eq!(managers_of(&shop).await, [false; 4], "nobody said where it stands");
        of(1, 1, &["A"], Some(2)).await;
        assert_eq!(managers_of(&shop).await, [false, true, false, false]);
        told(place(2, Some(1))).await;
        told(place(1, None)).await;
        assert_eq!(managers_of(&shop).await, [true, true, false, false]);
        told(place(2, Some(3))).await;
        assert_eq!(managers_of(&shop).await, [false, true, true, false]);
        of(1, 2, &["A"], Some(4)).await;
        of(1, 1, &["A"], Some(2)).await;
        assert_eq!(managers_of(&shop).await, [false, false, false, true], "an old word is late");
        of(2, 1, &["A"], Some(1)).await;
        of(1, 3, &["B"], Some(4)).await;
        assert_eq!(managers_of(&shop).await, [true, false, false, false], "another product has it");
        of(2, 2, &["A"], None).await;
        assert_eq!(managers_of(&shop).await, [false; 4]);
        told(place(3, Some(2))).await;
        of(2, 3, &["A"], Some(2)).await;
        assert_eq!(
            managers_of(&shop).await,
            [false, true, true, false],
            "3 in 2 in 3, for a moment"
        );
    }));
}

//! Lists beside a naive reading of the same products, on every engine that is here, and what is kept of
//! them beside what changes.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};
use techtrove_bus::{AggregateRef, Event, EventContext, NewEvent, Taken};
use techtrove_catalog::{
    domain::{
        Bounds, Category, CategoryChange, Fresh, ListWish, Product, ProductInput, ShownProduct,
        Sort, Status, VariantMode,
    },
    store::{self, Filter},
};
use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_community_api::{RATING_AGGREGATE, RATING_CHANGED, RatingChanged};
use techtrove_core::{Currency, SeededIds, Timestamp, TypedId};
use techtrove_db::{Db, DbError, Tx};
use techtrove_inventory_api::Availability;
use techtrove_testing::engines;
use uuid::Uuid;

use crate::support::{Shop, product, usd};

const USD: Currency = Currency::USD;

/// More than are sorted where a bound leaves few.
const PRODUCTS: u64 = 1_100;

const CATEGORIES: u64 = 9;

fn id<T: TypedId>(number: u64) -> T {
    T::from_uuid(Uuid::from_u128(number.into()))
}

/// Numbers that are the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn signed_below(&mut self, end: u64) -> i64 {
        self.below(end).try_into().expect("small")
    }

    fn is_six(&mut self) -> bool {
        self.below(6) == 5
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("small")].clone()
    }
}

fn written(dice: &mut Dice) -> Value {
    json!({
        "name": format!("Part {}", dice.below(40)), "brand": format!("Brand {}", dice.below(9)),
        "status": dice.of(&["active", "active", "active", "archived"]),
        "price": usd(1 + dice.signed_below(400)), "category_id": id::<CategoryId>(1 + dice.below(CATEGORIES)),
    })
}

fn new_product(number: u64, dice: &mut Dice) -> Product {
    let mut written = written(dice);
    written["slug"] = json!(format!("p{number}"));
    written["variants"] = json!([{"sku": format!("S{number}")}]);
    let input: ProductInput = serde_json::from_value(written).expect("the format");
    let now = Timestamp::from_micros(1);
    let fresh = Fresh { now, product: id(number), variants: vec![id(number)] };
    Product::create(input.checked(USD).expect("accepted"), &fresh).expect("made")
}

async fn write<T: Send + 'static>(
    db: &Db,
    job: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> T {
    db.write("test", job).await.expect("stored")
}

/// Nine categories in a tree, and products in all of them.
async fn fill(db: &Db, dice: &mut Dice) {
    db.migrate(&store::MIGRATIONS).await.expect("migrates");
    for number in 1..=CATEGORIES {
        let slug = format!("c{number}").parse().expect("a slug");
        let category =
            Category::create(CategoryChange::of_slug(slug), id(number), Timestamp::from_micros(0));
        let category = category.expect("named");
        write(db, move |tx| store::insert_category(tx, &category)).await;
    }
    let products: Vec<(Product, i64)> =
        (1..=PRODUCTS).map(|number| (new_product(number, dice), dice.signed_below(11))).collect();
    write(db, move |tx| {
        for (product, sum) in &products {
            store::insert_product(tx, product, USD)?;
            store::set_rating(tx, product.id, *sum, 2, 1)?;
        }
        Ok(())
    })
    .await;
}

/// One change of something, as a manager, buyer or warehouse makes it.
async fn change(db: &Db, mut dice: Dice) {
    let number = 1 + dice.below(PRODUCTS);
    let product: ProductId = id(number);
    match dice.below(5) {
        0 => {
            // Below one with a smaller number, so that no knot can be tied.
            let moved = 2 + dice.below(CATEGORIES - 1);
            let parent = Some(dice.below(moved)).filter(|it| *it > 0).map(id);
            write(db, move |tx| {
                let before = store::lock_category(tx, id(moved))?.expect("a category");
                store::update_category(tx, &Category { parent_id: parent, ..before })
            })
            .await;
        }
        1 => {
            let (sum, revision) = (dice.signed_below(11), 2 + dice.signed_below(1_000));
            write(db, move |tx| store::set_rating(tx, product, sum, 2, revision)).await;
        }
        2 => {
            let kinds = [Availability::OutOfStock, Availability::LowStock, Availability::InStock];
            let (said, sku) = (dice.of(&kinds), format!("S{number}").parse().expect("a SKU"));
            write(db, move |tx| store::note_availability(tx, &sku, said)).await;
        }
        3 => {
            let pieces = dice.signed_below(5);
            write(db, move |tx| store::add_sold(tx, product, pieces)).await;
        }
        _ => {
            let written = written(&mut dice);
            let edit = move |tx: &mut Tx<'_>| {
                let before = store::lock_product(tx, product)?.expect("a product");
                let input: ProductInput =
                    serde_json::from_value(written.clone()).expect("the format");
                let now = Timestamp::from_micros(2);
                let fresh = Fresh { now, product, variants: Vec::new() };
                let change = input.checked(USD).expect("accepted");
                let after = before.edited(change, VariantMode::Replace, &fresh).expect("edited");
                store::update_product(tx, &before, &after, USD)
            };
            write(db, edit).await;
        }
    }
}

/// A list that somebody may ask for.
fn wish(dice: &mut Dice) -> (Filter, Sort) {
    let all = Bounds::default();
    let sorts = [Sort::Newest, Sort::Price, Sort::PriceDescending, Sort::Rating, Sort::Bestselling];
    let low = dice.signed_below(400);
    let bounds = Bounds {
        price: dice.of(&[all.price, all.price, (low, low + 40), (low, i64::MAX - 1)]),
        availability: dice.of(&[(0, 2), (0, 2), (0, 0), (1, 2)]),
        rating: dice.of(&[all.rating, all.rating, (50, 500), (450, 500)]),
    };
    let filter = Filter {
        status: dice.of(&[Status::Active, Status::Active, Status::Archived]),
        category: Some(id(1 + dice.below(CATEGORIES + 1))).filter(|_| dice.below(2) == 0),
        brand: Some(format!("BRAND {}", dice.below(9))).filter(|_| dice.is_six()),
        q: Some(format!("T {}", dice.below(9))).filter(|_| dice.is_six()),
        bounds,
    };
    (filter, dice.of(&sorts))
}

/// A product as its row says.
struct Row {
    shown: ShownProduct,
    category: Option<CategoryId>,
    text: String,
    brand: String,
}

async fn all_rows(db: &Db) -> Vec<Row> {
    write(db, |tx| {
        let found = tx.query(
            "SELECT id, category_id, search_text, brand_folded FROM products",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let read = |(id, category, text, brand)| {
            let shown = store::get_shown(tx, id)?;
            Ok(Row { shown, category, text, brand })
        };
        found.into_iter().map(read).collect()
    })
    .await
}

/// The ids of a list as the rows themselves say it.
async fn naive(db: &Db, rows: &[Row], filter: &Filter, sort: Sort) -> Vec<ProductId> {
    let parents = write(db, store::category_parents).await;
    let within = |mut category: Option<CategoryId>| {
        while category.is_some() && category != filter.category {
            category = category.and_then(|it| parents.get(&it).copied().flatten());
        }
        category.is_some()
    };
    let between = |(low, high): (i64, i64), number: i64| (low..=high).contains(&number);
    let key = |shown: &ShownProduct| match sort {
        Sort::Price | Sort::PriceDescending => shown.price_min,
        Sort::Rating => shown.rating.average.into(),
        Sort::Bestselling => shown.sold,
        Sort::Newest | Sort::Relevance => 0,
    };
    let holds = |row: &&Row| {
        let Row { shown, category, text, brand } = row;
        let bounds = filter.bounds;
        shown.status == filter.status
            && between(bounds.price, shown.price_min)
            && between(bounds.availability, shown.availability as i64)
            && between(bounds.rating, shown.rating.average.into())
            && (filter.category.is_none() || within(*category))
            && filter.brand.as_ref().is_none_or(|wanted| wanted.to_lowercase() == *brand)
            && filter.q.as_ref().is_none_or(|wanted| text.contains(&wanted.to_lowercase()))
    };
    let mut found: Vec<(i64, ProductId)> =
        rows.iter().filter(holds).map(|row| (key(&row.shown), row.shown.id)).collect();
    found.sort_unstable();
    if sort != Sort::Price {
        found.reverse();
    }
    found.into_iter().map(|(_, id)| id).collect()
}

/// The ids of a list, read in pages of `size`, as many as `most`.
async fn listed(db: &Db, filter: &Filter, sort: Sort, size: usize, most: usize) -> Vec<ProductId> {
    let wish = ListWish { sort, ..ListWish::default() };
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < most {
        let wanted = filter.clone();
        let page = write(db, move |tx| store::list_products(tx, &wanted, sort, after, size)).await;
        let Some(last) = page.last() else { break };
        after = Some(wish.cursor(last));
        found.extend(page.iter().map(|product| product.id));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_what_a_naive_reading_finds_after_changes_at_once() {
    for db in engines().await {
        let mut dice = Dice(20);
        fill(&db, &mut dice).await;
        for _ in 0..3 {
            let changes = (0..60).map(|_| change(&db, Dice(dice.below(u64::MAX))));
            join_all(changes).await;
            let rows = all_rows(&db).await;

            for _ in 0..80 {
                let (filter, sort) = wish(&mut dice);
                let size = usize::try_from(1 + dice.below(40)).expect("small");
                let expected = naive(&db, &rows, &filter, sort).await;
                let most = expected.len().min(3 * size) + 1;

                let found = listed(&db, &filter, sort, size, most).await;

                let seen = found.len().min(expected.len());
                assert_eq!(found, expected[..seen], "{}: {filter:?} {sort:?}", db.label());
                assert!(seen + 1 >= most, "{}: {filter:?} {sort:?} ends early", db.label());
            }
        }
        db.close().await;
    }
}

/// The names on a list.
async fn names(shop: &Shop, query: &str) -> Vec<String> {
    let list = shop.guest.get(&format!("/api/v1/products?{query}")).await.expect(200).value();
    let name = |item: &Value| item["name"].as_str().expect("a name").to_owned();
    list["items"].as_array().expect("a list").iter().map(name).collect()
}

#[tokio::test]
async fn a_list_that_was_just_read_shows_each_change() {
    let shop = Shop::open().await;
    let category = async |slug: &str, parent: Value| {
        let body = json!({"name": slug, "slug": slug, "parent_id": parent});
        shop.manager.post("/api/v1/categories", &body).await.expect(201)
    };
    let top = category("top", Value::Null).await.value()["id"].clone();
    let below = category("below", top).await;
    let mut written = product("A", "A-1");
    written["category_id"] = below.value()["id"].clone();
    let made = shop.create(written).await.expect(201);
    let edit = async |place: &str, change: Value| {
        let _ = shop.manager.patch(place, &change).header("if-match", "*").await.expect(200);
    };
    let of_top = async || names(&shop, "category=top").await;
    assert_eq!((of_top().await, of_top().await), (vec!["A".to_owned()], vec!["A".to_owned()]));

    edit(made.header("location"), json!({"name": "B"})).await;
    assert_eq!(of_top().await, ["B"]);
    let other = category("other", Value::Null).await.value()["id"].clone();
    edit(below.header("location"), json!({"parent_id": other})).await;
    assert_eq!(of_top().await, [""; 0]);
    assert_eq!(names(&shop, "category=other").await, ["B"]);
    edit(below.header("location"), json!({"slug": "renamed"})).await;
    assert_eq!(names(&shop, "category=renamed").await, ["B"]);
    assert_eq!(names(&shop, "rating_min=4").await, [""; 0]);
    rate(&shop, made.value()["id"].as_str().expect("an id").parse().expect("an id")).await;
    assert_eq!(names(&shop, "rating_min=4").await, ["B"]);
    let archive = shop.manager.delete(made.header("location")).header("if-match", "*");
    let _ = archive.await.expect(204);
    assert_eq!(names(&shop, "rating_min=4").await, [""; 0]);
}

/// Has community tell of ratings that make five.
async fn rate(shop: &Shop, product_id: ProductId) {
    let changed = RatingChanged { product_id, sum: 5, count: 1, revision: 1 };
    let event = NewEvent {
        kind: RATING_CHANGED,
        aggregate: AggregateRef::new(RATING_AGGREGATE, product_id),
        data: json!(changed),
    };
    let context = EventContext::new(&*shop.clock, &SeededIds::new(shop.clock.clone(), 3));
    let event = Arc::new(Event::new("/techtrove/community", &context, &event, 1));
    let taken = shop.service.subscriptions[1].handler.handle(event).await;
    assert!(matches!(taken, Ok(Taken::Handled)));
}

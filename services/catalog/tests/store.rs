//! The catalogue's store on every engine that is here.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use techtrove_catalog::{
    domain::{
        Bounds, Category, CategoryChange, Chunk, Fresh, LineProblem, ListWish, Product,
        ProductBody, ProductInput, Rating, Slug, Sort, Status, VariantMode,
    },
    store::{self, Filter, JobStatus, JobTurn},
};
use techtrove_catalog_api::{CategoryId, Fulfilment, JobId};
use techtrove_core::{Currency, Sku, Timestamp, TypedId};
use techtrove_db::{Db, DbError, Tx};
use techtrove_inventory_api::Availability;
use techtrove_testing::{TestDb, engines};
use uuid::Uuid;

const USD: Currency = Currency::USD;

fn id<T: TypedId>(number: u128) -> T {
    T::from_uuid(Uuid::from_u128(number))
}

fn sku(text: &str) -> Sku {
    text.parse().expect("a SKU")
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn fresh(number: u128) -> Fresh {
    let variants = (0..8).map(|n| id(number * 100 + n)).collect();
    Fresh { now: at(1_000), product: id(number), variants }
}

fn product(number: u128, written: Value) -> Product {
    let input: ProductInput = serde_json::from_value(written).expect("the format");
    Product::create(input.checked(USD).expect("accepted"), &fresh(number)).expect("made")
}

fn edited(before: &Product, written: Value) -> Product {
    let input: ProductInput = serde_json::from_value(written).expect("the format");
    let change = input.checked(USD).expect("accepted");
    before
        .edited(change, VariantMode::Replace, &fresh(before.id.uuid().as_u128() + 50))
        .expect("edited")
}

fn usd(amount: i64) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

async fn databases() -> Vec<TestDb> {
    let databases = engines().await;
    for db in &databases {
        db.migrate(&store::MIGRATIONS).await.expect("migrates");
    }
    databases
}

/// Runs `job` and expects it to succeed.
async fn write<T: Send + 'static>(
    db: &Db,
    job: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> T {
    db.write("test", job).await.expect("stored")
}

async fn insert(db: &Db, product: &Product) -> Result<(), DbError> {
    let product = product.clone();
    db.write("test", move |tx| store::insert_product(tx, &product, USD)).await
}

#[tokio::test]
async fn a_product_is_read_as_it_was_written() {
    for db in databases().await {
        let product = product(
            1,
            json!({
                "name": "Examplar ½ “X”", "description": "Line\n\tline 日本 🙂", "brand": "ÄSUS", "price": usd(500),
                "attributes": {"größe": 1.5, "rpm": {"min": 1, "max": 2}, "list": [true, "x"]},
                "variants": [{"sku": "A", "options": {"color": "Black"}}, {"sku": "B", "price": usd(400)}],
            }),
        );
        insert(&db, &product).await.expect("stored");

        let (found, slug) = (product.clone(), product.slug.clone());
        write(&db, move |tx| {
            assert_eq!(store::lock_product(tx, found.id)?.as_ref(), Some(&found));
            let shown = store::lookup_shown_by_slug(tx, &slug)?.expect("found by slug");
            let body: ProductBody = serde_json::from_str(&shown.clone().into_json()).expect("JSON");
            assert_eq!(body.document.price.map(|price| price.amount), Some(400));
            assert_eq!((shown.version, shown.status), (1, Status::Draft));
            assert_eq!(store::lookup_shown(tx, found.id)?, Some(shown));
            assert_eq!(store::lookup_shown(tx, id(2))?, None);
            Ok(())
        })
        .await;
        db.close().await;
    }
}

#[tokio::test]
async fn an_edit_keeps_adds_and_takes_away_variants() {
    for db in databases().await {
        let before = product(
            1,
            json!({"name": "A", "price": usd(5), "status": "active",
            "variants": [{"sku": "A"}, {"sku": "B", "price": usd(7)}]}),
        );
        insert(&db, &before).await.expect("stored");
        let after = edited(
            &before,
            json!({"name": "New", "variants": [{"sku": "C", "options": {"size": "L"}}, {"sku": "B"}]}),
        );

        let (old, new) = (before.clone(), after.clone());
        write(&db, move |tx| store::update_product(tx, &old, &new, USD)).await;

        write(&db, move |tx| {
            assert_eq!(store::lock_product(tx, after.id)?.as_ref(), Some(&after));
            assert_eq!(store::owner_of_sku(tx, &sku("A"))?, None);
            assert_eq!(store::owner_of_sku(tx, &sku("B"))?, Some(after.id));
            let sold = store::lookup_sellable(tx, &sku("C"))?.expect("on sale");
            assert_eq!((sold.name.as_str(), sold.price.amount), ("New (L)", 5));
            assert_eq!((sold.product_id, sold.fulfilment), (after.id, Fulfilment::Physical));
            Ok(())
        })
        .await;
        db.close().await;
    }
}

#[tokio::test]
async fn a_slug_and_a_sku_belong_to_one_product() {
    for db in databases().await {
        insert(&db, &product(1, json!({"name": "One", "variants": [{"sku": "A"}]})))
            .await
            .expect("stored");

        let same_sku =
            insert(&db, &product(2, json!({"name": "Two", "variants": [{"sku": "A"}]}))).await;
        let same_slug =
            insert(&db, &product(3, json!({"name": "One", "variants": [{"sku": "B"}]}))).await;
        let other_case =
            insert(&db, &product(4, json!({"name": "Four", "variants": [{"sku": "a"}]}))).await;

        for refused in [same_sku, same_slug] {
            assert!(
                matches!(refused, Err(DbError::UniqueViolation { .. })),
                "{}: {refused:?}",
                db.label()
            );
        }
        assert_eq!(other_case, Ok(()), "{}: SKUs are compared byte by byte", db.label());
        write(&db, |tx| {
            let one: Slug = "one".parse().expect("a slug");
            assert!(store::is_slug_taken(tx, &one, id(9))?);
            assert!(!store::is_slug_taken(tx, &one, id(1))?);
            Ok(())
        })
        .await;
        db.close().await;
    }
}

/// Categories 1 ⊃ 2 ⊃ 3 and 4 beside them, a product in each, and one more of another brand in 3.
async fn shelves(db: &Db) {
    for (number, parent) in [(1, None), (2, Some(1)), (3, Some(2)), (4, None)] {
        let slug = format!("c{number}").parse().expect("a slug");
        let category = Category::create(CategoryChange::of_slug(slug), id(number), at(0));
        let category = category.expect("named");
        let category = Category { parent_id: parent.map(id), ..category };
        write(db, move |tx| store::insert_category(tx, &category)).await;
    }
    for (number, category, brand) in
        [(11, 1, "One"), (12, 2, "Two"), (13, 3, "One"), (14, 4, "one"), (15, 3, "Two")]
    {
        let written = json!({"name": format!("P{number}"), "brand": brand, "status": "active", "price": usd(1),
            "category_id": id::<CategoryId>(category), "variants": [{"sku": format!("S{number}")}]});
        insert(db, &product(number, written)).await.expect("stored");
    }
    let draft =
        json!({"name": "Draft", "category_id": id::<CategoryId>(3), "variants": [{"sku": "D"}]});
    insert(db, &product(16, draft)).await.expect("stored");
}

/// All that `filter` lets through in this order, read in pages of two.
async fn listed(db: &Db, filter: &Filter, sort: Sort) -> Vec<u128> {
    let wish = ListWish { sort, ..ListWish::default() };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let wanted = filter.clone();
        let page = write(db, move |tx| store::list_products(tx, &wanted, sort, after, 2)).await;
        let Some(last) = page.last() else { return found };
        after = Some(wish.cursor(last));
        found.extend(page.iter().map(|row| row.id.uuid().as_u128()));
    }
}

fn on_sale() -> Filter {
    Filter { status: Status::Active, ..Filter::default() }
}

#[tokio::test]
async fn lists_are_newest_first_by_category_with_descendants_brand_and_text() {
    for db in databases().await {
        shelves(&db).await;
        let newest = async |category: Option<u128>, brand: Option<&str>, q: Option<&str>| {
            let (brand, q) = (brand.map(str::to_owned), q.map(str::to_owned));
            let filter = Filter { category: category.map(id), brand, q, ..on_sale() };
            listed(&db, &filter, Sort::Newest).await
        };

        assert_eq!(newest(None, None, None).await, [15, 14, 13, 12, 11]);
        assert_eq!(newest(Some(1), None, None).await, [15, 13, 12, 11]);
        assert_eq!(newest(Some(3), None, None).await, [15, 13]);
        assert_eq!(newest(None, Some("ONE"), None).await, [14, 13, 11]);
        assert_eq!(newest(Some(2), Some("one"), None).await, [13]);
        assert_eq!(newest(Some(99), None, None).await, [0; 0]);
        assert_eq!(newest(None, None, Some("TWO")).await, [15, 12]);
        assert_eq!(newest(None, None, Some("p1")).await, [15, 14, 13, 12, 11]);
        assert_eq!(newest(None, Some("one"), Some("14")).await, [14]);
        assert_eq!(newest(Some(3), None, Some("15")).await, [15]);
        assert_eq!(newest(Some(3), Some("two"), Some("13")).await, [0; 0]);
        for literal in ["%", "_", "!", "\\"] {
            assert_eq!(newest(None, None, Some(literal)).await, [0; 0], "{}", db.label());
        }
        db.close().await;
    }
}

/// Products 21 to 26 of one category: their prices (none for the last), ratings and availability.
async fn shop_window(db: &Db) {
    let slug = "window".parse().expect("a slug");
    let category = Category::create(CategoryChange::of_slug(slug), id(9), at(0));
    let category = category.expect("named");
    write(db, move |tx| store::insert_category(tx, &category)).await;
    for (number, price, sum, availability) in [
        (21, Some(300), 9, Availability::InStock),
        (22, Some(100), 10, Availability::OutOfStock),
        (23, Some(200), 9, Availability::LowStock),
        (24, Some(100), 2, Availability::InStock),
        (25, Some(300), 0, Availability::InStock),
        (26, None, 0, Availability::OutOfStock),
    ] {
        let sku = sku(&format!("W{number}"));
        let mut written = json!({"name": format!("W{number}"), "brand": "W",
            "category_id": id::<CategoryId>(9), "variants": [{"sku": sku}]});
        if let Some(price) = price {
            written["price"] = usd(price);
        }
        insert(db, &product(number, written)).await.expect("stored");
        let sold = match number {
            23 => 9,
            21 | 26 => 5,
            _ => 0,
        };
        write(db, move |tx| {
            store::note_availability(tx, &sku, availability)?;
            store::add_sold(tx, id(number), sold)?;
            store::set_rating(tx, id(number), sum, 2, 1)
        })
        .await;
    }
}

#[tokio::test]
async fn lists_have_an_order_and_bounds_whatever_else_is_asked() {
    for db in databases().await {
        shop_window(&db).await;
        let (category, brand, q) = (Some(id(9)), Some("w".to_owned()), Some("W".to_owned()));
        for given in 0..8 {
            let filter = Filter {
                category: category.filter(|_| given & 1 > 0),
                brand: brand.clone().filter(|_| given & 2 > 0),
                q: q.clone().filter(|_| given & 4 > 0),
                ..Filter::default()
            };
            let by =
                async |sort, bounds| listed(&db, &Filter { bounds, ..filter.clone() }, sort).await;
            let all = Bounds::default();

            assert_eq!(by(Sort::Newest, all).await, [26, 25, 24, 23, 22, 21], "{}", db.label());
            assert_eq!(by(Sort::Relevance, all).await, [26, 25, 24, 23, 22, 21]);
            assert_eq!(by(Sort::Price, all).await, [22, 24, 23, 21, 25, 26]);
            assert_eq!(by(Sort::PriceDescending, all).await, [26, 25, 21, 23, 24, 22]);
            assert_eq!(by(Sort::Rating, all).await, [22, 23, 21, 24, 26, 25]);
            assert_eq!(by(Sort::Bestselling, all).await, [23, 26, 21, 25, 24, 22]);
            let priced = Bounds { price: (200, 300), ..all };
            assert_eq!(by(Sort::Price, priced).await, [23, 21, 25]);
            assert_eq!(by(Sort::Newest, priced).await, [25, 23, 21]);
            let in_stock = Bounds { availability: (1, 2), ..all };
            assert_eq!(by(Sort::PriceDescending, in_stock).await, [25, 21, 23, 24]);
            let loved = Bounds { rating: (450, 500), availability: (1, 2), ..all };
            assert_eq!(by(Sort::Rating, loved).await, [23, 21]);
            assert_eq!(by(Sort::Price, loved).await, [23, 21]);
        }
        db.close().await;
    }
}

#[tokio::test]
async fn a_rating_is_not_undone_by_an_older_one_nor_by_an_edit() {
    for db in databases().await {
        let before = product(1, json!({"name": "A", "variants": [{"sku": "A"}]}));
        insert(&db, &before).await.expect("stored");
        let rate = async |sum, revision| {
            write(&db, move |tx| store::set_rating(tx, id(1), sum, 3, revision)).await
        };

        assert!(rate(13, 2).await);
        assert!(!rate(3, 2).await, "{}", db.label());
        assert!(!rate(3, 1).await, "{}", db.label());
        let after = edited(&before, json!({"name": "B"}));
        write(&db, move |tx| store::update_product(tx, &before, &after, USD)).await;

        let shown = write(&db, |tx| store::get_shown(tx, id(1))).await;
        assert_eq!((shown.rating, shown.version), (Rating { average: 433, count: 3 }, 2));
        let body: ProductBody = serde_json::from_str(&shown.into_json()).expect("JSON");
        assert_eq!((body.rating.average, body.rating.count), (4.33, 3));
        assert!(!write(&db, |tx| store::set_rating(tx, id(9), 5, 1, 1)).await);
        db.close().await;
    }
}

#[tokio::test]
async fn a_category_is_empty_only_without_categories_and_products() {
    for db in databases().await {
        shelves(&db).await;

        write(&db, |tx| {
            for number in 1..=4 {
                assert!(!store::is_category_empty(tx, id(number))?);
            }
            assert_eq!(store::category_parents(tx)?.get(&id(3)), Some(&Some(id(2))));
            assert_eq!(store::list_categories(tx)?.len(), 4);
            Ok(())
        })
        .await;
        let refused = db.write("test", |tx| store::delete_category(tx, id(4))).await;
        assert_eq!(refused, Err(DbError::ForeignKey), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn availability_is_the_best_of_the_variants_whichever_comes_first() {
    for db in databases().await {
        write(&db, |tx| store::note_availability(tx, &sku("B"), Availability::LowStock)).await;
        insert(&db, &product(1, json!({"name": "A", "variants": [{"sku": "A"}, {"sku": "B"}]})))
            .await
            .expect("stored");
        let shown = async |db: &Db| write(db, |tx| store::get_shown(tx, id(1))).await.availability;

        assert_eq!(shown(&db).await, Availability::LowStock);
        write(&db, |tx| store::note_availability(tx, &sku("A"), Availability::InStock)).await;
        assert_eq!(shown(&db).await, Availability::InStock);
        write(&db, |tx| store::note_availability(tx, &sku("A"), Availability::OutOfStock)).await;
        assert_eq!(shown(&db).await, Availability::LowStock);
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn availability_of_many_variants_at_once_loses_nothing() {
    for db in databases().await {
        let variants: Vec<Value> = (0..8).map(|n| json!({"sku": format!("S{n}")})).collect();
        let product = product(1, json!({"name": "A", "variants": variants}));
        insert(&db, &product).await.expect("stored");
        for said in [Availability::InStock, Availability::OutOfStock, Availability::LowStock] {
            let note = |n: u32| {
                let sku = sku(&format!("S{n}"));
                let db = &db;
                async move { write(db, move |tx| store::note_availability(tx, &sku, said)).await }
            };

            futures::future::join_all((0..8).map(note)).await;

            let shown = write(&db, |tx| store::get_shown(tx, id(1))).await;
            assert_eq!(shown.availability, said, "{}", db.label());
        }
        db.close().await;
    }
}

async fn begin_job(db: &Db, lines: &[&str]) -> JobId {
    let job: JobId = id(1);
    write(db, move |tx| store::insert_job(tx, job, false, at(0))).await;
    for (number, text) in (0..).zip(lines) {
        let chunk =
            Chunk { number, first_line: number + 1, filled: 1, data: text.as_bytes().to_vec() };
        assert!(write(db, move |tx| store::insert_chunk(tx, job, &chunk, at(1))).await);
    }
    let total = i64::try_from(lines.len()).expect("few");
    assert!(write(db, move |tx| store::queue_job(tx, job, total, at(2))).await);
    job
}

#[tokio::test]
async fn one_worker_at_a_time_has_a_job() {
    for db in databases().await {
        let job = begin_job(&db, &["a", "b"]).await;
        let claim =
            async |now| write(&db, move |tx| store::claim_job(tx, at(now), at(now + 10))).await;

        let claimed = claim(3).await.expect("a job");
        assert_eq!((claimed.id, claimed.status, claimed.next_chunk), (job, JobStatus::Running, 0));
        assert_eq!(claim(5).await, None);
        assert!(claim(14).await.is_some(), "the lease has ended");
        db.close().await;
    }
}

#[tokio::test]
async fn a_checkpoint_counts_once_and_takes_its_chunk_away() {
    for db in databases().await {
        begin_job(&db, &["a", "b"]).await;
        let job = write(&db, |tx| store::claim_job(tx, at(3), at(9))).await.expect("a job");
        let errors =
            (1..=2).map(|line| LineProblem::new("bad", "é".repeat(900)).at(line)).collect();
        let turn = JobTurn { job: job.clone(), filled: 2, errors };

        let id = job.id;
        write(&db, move |tx| store::keep_outcome(tx, id, "{}")).await;
        let outcome = async |chunk| write(&db, move |tx| store::lock_outcome(tx, id, chunk)).await;
        assert_eq!(outcome(0).await, Some(Some("{}".to_owned())), "kept while it is in hand");
        let (first, again) = (turn.clone(), turn.clone());
        assert!(write(&db, move |tx| store::checkpoint(tx, &first, at(4), at(9))).await);
        assert!(!write(&db, move |tx| store::checkpoint(tx, &again, at(4), at(9))).await);
        assert_eq!((outcome(0).await, outcome(1).await), (None, Some(None)), "and no longer");

        write(&db, move |tx| {
            assert_eq!(store::lookup_job(tx, job.id)?, Some(turn.after()));
            assert_eq!(store::lookup_chunk(tx, job.id, 0)?, None);
            assert_eq!(
                store::lookup_chunk(tx, job.id, 1)?.map(|chunk| chunk.data),
                Some(b"b".to_vec())
            );
            let lines: BTreeSet<i64> =
                store::job_errors(tx, job.id)?.iter().map(|e| e.line).collect();
            assert_eq!(lines, BTreeSet::from([1, 2]));
            Ok(())
        })
        .await;
        db.close().await;
    }
}

#[tokio::test]
async fn errors_beyond_the_first_thousand_are_only_counted() {
    for db in databases().await {
        begin_job(&db, &["a", "b"]).await;
        let mut job = write(&db, |tx| store::claim_job(tx, at(3), at(9))).await.expect("a job");
        for _ in 0..2 {
            let errors = (1..=600).map(|line| LineProblem::new("bad", "x").at(line)).collect();
            let turn = JobTurn { job, filled: 600, errors };
            job = turn.after();
            assert!(write(&db, move |tx| store::checkpoint(tx, &turn, at(4), at(9))).await);
        }

        let (kept, stored) = write(&db, move |tx| {
            Ok((
                store::job_errors(tx, job.id)?.len(),
                store::lookup_job(tx, job.id)?.expect("a job"),
            ))
        })
        .await;
        assert_eq!((kept, stored.error_count), (1_000, 1_200));
        db.close().await;
    }
}

#[tokio::test]
async fn an_import_whose_sender_is_gone_fails() {
    for db in databases().await {
        let job: JobId = id(1);
        write(&db, move |tx| store::insert_job(tx, job, false, at(5))).await;
        let chunk = Chunk { number: 0, first_line: 1, filled: 1, data: vec![0, 255] };
        write(&db, move |tx| store::insert_chunk(tx, job, &chunk, at(7))).await;

        assert_eq!(write(&db, |tx| store::fail_stale_jobs(tx, at(7), at(8))).await, 0);
        assert_eq!(write(&db, |tx| store::fail_stale_jobs(tx, at(8), at(8))).await, 1);
        write(&db, move |tx| {
            assert_eq!(store::lookup_job(tx, job)?.map(|job| job.status), Some(JobStatus::Failed));
            assert_eq!(store::lookup_chunk(tx, job, 0)?, None);
            Ok(())
        })
        .await;
        db.close().await;
    }
}

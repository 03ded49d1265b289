//! Books: a row that cannot be read is said to be so, and hides no other.

use techtrove_core::{BookPage, Cursor};
use techtrove_db::{Book, BookKey, Db, DbError, Engine, Rows, Sql, Tx, Value, Wanted, p};
use uuid::Uuid;

use crate::on_each_engine;

const STOCK: Rows = Rows::of(
    "stock",
    Sql::new("SELECT sku, quantity FROM stock WHERE sku > ? ORDER BY sku LIMIT ?"),
);

const LINES: Rows = Rows::of(
    "order_lines",
    Sql::new("SELECT sku, id FROM order_lines WHERE sku > ? AND sku <= ? ORDER BY sku, id"),
);

/// A SKU with the numbers of its lines, and the pieces that there are of it.
type Entry = (String, u32, Vec<u8>);

fn page(tx: &mut Tx<'_>, wanted: &Wanted<String>) -> Result<BookPage<Entry>, DbError> {
    let mut book =
        Book::read(tx, wanted, &STOCK, |row| Ok((row.get(0)?, row.get(1)?, Vec::new())))?;
    let lines = book.details(tx, &LINES, |row| row.get::<u8>(1))?;
    let mut entries = book.by_key();
    for (sku, line) in lines {
        entries.get_mut(&sku).expect("read before it").2.push(line);
    }
    Ok(book.finish())
}

/// All pages of a book, of two entries each.
async fn pages<K: BookKey + Sync, T: Send + 'static>(
    db: &Db,
    read: fn(&mut Tx<'_>, &Wanted<K>) -> Result<BookPage<T>, DbError>,
) -> Result<Vec<BookPage<T>>, DbError> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let wanted = Wanted { after, limit: 2 };
        let read = db.read("page", move |tx| read(tx, &wanted)).await?;
        let next = read.next_cursor.clone();
        pages.push(read);
        let Some(next) = next else { return Ok(pages) };
        after = Some(Cursor::decode(&next).expect("a key"));
    }
}

/// What is said of each page.
fn named<T>(pages: &[BookPage<T>]) -> Vec<Vec<String>> {
    let name = |page: &BookPage<T>| {
        page.unreadable.iter().map(|row| format!("{row}: {}", row.what)).collect()
    };
    pages.iter().map(name).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_all_else_is_read() {
    on_each_engine(async |db| {
        let too_many = i64::from(u32::MAX) + 1;
        db.write("add", move |tx| -> Result<(), DbError> {
            for (sku, quantity) in [("a", 1), ("b", too_many), ("c", 3), ("d", 4), ("e", 5)] {
                tx.execute("INSERT INTO stock (sku, quantity) VALUES (?, ?)", p![sku, quantity])?;
            }
            for (id, sku) in [(1_i64, "a"), (2, "c"), (3, "d"), (1_000, "d"), (1_001, "d"), (6, "e")] {
                tx.execute("INSERT INTO order_lines (id, sku) VALUES (?, ?)", p![id, sku])?;
            }
            Ok(())
        })
        .await
        .expect("added");

        let pages = pages(db, page).await.expect("read");

        let read: Vec<Entry> = pages.iter().flat_map(|page| page.items.clone()).collect();
        let entry = |sku: &str, quantity, line| (sku.to_owned(), quantity, vec![line]);
        assert_eq!(read, [entry("a", 1, 1), entry("c", 3, 2), entry("e", 5, 6)]);
        assert_eq!(
            named(&pages),
            [
                vec!["stock b: quantity: stored is an integer, wanted is an unsigned integer of 32 bits"],
                vec!["order_lines d: id: stored is an integer, wanted is an unsigned integer of 8 bits"],
                vec![],
            ]
        );
    })
    .await;
}

const THINGS: Rows =
    Rows::of("things", Sql::new("SELECT id, count FROM things WHERE id > ? ORDER BY id LIMIT ?"));

const FLAGS: Rows = Rows::of(
    "flags",
    Sql::new("SELECT id, flag FROM things WHERE id > ? AND id <= ? AND count >= ? ORDER BY id"),
);

/// The counts of things.
fn things(tx: &mut Tx<'_>, wanted: &Wanted<Uuid>) -> Result<BookPage<i64>, DbError> {
    let mut book = Book::read(tx, wanted, &THINGS, |row| row.get::<i64>(1))?;
    book.details(tx, FLAGS.with(&p![0_i64]), |row| row.get::<Option<bool>>(1))?;
    Ok(book.finish())
}

/// An id that sorts by this number.
fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) << 120)
}

async fn add(db: &Db, things: Vec<(Vec<u8>, i64)>) {
    let add = move |tx: &mut Tx<'_>| -> Result<(), DbError> {
        for (id, count) in &things {
            tx.execute("INSERT INTO things (id, count) VALUES (?, ?)", p![id, *count])?;
        }
        Ok(())
    };
    db.write("add", add).await.expect("added");
}

/// Bytes that are no id, where the engine keeps them: MySQL fills them up.
fn no_ids(engine: Engine, no_ids: &[&[u8]]) -> Vec<(Vec<u8>, i64)> {
    let kept = if engine == Engine::Mysql { &[] } else { no_ids };
    kept.iter().map(|bytes| (bytes.to_vec(), 0)).collect()
}

#[tokio::test]
async fn a_row_without_an_id_is_named_and_all_else_is_read() {
    on_each_engine(async |db| {
        let engine = db.engine();
        let ids = (1..=5).map(|number| (id(number).as_bytes().to_vec(), number.into())).collect();
        add(db, [ids, no_ids(engine, &[&[0], &[2, 1], &[5, 1]])].concat()).await;

        let pages = pages(db, things).await.expect("read");

        let read: Vec<i64> = pages.iter().flat_map(|page| page.items.clone()).collect();
        assert_eq!(read, [1, 2, 3, 4, 5]);
        let no_id = |of: &str| format!("{of} without an id: id: stored is bytes, wanted is an id");
        let all = ["flags", "things", "flags", "things", "things"].map(no_id);
        let kept = if engine == Engine::Mysql { &[] } else { &all[..] };
        assert_eq!(named(&pages).concat(), kept, "{}", db.label());
    })
    .await;
}

/// SQLite keeps any kind in a column, and sorts by kind first.
#[tokio::test]
async fn ids_of_another_kind_are_named_and_all_else_is_read() {
    on_each_engine(async |db| {
        if db.engine() != Engine::Sqlite {
            return;
        }
        add(db, (1..=3).map(|number| (id(number).as_bytes().to_vec(), number.into())).collect())
            .await;
        let sow = async |kinds: &[Value<'static>]| {
            let kinds = kinds.to_vec();
            let sow = move |tx: &mut Tx<'_>| -> Result<(), DbError> {
                let insert = "INSERT INTO things (id, count) VALUES (?, 0)";
                kinds.iter().try_for_each(|kind| tx.execute(insert, [*kind]).map(drop))
            };
            db.write("sow", sow).await.expect("sown");
        };
        let read = async || {
            let pages = pages(db, things).await.expect("read");
            let items: Vec<i64> = pages.iter().flat_map(|page| page.items.clone()).collect();
            assert_eq!(items, [1, 2, 3]);
            named(&pages)
        };

        sow(&[Value::Int(-7)]).await;
        let one = read().await;
        sow(&[Value::Text("x"), Value::Text("y"), Value::Text("z")]).await;
        let more_than_a_page = read().await;

        let no_id = |of: &str, what: &str| {
            format!("{of} without an id: id: stored is {what}, wanted is an id")
        };
        let integers = ["flags", "things"].map(|of| no_id(of, "an integer"));
        assert_eq!(one, [&integers[..], &[]]);
        let first = ["an integer", "text"].map(|what| no_id("things", what));
        assert_eq!(more_than_a_page, [&first[..], &[], &[]]);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_cannot_tell_where_the_next_begins_fails() {
    on_each_engine(async |db| {
        let engine = db.engine();
        let ids = (1..=3).map(|number| (id(number).as_bytes().to_vec(), number.into())).collect();
        add(db, [ids, no_ids(engine, &[&[2, 1], &[2, 2], &[2, 3]])].concat()).await;

        let outcome = pages(db, things).await.map(drop);

        let refused = Err(DbError::decode("none of many rows has a key"));
        assert_eq!(outcome, if engine == Engine::Mysql { Ok(()) } else { refused });
    })
    .await;
}

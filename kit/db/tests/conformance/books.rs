//! Books: a row that cannot be read is said to be so, and hides no other.

use techtrove_core::{BookPage, Cursor};
use techtrove_db::{Book, Db, DbError, Rows, Sql, Tx, p};

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

fn page(tx: &mut Tx<'_>, after: &str) -> Result<BookPage<Entry>, DbError> {
    let mut book = Book::<String, _>::read(tx, 2, (&STOCK, p![after]), |row| {
        Ok((row.get(0)?, row.get(1)?, Vec::new()))
    })?;
    let Some(last) = book.last() else { return Ok(book.finish()) };
    let lines = book.details(tx, (&LINES, p![after, last]), |row| row.get::<u8>(1))?;
    for (sku, line) in lines {
        let of = book.entries().iter_mut().find(|(key, _)| *key == sku);
        of.expect("read before it").1.2.push(line);
    }
    Ok(book.finish())
}

async fn pages(db: &Db) -> Vec<BookPage<Entry>> {
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let from = after.clone();
        let read = db.read("page", move |tx| page(tx, &from)).await.expect("read");
        let next = read.next_cursor.clone();
        pages.push(read);
        let Some(next) = next else { return pages };
        after = Cursor::decode(&next).expect("a SKU");
    }
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

        let pages = pages(db).await;

        let read: Vec<Entry> = pages.iter().flat_map(|page| page.items.clone()).collect();
        let entry = |sku: &str, quantity, line| (sku.to_owned(), quantity, vec![line]);
        assert_eq!(read, [entry("a", 1, 1), entry("c", 3, 2), entry("e", 5, 6)]);
        let named: Vec<Vec<String>> = pages
            .iter()
            .map(|page| page.unreadable.iter().map(|row| format!("{row}: {}", row.what)).collect())
            .collect();
        assert_eq!(
            named,
            [
                vec!["stock b: quantity: stored is an integer, wanted is an unsigned integer of 32 bits"],
                vec!["order_lines d: id: stored is an integer, wanted is an unsigned integer of 8 bits"],
                vec![],
            ]
        );
    })
    .await;
}

//! The stock book as the audit reads it, on every engine.

use techtrove_core::Cursor;
use techtrove_db::{DbError, Engine, Tx, Wanted, p};
use techtrove_inventory::store;
use techtrove_inventory_api::StockEntry;

use crate::support::{Shop, attempts, licences, on_every_engine};

/// However the stock book is cut in pages, each SKU is in it once, with all that belongs to it.
#[tokio::test]
async fn pages_of_the_stock_book_end_where_they_have_many_rows() {
    on_every_engine(|shop| async move {
        for (sku, pieces) in [("A", 4), ("B", 5), ("C", 6), ("D", 7)] {
            shop.stock(sku, pieces).await;
        }
        for (number, lines) in [[("A", 1), ("B", 1)], [("B", 2), ("C", 1)]].iter().enumerate() {
            let number = u32::try_from(number).expect("two");
            shop.hold(attempts(number), lines, None).await.expect("held");
        }
        let whole = pages_of_stock(&shop, (10, 10)).await;
        assert_eq!(whole.len(), 1);
        let held: Vec<_> = whole[0].iter().map(|entry| entry.held_by_reservations).collect();
        assert_eq!(held, [1, 3, 1, 0]);

        for (skus, rows, pages) in [(10, 0, 4), (10, 1, 2), (10, 2, 2), (2, 10, 2), (1, 10, 4)] {
            let cut = pages_of_stock(&shop, (skus, rows)).await;
            assert_eq!(cut.concat(), whole[0], "{skus} SKUs, {rows} rows");
            assert_eq!(cut.len(), pages, "{skus} SKUs, {rows} rows");
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_the_stock_book_ends_where_it_has_many_licence_keys() {
    on_every_engine(|shop| async move {
        shop.stock_keys("A", &licences(0..5)).await;
        shop.stock("B", 1).await;

        let (few, many) =
            (pages_of_stock(&shop, (10, 5)).await, pages_of_stock(&shop, (10, 4)).await);

        assert_eq!((few.len(), many.len()), (1, 2));
        assert_eq!(many.concat(), few[0]);
    })
    .await;
}

/// A SKU whose row is gone is in the book with what was sold of it. SQLite's keys are enforced in every transaction.
#[tokio::test(flavor = "multi_thread")]
async fn the_stock_book_has_what_was_sold_of_a_sku_that_is_gone() {
    on_every_engine(|shop| async move {
        let unkeyed: &[&str] = match shop.app.db.engine() {
            Engine::Sqlite => return,
            Engine::Mysql => &["SET FOREIGN_KEY_CHECKS = 0"],
            Engine::Postgres => &[
                "ALTER TABLE movements DROP CONSTRAINT movements_sku_location_fkey",
                "ALTER TABLE reservation_lines DROP CONSTRAINT reservation_lines_sku_location_fkey",
            ],
        };
        shop.stock("GONE", 4).await;
        shop.hold(attempts(1), &[("GONE", 3)], None).await.expect("held");
        let lose = async |statements: Vec<&'static str>| {
            let job = move |tx: &mut Tx<'_>| {
                statements.iter().try_for_each(|text| tx.execute(*text, p![]).map(drop))
            };
            shop.app.db.write::<_, DbError, _>("test.lose", job).await.expect("lost");
        };
        lose([unkeyed, &["DELETE FROM movements", "DELETE FROM stock"]].concat()).await;

        let book = pages_of_stock(&shop, (10, 10)).await.concat();
        lose(vec!["DELETE FROM reservation_lines", "DELETE FROM reservations"]).await;

        assert_eq!(
            (book[0].sku.as_str(), book[0].held, book[0].held_by_reservations),
            ("GONE", 0, 3)
        );
    })
    .await;
}

/// The stock book in pages of so many SKUs and about so many rows; none is empty but the last.
async fn pages_of_stock(shop: &Shop, (limit, rows): (usize, usize)) -> Vec<Vec<StockEntry>> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let wanted = Wanted { after, limit };
        let job = move |tx: &mut Tx<'_>| store::audit_stock(tx, &wanted, rows);
        let page = shop.app.db.read::<_, DbError, _>("test.book", job).await.expect("read");
        assert_eq!(page.unreadable, []);
        let Some(next) = page.next_cursor else {
            pages.extend((!page.items.is_empty()).then_some(page.items));
            return pages;
        };
        pages.push(page.items);
        after = Some(Cursor::decode::<String>(&next).expect("a SKU"));
    }
}

//! Lookups: read where they are asked, with everything else as in any other read.

use techtrove_db::{Db, DbError, p};

use crate::{add, hold, on_each_engine, on_one_thread, stock};

async fn quantity(db: &Db, sku: &'static str) -> Result<Option<i64>, DbError> {
    db.lookup("quantity", move |tx| {
        tx.query_opt("SELECT quantity FROM stock WHERE sku = ?", p![sku], |row| row.get(0))
    })
    .await
}

#[tokio::test]
async fn a_lookup_sees_what_was_committed_and_writes_nothing() {
    on_each_engine(async |db| {
        add(db, "a", 7).await.expect("added");

        let found = quantity(db, "a").await;
        let missing = quantity(db, "b").await;
        let write: Result<u64, DbError> = db
            .lookup("write", |tx| {
                tx.execute("INSERT INTO stock (sku, quantity) VALUES ('c', 1)", p![])
            })
            .await;

        assert_eq!((found, missing), (Ok(Some(7)), Ok(None)));
        assert_eq!(write, Err(DbError::ReadOnly));
        assert_eq!(stock(db).await, [("a".to_owned(), 7)]);
    })
    .await;
}

#[tokio::test]
async fn a_panic_in_a_lookup_is_its_own() {
    on_each_engine(async |db| {
        add(db, "a", 7).await.expect("added");

        let panics: Result<(), DbError> = db.lookup("panic", |_| panic!("boom")).await;

        assert_eq!(panics, Err(DbError::Panicked("boom".into())));
        assert_eq!(quantity(db, "a").await, Ok(Some(7)));
    })
    .await;
}

#[tokio::test]
async fn a_writer_at_work_holds_up_no_lookup() {
    on_one_thread(Default::default(), async |db| {
        add(db, "a", 7).await.expect("added");
        let held = hold(db).await;

        let found = quantity(db, "a").await;

        held.let_go().await;
        assert_eq!(found, Ok(Some(7)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn more_lookups_at_once_than_there_are_connections_are_all_answered() {
    on_each_engine(async |db| {
        add(db, "a", 7).await.expect("added");

        let lookups = (0..400).map(|_| {
            let db = (**db).clone();
            tokio::spawn(async move { quantity(&db, "a").await })
        });
        let found = futures::future::join_all(lookups).await;

        assert!(found.into_iter().all(|found| found.expect("no panic") == Ok(Some(7))));
    })
    .await;
}

#[tokio::test]
async fn after_the_end_a_lookup_is_refused() {
    on_each_engine(async |db| {
        quantity(db, "a").await.expect("open");

        Db::close(db).await;

        assert!(matches!(quantity(db, "a").await, Err(DbError::Unavailable(_))), "{}", db.label());
    })
    .await;
}

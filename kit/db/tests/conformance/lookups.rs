//! Lookups: read where they are asked, with everything else as in any other read.

use std::sync::{Arc, Barrier};

use techtrove_db::{Db, DbError, Tx, p};

use crate::{add, hold, is_server, on_each_engine, on_one_thread, stock};

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

/// As many as the embedded database looks up at once on its callers' threads.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 10)]
async fn a_lookup_that_finds_every_connection_taken_is_answered_by_the_readers() {
    on_one_thread(Default::default(), async |db| {
        if is_server(db) {
            return;
        }
        add(db, "a", 7).await.expect("added");
        let (inside, go) =
            (Arc::new(Barrier::new(AT_ONCE + 1)), Arc::new(Barrier::new(AT_ONCE + 1)));
        let held: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (db, inside, go) = ((**db).clone(), Arc::clone(&inside), Arc::clone(&go));
                tokio::spawn(async move {
                    let wait = move |_: &mut Tx<'_>| {
                        inside.wait();
                        go.wait();
                        Ok::<_, DbError>(())
                    };
                    db.lookup("held", wait).await
                })
            })
            .collect();
        inside.wait();

        let found = quantity(db, "a").await;

        go.wait();
        for held in held {
            assert_eq!(held.await.expect("no panic"), Ok(()));
        }
        assert_eq!(found, Ok(Some(7)));
        assert_eq!(quantity(db, "a").await, Ok(Some(7)));
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

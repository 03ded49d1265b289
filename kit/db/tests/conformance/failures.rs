//! What goes wrong stays with the one it belongs to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use techtrove_db::{DbError, DbOptions, Engine, Sql, p};
use tokio::time::Instant;

use crate::{add, hold, on_each_engine, on_each_engine_with, on_one_thread, start, stock};

/// Runs far longer than any test waits.
const ENDLESS: Sql = Sql::new("SELECT 1 FROM (SELECT pg_sleep(600)) AS slept")
    .sqlite(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
         SELECT COUNT(*) FROM n WHERE i < 0",
    )
    .mysql("SELECT SLEEP(600)");
/// The same, while it writes.
const ENDLESS_WRITE: Sql =
    Sql::new("UPDATE stock SET quantity = (SELECT 1 FROM (SELECT pg_sleep(600)) AS slept)")
        .sqlite(
            "INSERT INTO stock (sku, quantity) \
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' || i, 1 FROM n",
        )
        .mysql("UPDATE stock SET quantity = SLEEP(600)");

#[tokio::test]
async fn a_panic_takes_nobody_with_it() {
    on_one_thread(DbOptions::default(), async |db| {
        let held = hold(db).await;
        let [before, panics, after] =
            [("a", false), ("b", true), ("c", false)].map(|(sku, panics)| {
                let db = (**db).clone();
                async move {
                    db.write("perhaps panic", move |tx| {
                        tx.execute("INSERT INTO stock (sku, quantity) VALUES (?, 1)", p![sku])?;
                        assert!(!panics, "boom");
                        Ok::<_, DbError>(())
                    })
                    .await
                }
            });
        let (before, panics, after) =
            (start(before).await, start(panics).await, start(after).await);
        held.let_go().await;

        assert_eq!(before.await.expect("joined"), Ok(()));
        assert_eq!(panics.await.expect("joined"), Err(DbError::Panicked("boom".into())));
        assert_eq!(after.await.expect("joined"), Ok(()));
        assert_eq!(stock(db).await, [("a".to_owned(), 1), ("c".to_owned(), 1)]);
        assert_eq!(db.stats().write.panics, 1);
    })
    .await;
}

#[tokio::test]
async fn a_panic_while_reading_a_row_leaves_the_connection_whole() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");
        let panicked: Result<Vec<()>, DbError> = db
            .write("panic in a row", |tx| {
                tx.query("SELECT sku FROM stock", p![], |_| panic!("boom {}", 1))
            })
            .await;

        assert_eq!(panicked, Err(DbError::Panicked("boom 1".into())));
        assert_eq!(stock(db).await.len(), 1);
        add(db, "b", 1).await.expect("it goes on");
    })
    .await;
}

#[tokio::test]
async fn who_went_away_before_the_start_is_skipped() {
    on_one_thread(DbOptions::default(), async |db| {
        let held = hold(db).await;
        let waiting = {
            let db = (**db).clone();
            start(async move { add(&db, "a", 1).await }).await
        };
        waiting.abort();
        assert!(waiting.await.expect_err("it was given up").is_cancelled());
        held.let_go().await;

        add(db, "b", 1).await.expect("added");
        assert_eq!(stock(db).await, [("b".to_owned(), 1)]);
        assert_eq!(db.stats().write.abandoned, 1);
    })
    .await;
}

#[tokio::test]
async fn who_goes_away_after_the_start_is_counted() {
    on_one_thread(DbOptions::default(), async |db| {
        let (started, mut has_started) = tokio::sync::mpsc::channel(1);
        let (go, may_go) = std::sync::mpsc::sync_channel(1);
        let (writer, may_go) = ((**db).clone(), std::sync::Mutex::new(may_go));
        let work = tokio::spawn(async move {
            writer
                .write("begun", move |tx| {
                    tx.execute("INSERT INTO stock (sku, quantity) VALUES ('a', 1)", p![])?;
                    started.try_send(()).expect("somebody waits");
                    may_go.lock().expect("no panic").recv().expect("let go");
                    Ok::<_, DbError>(())
                })
                .await
        });
        has_started.recv().await.expect("it starts");
        work.abort();
        assert!(work.await.expect_err("it was given up").is_cancelled());
        go.send(()).expect("it waits");

        add(db, "b", 1).await.expect("it comes after");
        assert_eq!(stock(db).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn too_many_are_told_at_once() {
    on_one_thread(DbOptions { queue: 4, ..DbOptions::default() }, async |db| {
        let held = hold(db).await;
        let (mut waiting, mut busy) = (Vec::new(), 0);
        for _ in 0..20 {
            let db = (**db).clone();
            let mut work =
                Box::pin(async move { db.write("wait", |_| Ok::<_, DbError>(())).await });
            match futures::poll!(work.as_mut()) {
                std::task::Poll::Pending => waiting.push(work),
                std::task::Poll::Ready(answer) => {
                    assert_eq!(answer, Err(DbError::Busy));
                    busy += 1;
                }
            }
        }
        assert_eq!((waiting.len(), busy), (4, 16));
        assert_eq!((db.stats().write.waiting, db.stats().write.busy), (4, 16));
        // Whoever gives up makes room.
        waiting.pop();
        let late = {
            let db = (**db).clone();
            start(async move { add(&db, "late", 1).await }).await
        };
        held.let_go().await;

        assert_eq!(late.await.expect("joined"), Ok(1));
        for waiting in waiting {
            assert_eq!(waiting.await, Ok(()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_that_runs_too_long_is_ended() {
    let options = DbOptions { job_timeout: Duration::from_secs(1), ..DbOptions::default() };
    on_each_engine_with(options, async |db| {
        add(db, "a", 1).await.expect("added");
        let read: Result<Option<()>, DbError> =
            db.read("endless", |tx| tx.query_opt(ENDLESS, p![], |_| Ok(()))).await;
        let write: Result<u64, DbError> =
            db.write("endless", |tx| tx.execute(ENDLESS_WRITE, p![])).await;

        // MySQL ends a sleep that takes too long without an error: it gives 1 instead.
        let tolerated = db.engine() == Engine::Mysql && read == Ok(Some(()));
        assert!(tolerated || read == Err(DbError::Timeout), "{read:?}");
        assert_eq!(write, Err(DbError::Timeout));
        assert_eq!(stock(db).await, [("a".to_owned(), 1)]);
        add(db, "b", 1).await.expect("it goes on");
    })
    .await;
}

#[tokio::test]
async fn neighbours_of_a_job_that_is_ended_run_again() {
    let options = DbOptions { job_timeout: Duration::from_secs(1), ..DbOptions::default() };
    on_one_thread(options, async |db| {
        let runs = Arc::new(AtomicU32::new(0));
        let held = hold(db).await;
        let counted = Arc::clone(&runs);
        let first = (**db).clone();
        let first = start(async move {
            first
                .write("first", move |tx| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    tx.execute("INSERT INTO stock (sku, quantity) VALUES ('first', 1)", p![])
                })
                .await
        })
        .await;
        let endless = (**db).clone();
        let endless =
            start(
                async move { endless.write("endless", |tx| tx.execute(ENDLESS_WRITE, p![])).await },
            )
            .await;
        held.let_go().await;

        assert_eq!(first.await.expect("joined"), Ok::<_, DbError>(1));
        assert_eq!(endless.await.expect("joined"), Err::<u64, _>(DbError::Timeout));
        assert_eq!(stock(db).await, [("first".to_owned(), 1)]);
        // On SQLite both shared a transaction, which the end of the second one took away.
        let expected = if db.engine() == Engine::Sqlite { 2 } else { 1 };
        assert_eq!(runs.load(Ordering::SeqCst), expected);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_waits_too_long_is_not_begun() {
    let options = DbOptions { job_timeout: Duration::from_secs(1), ..DbOptions::default() };
    on_one_thread(options, async |db| {
        let held = hold(db).await;
        let late = {
            let db = (**db).clone();
            start(async move { add(&db, "late", 1).await }).await
        };
        // Its time is over at this instant and not before, however slow the machine is.
        let over = Instant::now() + db.options().job_timeout;
        tokio::time::sleep_until(over).await;
        held.let_go().await;

        assert_eq!(late.await.expect("joined"), Err(DbError::Timeout));
        assert_eq!(stock(db).await, []);
    })
    .await;
}

#[tokio::test]
async fn slow_jobs_are_counted() {
    on_each_engine_with(
        DbOptions { slow_job: Duration::ZERO, ..DbOptions::default() },
        async |db| {
            let before = db.stats().read.slow;
            assert_eq!(stock(db).await, []);
            assert_eq!(db.stats().read.slow, before + 1);
        },
    )
    .await;
}

#[tokio::test]
async fn closing_finishes_what_waits_and_takes_nothing_new() {
    on_one_thread(DbOptions::default(), async |db| {
        let held = hold(db).await;
        let waiting = {
            let db = (**db).clone();
            start(async move { add(&db, "a", 1).await }).await
        };
        let closing = {
            let db = (**db).clone();
            start(async move { db.close().await }).await
        };
        let late = add(db, "late", 1).await;
        held.let_go().await;
        closing.await.expect("joined");

        assert_eq!(waiting.await.expect("joined"), Ok(1));
        assert!(matches!(late, Err(DbError::Unavailable(_))), "{late:?}");
    })
    .await;
}

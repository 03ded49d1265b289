//! Another process has locked the file: a job is refused in good time, and once it was refused it is never done.
//! Who only waits for others of this process is never refused so. Here the other process is a second database on
//! the same file.

use std::time::Duration;

use futures::future::join_all;
use techtrove_db::{Db, DbError, DbOptions, p, testing::sqlite_file};
use tokio::time::Instant;

use crate::{SCHEMA, add, hold, on_each_engine_with, start, stock};

/// More than share a transaction.
const MANY: usize = 300;

/// How long jobs wait here for a lock.
const PATIENCE: Duration = Duration::from_secs(1);

fn options() -> DbOptions {
    DbOptions { patience: PATIENCE, ..DbOptions::default() }
}

/// The same database, as another process has it open.
async fn another(url: &str) -> Db {
    Db::open(url, DbOptions::default()).await.expect("opened")
}

async fn take(db: &Db, sku: &'static str) -> Result<u64, DbError> {
    db.write("take", move |tx| {
        tx.execute("UPDATE stock SET quantity = quantity - 1 WHERE sku = ?", p![sku])
    })
    .await
}

#[tokio::test]
async fn what_was_refused_because_of_a_lock_is_never_done() {
    let db = sqlite_file(options()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    add(&db, "a", 10).await.expect("added");
    let other = another(db.url()).await;
    let held = hold(&other).await;
    let began = Instant::now();

    let refused = take(&db, "a").await;

    let waited = began.elapsed();
    assert_eq!(refused, Err(DbError::Locked));
    assert!(PATIENCE <= waited && waited < db.options().job_timeout, "{waited:?}");
    assert_eq!(stock(&db).await, [("a".to_owned(), 10)], "reading goes on");
    held.let_go().await;
    assert_eq!(take(&db, "a").await, Ok(1));
    assert_eq!(stock(&db).await, [("a".to_owned(), 9)]);
    assert_eq!(db.stats().write.locked, 1);
    other.close().await;
}

#[tokio::test]
async fn all_who_wait_are_refused_also_behind_the_first_transaction() {
    let db = sqlite_file(options()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    let other = another(db.url()).await;
    let held = hold(&other).await;

    let refused = join_all((0..MANY).map(|_| add(&db, "a", 1))).await;

    assert!(refused.iter().all(|refused| *refused == Err(DbError::Locked)), "{refused:?}");
    held.let_go().await;
    assert_eq!(add(&db, "b", 1).await, Ok(1));
    assert_eq!(stock(&db).await, [("b".to_owned(), 1)]);
    let stats = db.stats().write;
    assert_eq!((stats.locked, stats.retries), (MANY as u64, 0));
    other.close().await;
}

#[tokio::test]
async fn who_has_waited_no_longer_than_allowed_is_done_when_the_lock_ends() {
    let db = sqlite_file(options()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    let other = another(db.url()).await;
    let held = hold(&other).await;

    let waiting = {
        let db = (*db).clone();
        start(async move { add(&db, "a", 1).await }).await
    };
    held.let_go().await;

    assert_eq!(waiting.await.expect("joined"), Ok(1));
    assert_eq!(stock(&db).await, [("a".to_owned(), 1)]);
    other.close().await;
}

#[tokio::test]
async fn a_lock_that_is_known_is_hardly_waited_for_until_it_ends() {
    let db = sqlite_file(DbOptions { patience: 3 * PATIENCE, ..options() }).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    let other = another(db.url()).await;
    let held = hold(&other).await;
    assert_eq!(add(&db, "a", 1).await, Err(DbError::Locked));

    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(add(&db, "a", 1).await, Err(DbError::Locked));
    }

    assert!(began.elapsed() < 2 * PATIENCE, "{:?}", began.elapsed());
    held.let_go().await;
    assert_eq!(add(&db, "a", 1).await, Ok(1));
    other.close().await;
}

#[tokio::test]
async fn who_waits_for_others_of_this_process_is_not_refused() {
    on_each_engine_with(DbOptions { workers: 1, ..options() }, async |db| {
        if db.label() == "sqlite inline" {
            return;
        }
        let held = hold(db).await;
        let behind = {
            let db = (**db).clone();
            start(async move { add(&db, "a", 1).await }).await
        };
        // The one who has begun takes longer than anybody waits for a lock.
        tokio::time::sleep_until(Instant::now() + PATIENCE).await;
        held.let_go().await;

        assert_eq!(behind.await.expect("joined"), Ok(1));
        assert_eq!(stock(db).await, [("a".to_owned(), 1)]);
        assert_eq!(db.stats().write.locked, 0);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_locked_can_be_closed() {
    let db = sqlite_file(options()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    let other = another(db.url()).await;
    let held = hold(&other).await;
    let waiting = {
        let db = (*db).clone();
        start(async move { add(&db, "a", 1).await }).await
    };

    Db::close(&db).await;

    assert_eq!(waiting.await.expect("joined"), Err(DbError::Locked));
    held.let_go().await;
    assert_eq!(stock(&other).await, []);
    other.close().await;
}

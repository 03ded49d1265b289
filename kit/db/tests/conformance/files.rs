//! What is SQLite's own: files, and jobs on the caller's thread.

use std::{fs, path::Path};

use futures::FutureExt as _;
use techtrove_db::{
    Db, DbError, DbOptions, Migration, MigrationSet, p,
    testing::{TestDb, sqlite_file, sqlite_inline},
};

use crate::{SCHEMA, add, hold, start, stock};

fn path(db: &TestDb) -> &Path {
    Path::new(db.url().strip_prefix("sqlite:").expect("a file"))
}

#[tokio::test]
async fn inline_jobs_are_ready_when_first_polled() {
    let db = sqlite_inline().await;

    db.migrate(&SCHEMA).now_or_never().expect("ready").expect("migrated");
    add(&db, "a", 1).now_or_never().expect("ready").expect("added");
    assert_eq!(stock(&db).now_or_never().expect("ready").len(), 1);
    Db::close(&db).now_or_never().expect("ready");
    let late = add(&db, "b", 1).now_or_never().expect("ready");
    assert!(matches!(late, Err(DbError::Unavailable(_))), "{late:?}");
}

#[tokio::test]
async fn what_was_answered_is_there_after_an_end_without_goodbye() {
    let db = sqlite_file(DbOptions::default()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    add(&db, "a", 1).await.expect("added");
    let folder = tempfile::tempdir().expect("a folder");
    for end in ["", "-wal"] {
        // What lies on the disk at this moment, as a crash would leave it.
        let from = format!("{}{end}", path(&db).display());
        fs::copy(from, folder.path().join(format!("copy.db{end}"))).expect("copied");
    }

    let url = format!("sqlite:{}", folder.path().join("copy.db").display());
    let copy = Db::open(&url, DbOptions::default()).await.expect("opened");

    assert_eq!(stock(&copy).await, [("a".to_owned(), 1)]);
    copy.close().await;
    db.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let db = sqlite_file(DbOptions::default()).await;
    db.migrate(&SCHEMA).await.expect("migrated");

    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", path(&db).display());
        let mode = fs::metadata(&file).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    db.close().await;
}

#[tokio::test]
async fn a_full_disk_fails_those_who_need_room_and_nobody_else() {
    let db = sqlite_file(DbOptions::default()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    add(&db, "a", 1).await.expect("added");
    let limit: Result<(), DbError> = db
        .write("limit", |tx| {
            let pages = tx.query_one("PRAGMA page_count", p![], |row| row.get::<i64>(0))?;
            assert!(pages < 20, "{pages} pages");
            tx.query("PRAGMA max_page_count = 20", p![], |_| Ok(())).map(drop)
        })
        .await;
    limit.expect("limited");
    let held = hold(&db).await;
    let write = |sku: &'static str, size: usize| {
        let db = (*db).clone();
        async move {
            db.write("fill", move |tx| {
                let insert = "INSERT INTO things (id, name, body) VALUES (?, ?, ?)";
                tx.execute(insert, p![sku.as_bytes(), sku, vec![0_u8; size]])
            })
            .await
        }
    };
    let small = start(write("small", 10)).await;
    let large = start(write("large", 10_000_000)).await;
    let other = start(write("other", 10)).await;
    held.let_go().await;

    assert_eq!(small.await.expect("joined"), Ok(1));
    assert_eq!(large.await.expect("joined"), Err(DbError::DiskFull));
    assert_eq!(other.await.expect("joined"), Ok::<_, DbError>(1));
    assert_eq!(stock(&db).await.len(), 1);
    db.close().await;
}

#[tokio::test]
async fn a_rule_broken_at_the_commit_fails_only_who_broke_it() {
    const DEFERRED: MigrationSet = MigrationSet {
        name: "deferred",
        migrations: &[Migration {
            version: 1,
            name: "tables",
            sqlite: "CREATE TABLE parents (id INTEGER PRIMARY KEY);
                     CREATE TABLE children (id INTEGER PRIMARY KEY,
                         parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);",
            postgres: "",
            mysql: "",
        }],
    };
    let db = sqlite_file(DbOptions::default()).await;
    db.migrate(&DEFERRED).await.expect("migrated");
    let held = hold(&db).await;
    let mut waiting = Vec::new();
    for (id, with_parent) in [(1, true), (2, false), (3, true)] {
        let db = (*db).clone();
        waiting.push(
            start(async move {
                db.write("bear", move |tx| {
                    tx.execute("INSERT INTO children (id, parent) VALUES (?, ?)", p![id, id])?;
                    if with_parent {
                        tx.execute("INSERT INTO parents (id) VALUES (?)", p![id])?;
                    }
                    Ok::<_, DbError>(())
                })
                .await
            })
            .await,
        );
    }
    held.let_go().await;

    let answers = futures::future::join_all(waiting).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("joined")).collect();
    assert_eq!(answers, [Ok(()), Err(DbError::ForeignKey), Ok(())]);
    db.close().await;
}

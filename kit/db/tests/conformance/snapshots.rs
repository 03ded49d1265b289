//! Copies of several databases at one moment.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use techtrove_db::{
    Db, DbError, DbOptions, OpenError, SnapshotError, check_file, p, snapshots,
    testing::{engines, sqlite_file, sqlite_inline},
};

use crate::{SCHEMA, is_server, stock};

/// The database of a copied file.
async fn copy(path: &std::path::Path) -> Db {
    let url = format!("sqlite:{}", path.display());
    Db::open(&url, DbOptions::default()).await.expect("opened")
}

async fn count_up(db: &Db, count: i64) {
    let insert = "INSERT INTO stock (sku, quantity) VALUES (?, 1)";
    let job = move |tx: &mut techtrove_db::Tx<'_>| -> Result<u64, DbError> {
        tx.execute(insert, p![format!("S{count}")])
    };
    db.write("count", job).await.expect("added");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_is_in_no_copy_without_what_it_followed() {
    let (first, second) =
        (sqlite_file(DbOptions::default()).await, sqlite_file(DbOptions::default()).await);
    for db in [&first, &second] {
        db.migrate(&SCHEMA).await.expect("migrated");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let over = AtomicBool::new(false);
    let write = async {
        let mut count = 0;
        while !over.load(Relaxed) {
            for db in [&first, &second] {
                count_up(db, count).await;
            }
            count += 1;
        }
    };
    let back_up = async {
        for round in 0..20 {
            // The one that follows is asked first: only standing still together keeps the order.
            let held = snapshots(&[(*second).clone(), (*first).clone()]).await.expect("held");
            let paths = [0, 1].map(|part| folder.path().join(format!("{round}-{part}.db")));
            for (snapshot, path) in held.iter().zip(&paths) {
                snapshot.copy_to(path).expect("copied");
                let versions = check_file(path).expect("whole");
                assert_eq!(versions.get(SCHEMA.name), Some(&1));
            }
            let [follower, leader] = [copy(&paths[0]).await, copy(&paths[1]).await];
            let (followed, led) = (stock(&follower).await.len(), stock(&leader).await.len());
            assert!(led == followed || led == followed + 1, "{led} and {followed}");
            follower.close().await;
            leader.close().await;
        }
        over.store(true, Relaxed);
    };

    futures::join!(write, back_up);

    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn only_files_are_copied_and_others_are_told_how() {
    for db in engines().await.into_iter().filter(|db| is_server(db)) {
        let refused = snapshots(&[(*db).clone()]).await.expect_err("refused");
        assert!(matches!(refused, SnapshotError::NotAFile { .. }), "{}", db.label());
        db.close().await;
    }
    let memory = snapshots(&[(*sqlite_inline().await).clone()]).await.expect_err("refused");
    assert!(memory.to_string().contains("memory"), "{memory}");
}

#[tokio::test]
async fn a_damaged_file_is_found() {
    let db = sqlite_file(DbOptions::default()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("copy.db");
    snapshots(&[(*db).clone()]).await.expect("held")[0].copy_to(&path).expect("copied");
    let mut bytes = std::fs::read(&path).expect("read");

    bytes[4_096..8_192].fill(0xff);
    std::fs::write(&path, &bytes).expect("written");

    assert!(matches!(check_file(&path), Err(OpenError::Corrupt { .. })));
    db.close().await;
}

//! What is wrong with a file is told when it is opened or, in a large one, soon after; never first by a job
//! that was about to sell something.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use techtrove_db::{
    Db, DbError, DbOptions, OpenError, p,
    testing::{TestDb, damage_page, sqlite_file},
};

use crate::SCHEMA;

async fn open(path: &Path, options: DbOptions) -> Result<Db, OpenError> {
    Db::open(&format!("sqlite:{}", path.display()), options).await
}

async fn open_error(path: &Path) -> OpenError {
    open(path, DbOptions::default()).await.expect_err("it cannot be opened")
}

/// Puts so many things in, each with a body of so many bytes.
async fn fill(db: &Db, things: i64, size: usize) {
    let filled: Result<(), DbError> = db
        .write("fill", move |tx| {
            for number in 0..things {
                let (id, name) = (number.to_be_bytes(), format!("thing {number}"));
                let insert = "INSERT INTO things (id, name, count, body) VALUES (?, ?, ?, ?)";
                tx.execute(insert, p![&id[..], name, number, vec![7_u8; size]])?;
            }
            Ok(())
        })
        .await;
    filled.expect("filled");
}

/// A database with things of this size, which nobody has open, and its file.
async fn closed_file(things: i64, size: usize) -> (TestDb, PathBuf) {
    let db = sqlite_file(DbOptions::default()).await;
    db.migrate(&SCHEMA).await.expect("migrated");
    fill(&db, things, size).await;
    let path = PathBuf::from(db.url().strip_prefix("sqlite:").expect("a file"));
    (db, path)
}

#[tokio::test]
async fn a_file_that_is_no_database_or_damaged_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text.db");
    fs::write(&text, "Dear diary, today I learned about databases. ".repeat(100)).expect("written");
    let cut = folder.path().join("cut.db");
    let whole = Db::open(&format!("sqlite:{}", cut.display()), DbOptions::default()).await;
    let whole = whole.expect("opened");
    whole.migrate(&SCHEMA).await.expect("migrated");
    whole.close().await;
    let bytes = fs::read(&cut).expect("read");
    fs::write(&cut, &bytes[..bytes.len() / 2]).expect("written");

    for damaged in [&text, &cut] {
        let error = open_error(damaged).await;
        assert!(matches!(&error, OpenError::Corrupt { path, .. } if path == damaged), "{error:?}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");

    for path in [folder.path().join("missing/test.db"), file.join("test.db")] {
        let error = open_error(&path).await;
        assert!(matches!(error, OpenError::Unwritable { .. }), "{error:?}");
        assert!(error.to_string().contains("check that its folder exists"), "{error}");
    }
    let error = open_error(folder.path()).await;
    assert!(matches!(error, OpenError::Unwritable { .. }), "{error:?}");
}

/// The pages of a file that hold nothing (sqlite.org/fileformat2.html, "The Freelist"): a chain of trunks,
/// each with the numbers of others.
fn free_pages(file: &[u8]) -> BTreeSet<u64> {
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes"));
    let size = usize::from(u16::from_be_bytes([file[16], file[17]]));
    let (mut free, mut trunk) = (BTreeSet::new(), number(32));
    while trunk != 0 {
        let at = (usize::try_from(trunk).expect("a page") - 1) * size;
        let leaves = usize::try_from(number(at + 4)).expect("a number");
        free.extend((0..leaves).map(|leaf| u64::from(number(at + 8 + 4 * leaf))));
        trunk = number(at);
    }
    free
}

#[tokio::test]
async fn noise_in_any_page_is_told_unless_the_page_is_free() {
    let (db, path) = closed_file(120, 9_000).await;
    let delete: Result<u64, DbError> =
        db.write("delete", |tx| tx.execute("DELETE FROM things WHERE count >= 60", p![])).await;
    delete.expect("deleted");
    Db::close(&db).await;
    let whole = fs::read(&path).expect("read");
    let free = free_pages(&whole);
    let pages = u64::try_from(whole.len()).expect("small") / 4_096;
    assert!(free.len() > 50 && pages > 250, "{} of {pages} are free", free.len());

    for page in 1..=pages {
        fs::write(&path, &whole).expect("as it was");
        damage_page(&path, page);
        // Inline, without threads, a file is opened the same way.
        let opened = open(&path, DbOptions { inline: true, ..DbOptions::default() }).await;
        match opened {
            Ok(db) => {
                assert!(free.contains(&page), "page {page} is in use");
                db.close().await;
            }
            Err(error) => {
                assert!(!free.contains(&page), "page {page} holds nothing: {error}");
                assert!(matches!(&error, OpenError::Corrupt { .. }), "page {page}: {error:?}");
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
    db.close().await;
}

#[tokio::test]
async fn a_large_file_is_opened_and_looked_through_beside_its_jobs() {
    let (db, path) = closed_file(50, 100_000).await;
    Db::close(&db).await;
    let pages = fs::metadata(&path).expect("there").len() / 4_096;

    let whole = open(&path, DbOptions::default()).await.expect("opened");
    assert_eq!(whole.look_through().await, Ok(()));
    assert_eq!(whole.damage(), None);
    whole.close().await;
    assert!(matches!(whole.look_through().await, Err(DbError::Unavailable(_))));
    damage_page(&path, pages / 2);
    let damaged = open(&path, DbOptions::default()).await.expect("opened");
    assert_eq!(damaged.damage(), None, "nobody has looked");
    let found = damaged.look_through().await;

    assert!(matches!(found, Err(DbError::Corrupt(_))), "{found:?}");
    assert!(damaged.damage().is_some());
    damaged.close().await;
    db.close().await;
}

#[tokio::test]
async fn damage_that_a_job_meets_is_known_from_then_on() {
    let (db, path) = closed_file(50, 100_000).await;
    Db::close(&db).await;
    let pages = fs::metadata(&path).expect("there").len() / 4_096;
    damage_page(&path, pages / 2);
    let damaged = open(&path, DbOptions::default()).await.expect("opened");

    let read: Result<Vec<Vec<u8>>, DbError> = damaged
        .read("bodies", |tx| tx.query("SELECT body FROM things", p![], |row| row.get(0)))
        .await;

    assert!(matches!(read, Err(DbError::Corrupt(_))));
    assert!(damaged.damage().is_some());
    damaged.close().await;
    db.close().await;
}

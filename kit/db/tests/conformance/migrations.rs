//! Schemas go forward only, once, and are never guessed.

use futures::future::join_all;
use techtrove_db::{
    Db, DbError, DbOptions, Engine, MigrateError, Migration, MigrationSet, p,
    testing::{engines, sqlite_file},
};

use crate::on_each_engine;

const fn step(version: u32, name: &'static str, sql: &'static str) -> Migration {
    Migration { version, name, sqlite: sql, postgres: sql, mysql: sql }
}

const FIRST: Migration = step(1, "first", "CREATE TABLE one (id BIGINT PRIMARY KEY);\n");
const SECOND: Migration = step(
    2,
    "second",
    "CREATE TABLE two (id BIGINT PRIMARY KEY);\nINSERT INTO two (id) VALUES (1);\n",
);
const OLD: MigrationSet = MigrationSet { name: "shop", migrations: &[FIRST] };
const NEW: MigrationSet = MigrationSet { name: "shop", migrations: &[FIRST, SECOND] };
const OTHER: MigrationSet = MigrationSet {
    name: "other",
    migrations: &[step(1, "theirs", "CREATE TABLE theirs (id BIGINT PRIMARY KEY);")],
};
const ELSEWHERE: MigrationSet = MigrationSet {
    name: "elsewhere",
    migrations: &[step(1, "there", "CREATE TABLE there (id BIGINT PRIMARY KEY);")],
};
const ALTERED: MigrationSet = MigrationSet {
    name: "shop",
    migrations: &[step(1, "first", "CREATE TABLE one (id BIGINT NOT NULL PRIMARY KEY);\n"), SECOND],
};
const BROKEN: MigrationSet = MigrationSet {
    name: "shop",
    migrations: &[
        FIRST,
        step(
            2,
            "broken",
            "CREATE TABLE half (id BIGINT);\nCREATE NONSENSE;\nCREATE TABLE rest (id BIGINT);\n",
        ),
    ],
};

async fn twos(db: &Db) -> Result<i64, DbError> {
    db.read("count", |tx| tx.query_one("SELECT COUNT(*) FROM two", p![], |row| row.get(0))).await
}

/// How many jobs wrote, in how many transactions.
fn jobs(db: &Db) -> (u64, u64) {
    let write = db.stats().write;
    (write.jobs, write.batches)
}

#[tokio::test]
async fn migrations_run_once_and_sets_do_not_mix() {
    on_each_engine(async |db| {
        db.migrate(&OLD).await.expect("the first");
        db.migrate(&OTHER).await.expect("another set");
        db.migrate(&NEW).await.expect("the next");
        let before = jobs(db);
        db.migrate(&NEW).await.expect("nothing to do");

        assert_eq!(twos(db).await, Ok(1));
        assert_eq!(jobs(db), before, "nothing is written when nothing is to do");
    })
    .await;
}

#[tokio::test]
async fn a_newer_or_altered_schema_is_refused() {
    on_each_engine(async |db| {
        db.migrate(&NEW).await.expect("the newest");

        let newer = db.migrate(&OLD).await.expect_err("an old program");
        let altered = db.migrate(&ALTERED).await.expect_err("another program");

        assert!(matches!(newer, MigrateError::Newer { found: 2, known: 1, .. }), "{newer:?}");
        assert!(matches!(altered, MigrateError::Altered { version: 1, .. }), "{altered:?}");
        assert_eq!(twos(db).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_set_that_the_program_does_not_know_is_refused() {
    for db in &engines().await {
        db.migrate_all(&[NEW, OTHER]).await.expect("a newer program");
        db.migrate_all(&[NEW, OTHER]).await.expect("once more");

        let older = db.migrate_all(&[NEW]).await.expect_err("an older program");
        let astray = db.migrate_all(&[ELSEWHERE]).await.expect_err("another database");

        assert!(
            matches!(&older, MigrateError::UnknownSet { set, .. } if set == "other"),
            "{older:?}"
        );
        assert!(older.to_string().contains("newer"), "{older}");
        assert!(matches!(&astray, MigrateError::Foreign { .. }), "{astray:?}");
        assert!(astray.to_string().contains("the tables of other"), "{astray}");
        assert_eq!(twos(db).await, Ok(1));
        Db::close(db).await;
    }
}

#[tokio::test]
async fn a_database_is_given_one_owner_and_keeps_it() {
    for db in &engines().await {
        db.migrate_all(&[NEW]).await.expect("migrated");

        let new = db.owner().await;
        db.give_owner(i64::MIN).await.expect("given");
        db.give_owner(7).await.expect("left as it is");

        assert_eq!((new, db.owner().await), (Ok(None), Ok(Some(i64::MIN))), "{}", db.label());
        Db::close(db).await;
    }
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let db = sqlite_file(DbOptions::default()).await;
    let made: Result<u64, DbError> =
        db.write("theirs", |tx| tx.execute("CREATE TABLE bookmarks (url TEXT)", p![])).await;
    made.expect("made");

    let error = db.migrate_all(&[NEW]).await.expect_err("not ours");

    assert!(error.to_string().contains("the table bookmarks"), "{error}");
    assert!(twos(&db).await.is_err(), "nothing was made in it");
    db.close().await;
}

#[tokio::test]
async fn a_failing_migration_says_where_and_is_undone_where_that_is_possible() {
    on_each_engine(async |db| {
        let error = db.migrate(&BROKEN).await.expect_err("nonsense");

        let half: Result<i64, DbError> = db
            .read("look", |tx| tx.query_one("SELECT COUNT(*) FROM half", p![], |row| row.get(0)))
            .await;
        match (db.engine(), &error) {
            (Engine::Mysql, MigrateError::HalfDone { version: 2, statement: 2, .. }) => {
                assert_eq!(half, Ok(0));
                assert!(error.to_string().contains("undo them by hand"), "{error}");
            }
            (_, MigrateError::Failed { version: 2, statement: 2, .. }) => {
                assert!(half.is_err(), "all of it was undone");
                db.migrate(&NEW).await.expect("a corrected program goes on");
                assert_eq!(twos(db).await, Ok(1));
            }
            (engine, error) => panic!("on {engine}: {error:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn versions_that_do_not_rise_are_the_programs_error() {
    const DISORDERED: MigrationSet = MigrationSet { name: "shop", migrations: &[SECOND, FIRST] };
    on_each_engine(async |db| {
        let error = db.migrate(&DISORDERED).await.expect_err("2 before 1");

        assert!(matches!(error, MigrateError::Disordered("shop")), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn several_processes_may_migrate_at_once() {
    on_each_engine(async |db| {
        if db.label() == "sqlite inline" {
            return;
        }
        let options = DbOptions { workers: 1, readers: 1, ..DbOptions::default() };
        let processes = join_all((0..6).map(|_| Db::open(db.url(), options.clone()))).await;
        let processes: Vec<Db> = processes.into_iter().map(|db| db.expect("opened")).collect();

        let migrated = join_all(processes.iter().map(|db| db.migrate(&NEW))).await;

        assert!(migrated.iter().all(Result::is_ok), "{migrated:?}");
        assert_eq!(twos(db).await, Ok(1));
        join_all(processes.iter().map(Db::close)).await;
    })
    .await;
}

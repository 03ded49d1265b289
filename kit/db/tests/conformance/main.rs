//! The same promises on every engine: each test runs on SQLite in a file, on SQLite inline, and on
//! the PostgreSQL and MySQL/MariaDB that the environment names. A new engine has to pass this suite.

mod books;
mod concurrency;
mod damage;
mod failures;
mod files;
mod locks;
mod lookups;
mod migrations;
mod proxy;
mod servers;
mod snapshots;
mod transactions;
mod values;

use std::sync::{Mutex, mpsc::SyncSender};

use techtrove_db::{
    Db, DbError, DbOptions, Engine, Migration, MigrationSet, p,
    testing::{TestDb, engines_with},
};
use tokio::task::JoinHandle;

/// The tables of these tests.
const SCHEMA: MigrationSet = MigrationSet {
    name: "conformance",
    migrations: &[Migration {
        version: 1,
        name: "tables",
        sqlite: "CREATE TABLE things (id BLOB NOT NULL PRIMARY KEY, name TEXT UNIQUE, count INTEGER,
                     flag INTEGER, body BLOB);
                 CREATE TABLE stock (sku TEXT NOT NULL PRIMARY KEY,
                     quantity INTEGER NOT NULL CHECK (quantity >= 0));
                 CREATE TABLE order_lines (id INTEGER PRIMARY KEY, sku TEXT NOT NULL REFERENCES stock (sku));",
        postgres: "CREATE TABLE things (id BYTEA NOT NULL PRIMARY KEY, name TEXT UNIQUE, count BIGINT,
                       flag BOOLEAN, body BYTEA);
                   CREATE TABLE stock (sku TEXT NOT NULL PRIMARY KEY,
                       quantity BIGINT NOT NULL CHECK (quantity >= 0));
                   CREATE TABLE order_lines (id BIGINT PRIMARY KEY, sku TEXT NOT NULL REFERENCES stock (sku));",
        mysql: "CREATE TABLE things (id BINARY(16) NOT NULL PRIMARY KEY,
                    name VARCHAR(400) COLLATE utf8mb4_bin UNIQUE, count BIGINT, flag BOOLEAN, body LONGBLOB);
                CREATE TABLE stock (sku VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
                    quantity BIGINT NOT NULL CHECK (quantity >= 0));
                CREATE TABLE order_lines (id BIGINT PRIMARY KEY,
                    sku VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, FOREIGN KEY (sku) REFERENCES stock (sku));",
    }],
};

/// Runs a test on every engine, with the tables above.
async fn on_each_engine(test: impl AsyncFn(&TestDb)) {
    on_each_engine_with(DbOptions::default(), test).await;
}

async fn on_each_engine_with(options: DbOptions, test: impl AsyncFn(&TestDb)) {
    for db in engines_with(options.clone()).await {
        eprintln!("on {}", db.label());
        db.migrate(&SCHEMA).await.expect("the tables are made");
        test(&db).await;
        db.close().await;
    }
}

/// As [`on_each_engine_with`], with one writing thread, on all engines that have threads.
async fn on_one_thread(options: DbOptions, test: impl AsyncFn(&TestDb)) {
    on_each_engine_with(DbOptions { workers: 1, ..options }, async |db| {
        if db.label() != "sqlite inline" {
            test(db).await;
        }
    })
    .await;
}

/// A job that holds the writing thread until it is let go.
struct Held {
    go: SyncSender<()>,
    job: JoinHandle<Result<(), DbError>>,
}

async fn hold(db: &Db) -> Held {
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let (go, may_go) = std::sync::mpsc::sync_channel(1);
    let (db, may_go) = (db.clone(), Mutex::new(may_go));
    let job = tokio::spawn(async move {
        db.write("hold", move |_| {
            started.try_send(()).expect("somebody waits for this");
            may_go.lock().expect("nobody panics").recv().expect("somebody lets go");
            Ok(())
        })
        .await
    });
    has_started.recv().await.expect("it starts");
    Held { go, job }
}

impl Held {
    async fn let_go(self) {
        self.go.send(()).expect("it still waits");
        self.job.await.expect("no panic").expect("it succeeds");
    }
}

/// Starts a job now, so that it waits in the queue in the order of these calls.
async fn start<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let mut work = Box::pin(work);
    // The first poll puts the job into the queue.
    assert!(futures::poll!(work.as_mut()).is_pending(), "the thread is held");
    tokio::spawn(work)
}

async fn add(db: &Db, sku: &'static str, quantity: i64) -> Result<u64, DbError> {
    db.write("add stock", move |tx| {
        tx.execute("INSERT INTO stock (sku, quantity) VALUES (?, ?)", p![sku, quantity])
    })
    .await
}

/// All stock, by SKU.
async fn stock(db: &Db) -> Vec<(String, i64)> {
    db.read("read stock", |tx| {
        tx.query("SELECT sku, quantity FROM stock ORDER BY sku", p![], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    })
    .await
    .unwrap_or_else(|error: DbError| panic!("cannot read: {error}"))
}

fn is_server(db: &Db) -> bool {
    db.engine() != Engine::Sqlite
}

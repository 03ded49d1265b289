//! How many transactions and reads a second each engine does through the seam, by the workload of the
//! design: a conditional update of one of 10,000 stock rows, an order with one secondary index, an
//! outbox row. `cargo bench -p techtrove-db -- --help`

use std::{fs::File, io::Write as _, sync::Arc, time::Duration};

use clap::Parser;
use techtrove_core::{IdGen as _, SeededIds, SystemClock, Timestamp};
use techtrove_db::{
    Db, DbError, DbOptions, Migration, MigrationSet, Tx, p,
    testing::{TestDb, mysql_server, postgres_server, sqlite_file},
};
use tokio::time::Instant;
use uuid::Uuid;

/// Transactions and reads a second through the seam, on every engine that runs here
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo bench -p techtrove-db                                     SQLite, and the servers in the environment
  . .servers/env; cargo bench -p techtrove-db                     after `cargo xtask servers up`
  cargo bench -p techtrove-db -- --engine sqlite --seconds 10     one engine, longer")]
struct Arguments {
    /// Measure only this one: sqlite, postgres or mysql
    #[arg(long)]
    engine: Option<String>,
    /// How long each run takes
    #[arg(long, default_value_t = 2.5)]
    seconds: f64,
    /// How many runs; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How many callers wait at once
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// What cargo itself passes
    #[arg(long, hide = true)]
    bench: bool,
}

const SKUS: u64 = 10_000;
const SCHEMA: MigrationSet = MigrationSet {
    name: "seam",
    migrations: &[Migration {
        version: 1,
        name: "tables",
        sqlite: "CREATE TABLE stock (sku TEXT NOT NULL PRIMARY KEY, quantity INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE orders (id BLOB NOT NULL PRIMARY KEY, customer BLOB NOT NULL, sku TEXT NOT NULL,
                total INTEGER NOT NULL, currency TEXT NOT NULL, body TEXT NOT NULL, placed_at INTEGER NOT NULL)
                WITHOUT ROWID;
            CREATE INDEX orders_by_customer ON orders (customer, placed_at);
            CREATE TABLE outbox (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL);",
        postgres: "CREATE TABLE stock (sku TEXT NOT NULL PRIMARY KEY, quantity BIGINT NOT NULL);
            CREATE TABLE orders (id BYTEA NOT NULL PRIMARY KEY, customer BYTEA NOT NULL, sku TEXT NOT NULL,
                total BIGINT NOT NULL, currency TEXT NOT NULL, body TEXT NOT NULL, placed_at BIGINT NOT NULL);
            CREATE INDEX orders_by_customer ON orders (customer, placed_at);
            CREATE TABLE outbox (position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                kind TEXT NOT NULL, data TEXT NOT NULL);",
        mysql: "CREATE TABLE stock (sku VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, quantity BIGINT NOT NULL);
            CREATE TABLE orders (id BINARY(16) NOT NULL PRIMARY KEY, customer BINARY(16) NOT NULL,
                sku VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, total BIGINT NOT NULL,
                currency CHAR(3) NOT NULL, body LONGTEXT NOT NULL, placed_at BIGINT NOT NULL,
                INDEX orders_by_customer (customer, placed_at));
            CREATE TABLE outbox (position BIGINT AUTO_INCREMENT PRIMARY KEY,
                kind VARCHAR(80) NOT NULL, data LONGTEXT NOT NULL);",
    }],
};
const BODY: &str = "{\"lines\":[{\"sku\":\"sku-01234\",\"quantity\":1,\"unit_price\":{\"amount\":1999,\
    \"currency\":\"USD\"}}],\"address\":{\"name\":\"A. Buyer\",\"line1\":\"1 Main Street\",\"country\":\"US\"}}";

struct Order {
    id: Uuid,
    customer: Uuid,
    sku: String,
    now: Timestamp,
}

fn place(tx: &mut Tx<'_>, order: &Order) -> Result<(), DbError> {
    let take = "UPDATE stock SET quantity = quantity - ? WHERE sku = ? AND quantity >= ?";
    if tx.execute(take, p![1, order.sku, 1])? == 0 {
        return Err(DbError::NotFound);
    }
    tx.execute_many(&[
        (
            "INSERT INTO orders (id, customer, sku, total, currency, body, placed_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            p![order.id, order.customer, order.sku, 1999, "USD", BODY, order.now],
        ),
        ("INSERT INTO outbox (kind, data) VALUES (?, ?)", p!["orders.order.confirmed.v1", BODY]),
    ])?;
    Ok(())
}

fn look(tx: &mut Tx<'_>, sku: &str) -> Result<i64, DbError> {
    tx.query_one("SELECT quantity FROM stock WHERE sku = ?", p![sku], |row| row.get(0))
}

async fn fill(db: &Db) -> Result<(), DbError> {
    for start in (0..SKUS).step_by(1000) {
        db.write("fill", move |tx| {
            let skus: Vec<String> = (start..start + 1000).map(sku).collect();
            let insert = "INSERT INTO stock (sku, quantity) VALUES (?, 1000000000)";
            let rows: Vec<_> = skus.iter().map(|sku| (insert, p![sku])).collect();
            tx.execute_many(&rows)
        })
        .await?;
    }
    Ok(())
}

fn sku(number: u64) -> String {
    format!("sku-{number:05}")
}

/// One run: operations a second, and the times of each in microseconds, sorted.
async fn run<F>(
    arguments: &Arguments,
    operation: &Arc<impl Fn(u64) -> F + Send + Sync + 'static>,
) -> (f64, Vec<u64>)
where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    let begun = Instant::now();
    let end = begun + Duration::from_secs_f64(arguments.seconds);
    let callers: Vec<_> = (0..arguments.callers)
        .map(|caller| {
            let operation = Arc::clone(operation);
            // Strides that meet every SKU, from another start for each caller.
            let mut number = u64::try_from(caller).expect("few callers").wrapping_mul(7919);
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let start = Instant::now();
                    if start >= end {
                        return times;
                    }
                    number = number.wrapping_add(6367);
                    operation(number).await.expect("the operation succeeds");
                    times.push(u64::try_from(start.elapsed().as_micros()).expect("short"));
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for caller in callers {
        times.extend(caller.await.expect("no panic"));
    }
    times.sort_unstable();
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    (rate, times)
}

fn percentile(times: &[u64], hundredth: usize) -> u64 {
    times.get(times.len().saturating_sub(1) * hundredth / 100).copied().unwrap_or(0)
}

/// Runs several times and prints the median.
async fn measure<F>(
    arguments: &Arguments,
    what: &str,
    operation: impl Fn(u64) -> F + Send + Sync + 'static,
) where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    let (mut runs, operation) = (Vec::new(), Arc::new(operation));
    for _ in 0..arguments.runs.max(1) {
        runs.push(run(arguments, &operation).await);
    }
    runs.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (rate, times) = &runs[runs.len() / 2];
    let (least, most) = (runs[0].0, runs[runs.len() - 1].0);
    println!(
        "  {what:<22} {rate:>9.0}/s  ({least:.0} to {most:.0})  p50 {} us, p99 {} us",
        percentile(times, 50),
        percentile(times, 99)
    );
}

async fn bench(arguments: &Arguments, db: TestDb) {
    db.migrate(&SCHEMA).await.expect("migrated");
    fill(&db).await.expect("filled");
    println!("{} ({})", db.engine(), db.label());
    let ids = Arc::new(SeededIds::new(Arc::new(SystemClock), 1));
    let before = db.stats().write;
    let writer = Db::clone(&db);
    measure(arguments, "writes", move |number| {
        let (db, ids) = (writer.clone(), Arc::clone(&ids));
        async move {
            let order = Order {
                id: ids.uuid(),
                customer: ids.uuid(),
                sku: sku(number % SKUS),
                now: Timestamp::from_micros(1_767_225_600_000_000),
            };
            db.write("place", move |tx| place(tx, &order)).await
        }
    })
    .await;
    let after = db.stats().write;
    println!(
        "  {:<22} {} jobs in {} transactions, {} repeated",
        "",
        after.jobs - before.jobs,
        after.batches - before.batches,
        after.retries - before.retries
    );
    let reader = Db::clone(&db);
    measure(arguments, "point reads", move |number| {
        let db = reader.clone();
        async move {
            let sku = sku(number % SKUS);
            db.read("look", move |tx| look(tx, &sku)).await.map(drop)
        }
    })
    .await;
    db.close().await;
}

/// The median time of writing 4 KiB and waiting for the disk.
fn fdatasync() -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut file = File::create(folder.path().join("probe")).expect("a file");
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).expect("written");
            file.sync_data().expect("on the disk");
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores, fdatasync of 4 KiB {:?} (median of 200)", fdatasync());
    runtime.block_on(async {
        let wanted = |name: &str| arguments.engine.as_deref().is_none_or(|engine| engine == name);
        // The defaults of the program, not the fewer connections of tests.
        let options = DbOptions { readers: 4, workers: 8, ..DbOptions::default() };
        if wanted("sqlite") {
            bench(&arguments, sqlite_file(DbOptions::default()).await).await;
        }
        if wanted("postgres")
            && let Some(db) = postgres_server(options.clone()).await
        {
            bench(&arguments, db).await;
        }
        if wanted("mysql")
            && let Some(db) = mysql_server(options).await
        {
            bench(&arguments, db).await;
        }
    });
}

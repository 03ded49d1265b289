//! Empty databases for suites that run on every engine. It must never touch a database that it did
//! not make itself. Servers are those of `TECHTROVE_TEST_POSTGRES` and `TECHTROVE_TEST_MYSQL` (`cargo
//! xtask servers up`); where one is absent, that is said loudly and the suite runs on the others.

use std::{
    fs::OpenOptions,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use techtrove_core::{IdGen as _, SystemClock, SystemIds};

use crate::{
    Db, DbOptions, mysql, postgres,
    worker::{Purpose, Server},
};

/// A database of a test's own, which is gone once this is dropped.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    url: String,
    label: &'static str,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory,
    Folder(PathBuf),
    Server(Host, String),
}

/// A server that test databases are made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Postgres,
    Mysql,
}

impl Host {
    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "TECHTROVE_TEST_POSTGRES",
            Self::Mysql => "TECHTROVE_TEST_MYSQL",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    #[expect(clippy::disallowed_methods, reason = "where the test servers are; no setting of ours")]
    fn url(self) -> Option<String> {
        std::env::var(self.variable()).ok().filter(|url| !url.is_empty())
    }

    fn server(self, url: &str) -> Arc<dyn Server> {
        let options = DbOptions::default();
        let server = match self {
            Self::Postgres => postgres::server(url, &options),
            Self::Mysql => mysql::server(url, &options),
        };
        server.expect("the test server's URL is a database URL").1
    }
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDb {
    /// The engine and the way it runs, for messages.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// The URL it was opened by.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes the database and drops it.
    pub async fn close(self) {
        self.db.close().await;
    }
}

impl Drop for TestDb {
    /// Also when a test fails: what it made goes with it.
    fn drop(&mut self) {
        let dropped = match &self.place {
            Place::Memory => Ok(()),
            Place::Folder(folder) => std::fs::remove_dir_all(folder).map_err(|e| e.to_string()),
            Place::Server(Host::Postgres, name) => {
                administer(Host::Postgres, format!("DROP DATABASE {name} WITH (FORCE)"))
            }
            Place::Server(Host::Mysql, name) => {
                administer(Host::Mysql, format!("DROP DATABASE {name}"))
            }
        };
        if let Err(error) = dropped {
            eprintln!("the test database on {} stays: {error}", self.label);
        }
    }
}

/// An empty database on every engine that runs here: SQLite in a file and inline in memory always,
/// PostgreSQL and MySQL where the environment names a server.
///
/// # Panics
/// When a database cannot be made.
pub async fn engines() -> Vec<TestDb> {
    engines_with(DbOptions::default()).await
}

/// As [`engines`], opened with `options`.
///
/// # Panics
/// When a database cannot be made.
pub async fn engines_with(options: DbOptions) -> Vec<TestDb> {
    let mut databases = vec![sqlite_file(options.clone()).await, inline(options.clone()).await];
    databases.extend(postgres_server(options.clone()).await);
    databases.extend(mysql_server(options).await);
    databases
}

/// An empty SQLite database in a file of its own.
///
/// # Panics
/// When it cannot be made.
pub async fn sqlite_file(options: DbOptions) -> TestDb {
    let folder = std::env::temp_dir().join(unique());
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let url = format!("sqlite:{}", folder.join("test.db").display());
    open(url, options, "sqlite file", Place::Folder(folder)).await
}

/// Writes noise over a page, from 1, of a SQLite file that nobody has open.
///
/// # Panics
/// When the file cannot be written.
pub fn damage_page(file: &Path, page: u64) {
    let mut file = OpenOptions::new().read(true).write(true).open(file).expect("there is a file");
    let mut header = [0; 18];
    file.read_exact(&mut header).expect("it has a header");
    let size = usize::from(u16::from_be_bytes([header[16], header[17]]));
    let at = (page - 1) * u64::try_from(size).expect("a page is small");
    file.seek(SeekFrom::Start(at)).expect("it has that page");
    file.write_all(&vec![0xA5; size]).expect("it can be written");
}

/// An empty SQLite database in memory, whose jobs run on the caller's thread.
///
/// # Panics
/// When it cannot be made.
pub async fn sqlite_inline() -> TestDb {
    inline(DbOptions::default()).await
}

async fn inline(options: DbOptions) -> TestDb {
    let options = DbOptions { inline: true, ..options };
    open("sqlite::memory:".into(), options, "sqlite inline", Place::Memory).await
}

/// An empty database on the PostgreSQL that the environment names.
///
/// # Panics
/// When it is named and cannot be made.
pub async fn postgres_server(options: DbOptions) -> Option<TestDb> {
    on_server(Host::Postgres, options).await
}

/// An empty database on the MySQL or MariaDB that the environment names.
///
/// # Panics
/// When it is named and cannot be made.
pub async fn mysql_server(options: DbOptions) -> Option<TestDb> {
    on_server(Host::Mysql, options).await
}

async fn on_server(host: Host, options: DbOptions) -> Option<TestDb> {
    let Some(base) = host.url() else {
        // Past the test harness, which would keep it to itself.
        let _ =
            writeln!(std::io::stderr(), "SKIPPED: {} (run cargo xtask servers up)", host.label());
        return None;
    };
    let name = unique();
    administer(host, format!("CREATE DATABASE {name}"))
        .unwrap_or_else(|error| panic!("the test server refuses: {error}"));
    let (address, parameters) = base.split_once('?').unwrap_or((&base, ""));
    let scheme = address.find("://").map_or(0, |at| at + 3);
    let host_end = address[scheme..].find('/').map_or(address.len(), |at| scheme + at);
    let query = if parameters.is_empty() { String::new() } else { format!("?{parameters}") };
    let url = format!("{}/{name}{query}", &address[..host_end]);
    // Many tests at once share one server's connections.
    let options = DbOptions {
        readers: if options.readers == 0 { 2 } else { options.readers },
        workers: if options.workers == 0 { 4 } else { options.workers },
        ..options
    };
    Some(open(url, options, host.label(), Place::Server(host, name)).await)
}

async fn open(url: String, options: DbOptions, label: &'static str, place: Place) -> TestDb {
    let db = Db::open(&url, options).await;
    let db = db.unwrap_or_else(|error| panic!("cannot open the test database on {label}: {error}"));
    TestDb { db, url, label, place }
}

/// Runs a statement on the server's own database, outside any transaction, on a thread of its own,
/// since a test's thread may have a runtime in the way.
fn administer(host: Host, statement: String) -> Result<(), String> {
    let url = host.url().ok_or("it is no longer named")?;
    let run = move || {
        let server = host.server(&url);
        let mut connection = server.connect(Purpose::Unlimited).map_err(|e| e.to_string())?;
        // Leaked, since statements are the program's own text: a few bytes per test.
        connection.script(String::leak(statement)).map_err(|e| e.to_string())
    };
    std::thread::spawn(run).join().unwrap_or_else(|_| Err("the driver panicked".to_owned()))
}

/// A name that no other test of any process has.
fn unique() -> String {
    static IDS: OnceLock<SystemIds> = OnceLock::new();
    let ids = IDS.get_or_init(|| {
        SystemIds::new(Arc::new(SystemClock)).expect("the system gives random numbers")
    });
    format!("tt_{}", ids.uuid().simple())
}

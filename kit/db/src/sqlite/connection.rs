//! One connection to a SQLite database: how it is opened and tuned, and how it runs statements. The
//! tuning keeps memory small (seven databases share 50 MiB) and every commit on the disk.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use rusqlite::{
    CachedStatement, MAIN_DB, OpenFlags, ToSql,
    backup::{Backup, StepResult},
    config::DbConfig,
    types::{ToSqlOutput, ValueRef},
};
use tokio::time::Instant;

use super::{
    errors::{job_error, open_error},
    whole::is_small,
};
use crate::{
    DbError, Engine, OpenError, Row, Value,
    row::RowOf,
    sql::without_row_lock,
    statements::check_count,
    tx::{Each, SavepointStep, Session},
};

/// Where a database is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    File(PathBuf),
    Memory,
}

/// Waiting for another process, a backup or a tool, that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The same of whoever writes, who then looks after those who wait behind it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Steps of SQLite's machine between two looks at the clock, a millisecond or so.
const STEPS_BETWEEN_LOOKS: i32 = 50_000;
const STATEMENTS_KEPT: usize = 256;
/// `foreign_keys` and the rest are a connection's, not the file's: each connection sets them.
/// `cache_size` is in KiB when negative. Memory mapping is off, for its pages count as ours.
const TUNING: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA synchronous = FULL;
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = 0;";
/// A checkpoint writes pages back to the file: seldom enough to write a hot page once, often enough
/// that the log stays small.
const WRITER_TUNING: &str = "
    PRAGMA cache_size = -4096;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 33554432;";
const READER_TUNING: &str = "
    PRAGMA cache_size = -2048;
    PRAGMA query_only = ON;";

/// When the running job has to end, as the progress handler sees it.
#[derive(Debug)]
pub(super) struct Deadline {
    base: Instant,
    /// Microseconds after `base`; 0: never.
    micros: AtomicU64,
}

impl Deadline {
    pub(super) fn set(&self, deadline: Option<Instant>) {
        let micros = deadline.map_or(0, |deadline| {
            let after = deadline.saturating_duration_since(self.base).as_micros();
            u64::try_from(after).unwrap_or(u64::MAX).max(1)
        });
        self.micros.store(micros, Relaxed);
    }

    fn is_over(&self) -> bool {
        let micros = self.micros.load(Relaxed);
        micros > 0 && self.base.elapsed() > Duration::from_micros(micros)
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) inner: rusqlite::Connection,
    pub(super) deadline: Arc<Deadline>,
}

impl Connection {
    /// Opens a database for writing, and makes it if there is none.
    pub(crate) fn open(place: &Place) -> Result<Self, OpenError> {
        let connection = Self::connect(place, WRITER_TUNING)?;
        if let Place::File(path) = place {
            connection.prove(path)?;
            let waits = connection.inner.busy_timeout(BETWEEN_LOOKS);
            waits.map_err(|error| open_error(path, &error))?;
        }
        Ok(connection)
    }

    /// Refuses what would fail or be found to be damaged only later, with the first buyer.
    fn prove(&self, path: &Path) -> Result<(), OpenError> {
        let refused = |error| open_error(path, &error);
        let mode = self.inner.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        let mode: String = mode.map_err(refused)?;
        if mode != "wal" {
            return Err(OpenError::unwritable(path, &format!("journal is {mode}")));
        }
        // Without the right to write, a file is opened for reading alone, and where its log lacks it, only
        // a transaction that is going to write tells. It changes nothing.
        if self.inner.is_readonly(MAIN_DB).map_err(refused)? {
            return Err(OpenError::unwritable(path, &"it may only be read"));
        }
        self.inner.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(refused)?;
        if !is_small(path) {
            return Ok(());
        }
        let reader = Self::open_reader(&Place::File(path.to_owned()))?;
        reader.look_through().map_err(|error| match error {
            DbError::Corrupt(reason) => OpenError::Corrupt { path: path.to_owned(), reason },
            error => OpenError::unwritable(path, &error),
        })
    }

    /// Opens a database for reading, which exists.
    pub(crate) fn open_reader(place: &Place) -> Result<Self, OpenError> {
        Self::connect(place, READER_TUNING)
    }

    fn connect(place: &Place, tuning: &str) -> Result<Self, OpenError> {
        let (path, opened) = match place {
            Place::Memory => (Path::new(":memory:"), rusqlite::Connection::open_in_memory()),
            Place::File(path) => {
                make_private(path)?;
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                (path.as_path(), rusqlite::Connection::open_with_flags(path, flags))
            }
        };
        let deadline = Arc::new(Deadline { base: Instant::now(), micros: AtomicU64::new(0) });
        let watched = Arc::clone(&deadline);
        opened
            .and_then(|mut inner| {
                inner.busy_timeout(BUSY_TIMEOUT)?;
                inner.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
                // Without it SQLite prepares a kept statement anew whenever another limit is bound.
                inner.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
                inner.execute_batch(TUNING)?;
                inner.execute_batch(tuning)?;
                inner.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || watched.is_over()))?;
                Ok(Self { inner, deadline })
            })
            .map_err(|error| open_error(path, &error))
    }

    /// Begins to see the database as it is now, until it is dropped.
    pub(crate) fn hold_snapshot(&mut self) -> Result<(), DbError> {
        self.control("BEGIN")?;
        // A transaction begins to see with its first read.
        self.inner
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(|error| job_error(&error))
    }

    /// Writes what it sees to a new file.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), DbError> {
        make_private(path).map_err(|error| DbError::Unavailable(error.to_string()))?;
        let copy = || {
            let mut to = rusqlite::Connection::open(path)?;
            to.execute_batch("PRAGMA synchronous = FULL")?;
            // All pages at once: they are read in the transaction that is open.
            Backup::new(&self.inner, &mut to)?.step(-1)
        };
        match copy().map_err(|error| job_error(&error))? {
            StepResult::Done => Ok(()),
            _ => Err(DbError::Unavailable("the file is in use".to_owned())),
        }
    }

    /// Limits how long statements run from now on.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        self.deadline.set(deadline);
    }

    /// Whether a transaction is open; SQLite ends one by itself when the disk is full.
    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    /// Runs one of the words around a transaction: `BEGIN`, `COMMIT`, `SAVEPOINT`, ….
    pub(crate) fn control(&mut self, text: &str) -> Result<(), DbError> {
        self.inner
            .prepare_cached(text)
            .and_then(|mut statement| statement.raw_execute())
            .map(drop)
            .map_err(|error| job_error(&error))
    }

    fn prepare(
        &self,
        text: &'static str,
        params: &[Value<'_>],
    ) -> Result<CachedStatement<'_>, DbError> {
        let (text, _) = without_row_lock(text);
        let mut statement = self.inner.prepare_cached(text).map_err(|error| job_error(&error))?;
        check_count(text, statement.parameter_count(), params.len())?;
        for (place, value) in (1_usize..).zip(params) {
            statement.raw_bind_parameter(place, Bound(value)).map_err(|error| job_error(&error))?;
        }
        Ok(statement)
    }
}

/// Makes an empty file that only its owner may read, if there is none. SQLite gives the same rights
/// to the files beside it.
fn make_private(path: &Path) -> Result<(), OpenError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::unwritable(path, &error)),
    }
}

impl Session for Connection {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn execute(&mut self, text: &'static str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let changed =
            self.prepare(text, params)?.raw_execute().map_err(|error| job_error(&error))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn query(
        &mut self,
        text: &'static str,
        params: &[Value<'_>],
        each: Each<'_>,
    ) -> Result<(), DbError> {
        let mut statement = self.prepare(text, params)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| job_error(&error))? {
            if !each(&Row(RowOf::Sqlite(row)))? {
                break;
            }
        }
        Ok(())
    }

    fn script(&mut self, text: &'static str) -> Result<(), DbError> {
        self.inner.execute_batch(text).map_err(|error| job_error(&error))
    }

    fn savepoint(&mut self, step: SavepointStep) -> Result<(), DbError> {
        match step {
            SavepointStep::Set(depth) => self.control(&format!("SAVEPOINT part{depth}")),
            SavepointStep::Release(depth) => self.control(&format!("RELEASE part{depth}")),
            SavepointStep::Undo(depth) => {
                self.control(&format!("ROLLBACK TO part{depth}"))?;
                self.control(&format!("RELEASE part{depth}"))
            }
        }
    }
}

/// A value as SQLite binds it.
struct Bound<'v, 'a>(&'v Value<'a>);

impl ToSql for Bound<'_, '_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Id(id) => ValueRef::Blob(id.as_bytes()),
        }))
    }
}

/// The column of a row, as plain value.
pub(crate) fn column<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<Value<'r>, DbError> {
    match row.get_ref(index).map_err(|_| DbError::decode("no such column"))? {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(value) => Ok(Value::Int(value)),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map(Value::Text).map_err(|_| DbError::decode("not UTF-8"))
        }
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
        ValueRef::Real(_) => Err(DbError::decode("a floating point number; keep integers")),
    }
}

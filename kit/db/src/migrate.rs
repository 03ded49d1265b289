//! Migrations: each set brings its own tables from version to version and remembers what it did in
//! `schema_migrations`. A migration that was applied is never changed: write a new one. What is newer
//! or other than the program knows is refused before anything is touched.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use techtrove_core::Timestamp;

use crate::{Db, DbError, Engine, Sql, Tx, owner, p, script};

/// One step of a schema, in the words of each engine. A statement ends with `;` at a line's end.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// From 1, rising.
    pub version: u32,
    /// A few words for people.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
    /// The statements for MySQL, where each one commits by itself.
    pub mysql: &'static str,
}

/// The schema of one owner of tables, step by step. A database may hold several sets.
#[derive(Clone, Copy, Debug)]
pub struct MigrationSet {
    /// Whose tables these are.
    pub name: &'static str,
    /// The steps, by rising version.
    pub migrations: &'static [Migration],
}

/// Why a schema cannot be brought up to date.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A newer program has been here.
    #[error(
        "the tables of {set} were written by a newer version of this program (migration {found}; \
         this one knows {known}): start the newer one again, or restore a backup from before it"
    )]
    Newer {
        /// The set.
        set: &'static str,
        /// The newest applied version.
        found: u32,
        /// The newest version that the program knows.
        known: u32,
    },
    /// An applied migration reads otherwise in this program.
    #[error(
        "migration {version} of {set} was applied with other statements than this program has: \
         start the program that made this database, or restore a backup of this one's"
    )]
    Altered {
        /// The set.
        set: &'static str,
        /// The version.
        version: u32,
    },
    /// There are tables of a set that the program does not know.
    #[error(
        "the database {db} holds tables of {set}, which this program does not know: a newer version of \
         it made them; start the newer one again, or restore a backup from before it"
    )]
    UnknownSet {
        /// The database.
        db: String,
        /// The set.
        set: String,
    },
    /// It is not the database that it should be.
    #[error(
        "the database {db} holds {found} and nothing of its own: another file lies in its place; restore \
         a backup"
    )]
    Foreign {
        /// The database.
        db: String,
        /// What is in it.
        found: String,
    },
    /// It was made before, and nothing is in it.
    #[error(
        "the database {db} holds nothing of what was in it: its newest part, the file that ends in -wal, \
         is missing or damaged; restore a backup"
    )]
    Emptied {
        /// The database.
        db: String,
    },
    /// A statement failed, and nothing of its migration stays.
    #[error(
        "migration {version} of {set} ({name}) failed at statement {statement} and was undone: {cause}"
    )]
    Failed {
        /// The set.
        set: &'static str,
        /// The version.
        version: u32,
        /// The migration's name.
        name: &'static str,
        /// Which statement, from 1.
        statement: usize,
        /// Why.
        cause: DbError,
    },
    /// A statement failed on MySQL, which cannot undo those before it.
    #[error(
        "migration {version} of {set} ({name}) failed at statement {statement} ({cause}), and MySQL \
         keeps the {} before it: undo them by hand or restore a backup, then start again",
        statement - 1
    )]
    HalfDone {
        /// The set.
        set: &'static str,
        /// The version.
        version: u32,
        /// The migration's name.
        name: &'static str,
        /// Which statement, from 1.
        statement: usize,
        /// Why.
        cause: DbError,
    },
    /// Another process migrates for too long.
    #[error(
        "another process has been migrating this database for a minute: wait for it, then start again"
    )]
    Locked,
    /// The program's own set is not in order.
    #[error("the versions of {0} must rise from 1: correct the program")]
    Disordered(&'static str),
    /// The database failed.
    #[error("cannot migrate: {0}")]
    Db(#[from] DbError),
}

const TABLE_EXISTS: Sql = Sql::new("SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL")
    .sqlite("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'")
    .mysql(
        "SELECT 1 FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name = 'schema_migrations'",
    );
const SETS: &str = "SELECT DISTINCT set_name FROM schema_migrations ORDER BY set_name";
const ANY_TABLE: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1";
const CREATE_TABLE: Sql = Sql::new(
    "CREATE TABLE IF NOT EXISTS schema_migrations (set_name TEXT NOT NULL, version BIGINT NOT NULL, \
     checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (set_name, version))",
)
.mysql(
    "CREATE TABLE IF NOT EXISTS schema_migrations (set_name VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, \
     version BIGINT NOT NULL, checksum VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, \
     applied_at BIGINT NOT NULL, PRIMARY KEY (set_name, version))",
);
const APPLIED: Sql =
    Sql::new("SELECT version, checksum FROM schema_migrations WHERE set_name = ? ORDER BY version");
const RECORD: Sql = Sql::new(
    "INSERT INTO schema_migrations (set_name, version, checksum, applied_at) VALUES (?, ?, ?, ?)",
);

/// Brings the tables of `set` up to date.
pub(crate) async fn run(db: &Db, set: &MigrationSet) -> Result<(), MigrateError> {
    let set = *set;
    let versions = set.migrations.iter().map(|migration| migration.version);
    if !versions.is_sorted_by(|one, next| one < next) {
        return Err(MigrateError::Disordered(set.name));
    }
    let mut applied = db.read("read migrations", move |tx| applied(tx, set)).await?;
    while let Some(migration) = set.migrations.get(applied) {
        let now = db.options().clock.now();
        applied = db.alone("migrate", move |tx| apply(tx, set, now)).await?;
        let Migration { version, name, .. } = migration;
        tracing::info!(db = db.name(), set = set.name, version, name, "migrated");
    }
    Ok(())
}

/// Brings the tables of `sets` up to date, in a database that holds no others.
pub(crate) async fn run_all(db: &Db, sets: &[MigrationSet]) -> Result<(), MigrateError> {
    let sets = || sets.iter().chain([&owner::MIGRATIONS]);
    let known: Vec<&'static str> = sets().map(|set| set.name).collect();
    let (name, made_before) = (db.name().to_owned(), db.options().made_before);
    let refused = move |tx: &mut Tx<'_>| match refuse_others(tx, &name, &known) {
        Ok(false) if made_before => Err(MigrateError::Emptied { db: name.clone() }),
        other => other.map(drop),
    };
    db.read("read migrations", refused).await?;
    for set in sets() {
        run(db, set).await?;
    }
    Ok(())
}

/// Refuses a database that holds anything but tables of these sets, the first of which is its own, and tells
/// whether it holds any.
fn refuse_others(tx: &mut Tx<'_>, db: &str, known: &[&str]) -> Result<bool, MigrateError> {
    let foreign = |found| Err(MigrateError::Foreign { db: db.to_owned(), found });
    if tx.query_opt(TABLE_EXISTS, p![], |_| Ok(()))?.is_none() {
        // On a server, extensions keep tables of theirs beside ours.
        if tx.engine() != Engine::Sqlite {
            return Ok(false);
        }
        let table = tx.query_opt(ANY_TABLE, p![], |row| row.get::<String>(0))?;
        return table.map_or(Ok(false), |table| foreign(format!("the table {table}")));
    }
    let sets = tx.query(SETS, p![], |row| row.get::<String>(0))?;
    let is_own = sets.iter().any(|set| known.first() == Some(&set.as_str()));
    match sets.into_iter().find(|set| !known.contains(&set.as_str())) {
        None => Ok(true),
        Some(set) if is_own => Err(MigrateError::UnknownSet { db: db.to_owned(), set }),
        Some(set) => foreign(format!("the tables of {set}")),
    }
}

/// How many migrations of the set have been applied, all of them as the program has them.
fn applied(tx: &mut Tx<'_>, set: MigrationSet) -> Result<usize, MigrateError> {
    if tx.query_opt(TABLE_EXISTS, p![], |_| Ok(()))?.is_none() {
        return Ok(0);
    }
    let stored =
        tx.query(APPLIED, p![set.name], |row| Ok((row.get::<u32>(0)?, row.get::<String>(1)?)))?;
    for (place, (version, stored_sum)) in stored.iter().enumerate() {
        let known = set.migrations.last().map_or(0, |migration| migration.version);
        if *version > known {
            return Err(MigrateError::Newer { set: set.name, found: *version, known });
        }
        let same = set.migrations.get(place).is_some_and(|migration| {
            migration.version == *version && checksum(text(migration, tx.engine())) == *stored_sum
        });
        if !same {
            return Err(MigrateError::Altered { set: set.name, version: *version });
        }
    }
    Ok(stored.len())
}

/// Applies the next migration under a lock, unless another process just did; returns how many are
/// applied now.
fn apply(tx: &mut Tx<'_>, set: MigrationSet, now: Timestamp) -> Result<usize, MigrateError> {
    lock(tx)?;
    tx.script(CREATE_TABLE.text(tx.engine()))?;
    let applied = applied(tx, set)?;
    let Some(migration) = set.migrations.get(applied) else { return Ok(applied) };
    let engine = tx.engine();
    let text = text(migration, engine);
    for (place, statement) in (1_usize..).zip(script::statements(text)) {
        tx.script(statement).map_err(|cause| failed(engine, set, migration, (place, cause)))?;
    }
    tx.execute(RECORD, p![set.name, migration.version, checksum(text), now])?;
    unlock(tx)?;
    Ok(applied + 1)
}

/// Keeps other processes from migrating the same database. On PostgreSQL until the commit; SQLite's
/// write transaction is such a lock itself; on MySQL until [`unlock`], or with the connection.
fn lock(tx: &mut Tx<'_>) -> Result<(), MigrateError> {
    match tx.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => {
            tx.query("SELECT pg_advisory_xact_lock(8390880607480869238)", p![], |_| Ok(()))?;
            Ok(())
        }
        Engine::Mysql => {
            let lock = "SELECT GET_LOCK(CONCAT('migrate.', MD5(DATABASE())), 60)";
            let locked = tx.query_one(lock, p![], |row| row.get::<Option<i64>>(0))?;
            if locked == Some(1) { Ok(()) } else { Err(MigrateError::Locked) }
        }
    }
}

fn unlock(tx: &mut Tx<'_>) -> Result<(), DbError> {
    if tx.engine() == Engine::Mysql {
        tx.script("COMMIT")?;
        let unlock = "SELECT RELEASE_LOCK(CONCAT('migrate.', MD5(DATABASE())))";
        tx.query(unlock, p![], |_| Ok(()))?;
    }
    Ok(())
}

fn failed(
    engine: Engine,
    set: MigrationSet,
    migration: &Migration,
    (statement, cause): (usize, DbError),
) -> MigrateError {
    let (set, version, name) = (set.name, migration.version, migration.name);
    if engine == Engine::Mysql && statement > 1 {
        MigrateError::HalfDone { set, version, name, statement, cause }
    } else {
        MigrateError::Failed { set, version, name, statement, cause }
    }
}

fn text(migration: &Migration, engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => migration.sqlite,
        Engine::Postgres => migration.postgres,
        Engine::Mysql => migration.mysql,
    }
}

/// SHA-256 of the text in hexadecimal, whatever the line ends of the checkout.
fn checksum(text: &str) -> String {
    let mut hash = Sha256::new();
    for line in text.lines() {
        hash.update(line);
        hash.update("\n");
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut sum, byte| {
        // Writing to a string cannot fail.
        let _ = write!(sum, "{byte:02x}");
        sum
    })
}

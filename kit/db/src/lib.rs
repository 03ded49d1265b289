//! One SQL seam over SQLite, PostgreSQL and MySQL/MariaDB: a transaction is plain synchronous code
//! that runs on a database thread, `db.write("place order", move |tx| …).await`. It must never know
//! a table of anybody's, and nothing outside it may name a driver. Start with [`Db`] and [`Tx`]; the
//! rules for SQL that runs on all three are in this crate's README.

mod book;
mod damage;
mod db;
mod error;
mod inline;
mod job;
mod lane;
mod migrate;
mod mysql;
mod open;
mod options;
mod owner;
mod postgres;
mod queue;
mod row;
mod script;
mod simulated;
mod snapshot;
mod sql;
mod sqlite;
mod statements;
mod stats;
pub mod testing;
mod tx;
mod url;
mod value;
mod worker;

pub use book::{Asked, Book, BookKey, Rows, Wanted};
pub use db::Db;
pub use error::{DbError, Race};
pub use migrate::{MigrateError, Migration, MigrationSet};
pub use open::OpenError;
pub use options::DbOptions;
pub use row::Row;
pub use simulated::{Device, Disk, Writer};
pub use snapshot::{Snapshot, SnapshotError, check_file, snapshots};
pub use sql::Sql;
pub use stats::{DbStats, LaneStats};
pub use techtrove_core::{
    FromStored as FromValue, IntoStored as IntoValue, Stored as Value, WrongKind,
};
pub use tx::Tx;
pub use value::Params;

/// The kind of database behind a [`Db`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// SQLite, inside this process.
    Sqlite,
    /// PostgreSQL, version 13 or newer.
    Postgres,
    /// MySQL 8 or MariaDB 10.6, or newer.
    Mysql,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
        })
    }
}

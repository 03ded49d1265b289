//! Whether a file is whole. SQLite finds a damaged page only when it reads it, which may be long after the
//! start and in the middle of a sale; so all pages are looked through: of a small file when it is opened, of
//! a larger one beside the work. What stands inside of a value has no checksum and cannot be looked through.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use rusqlite::OptionalExtension as _;
use tokio::time::Instant;

use super::{
    connection::{Connection, Deadline},
    errors::job_error,
};
use crate::DbError;

/// A file up to this size, in bytes, is looked through when it is opened, at one to four milliseconds for each
/// MiB: what a start may take for eight of them.
const LOOKED_THROUGH_AT_ONCE: u64 = 2 * 1024 * 1024;

/// Whether a file is so small that it is looked through when it is opened.
pub(crate) fn is_small(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.len() <= LOOKED_THROUGH_AT_ONCE)
}

/// Interrupts what a connection does, from now on, when it is dropped.
pub(crate) struct Interrupt(Arc<Deadline>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

impl Connection {
    /// What ends a long look when nobody waits for it any more.
    pub(crate) fn interrupt(&self) -> Interrupt {
        Interrupt(Arc::clone(&self.deadline))
    }

    /// Looks whether each page is what it is taken for. What its rows say is not its affair: a row that breaks
    /// a rule of the schema's is found by whoever compares books, for which the file has to be opened.
    pub(crate) fn look_through(self) -> Result<(), DbError> {
        let unruled = self.inner.execute_batch("PRAGMA ignore_check_constraints = ON");
        unruled.map_err(|error| job_error(&error))?;
        self.verdict("PRAGMA quick_check(1)")
    }

    /// Looks through the whole database, its indexes and references too, and tells the versions of its
    /// tables by the name of their set.
    pub(crate) fn check(&mut self) -> Result<BTreeMap<String, i64>, DbError> {
        let failed = |error| job_error(&error);
        self.verdict("PRAGMA integrity_check(1)")?;
        let first = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let astray = self.inner.query_row("PRAGMA foreign_key_check", [], first).optional();
        if let Some(table) = astray.map_err(failed)? {
            return Err(DbError::Corrupt(format!("a row of {table} points nowhere")));
        }
        let versions = "SELECT set_name, MAX(version) FROM schema_migrations GROUP BY set_name";
        let mut versions = self.inner.prepare(versions).map_err(failed)?;
        let rows = versions.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn verdict(&self, check: &str) -> Result<(), DbError> {
        let found = self.inner.query_row(check, [], |row| row.get::<_, String>(0));
        let found = found.map_err(|error| job_error(&error))?;
        if found == "ok" {
            return Ok(());
        }
        // SQLite writes it in lines, the first of which names the only database of a connection.
        let words = found.strip_prefix("*** in database main ***").unwrap_or(&found);
        Err(DbError::Corrupt(words.trim().replace('\n', " ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::Place;

    #[test]
    fn a_look_ends_when_nobody_waits_for_it() {
        let look = |interrupted: bool| {
            let connection = Connection::open(&Place::Memory).expect("opened");
            let many = "CREATE TABLE numbers (number INTEGER NOT NULL);
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
                INSERT INTO numbers SELECT i FROM n;";
            connection.inner.execute_batch(many).expect("filled");
            let interrupt = connection.interrupt();
            let _waiting = (!interrupted).then_some(interrupt);
            connection.look_through()
        };

        assert_eq!(look(false), Ok(()));
        assert_eq!(look(true), Err(DbError::Timeout));
    }
}

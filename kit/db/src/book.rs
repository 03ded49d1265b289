//! Books, read page by page to be checked: a row that cannot be read is noted, and what is behind it is read all the
//! same. The first columns of each statement are the key of the entry that a row is, or belongs to.

use std::collections::BTreeSet;

use serde::Serialize;
use techtrove_core::{BookPage, Cursor, Unreadable};
use uuid::Uuid;

use crate::{DbError, FromValue, Row, Sql, Tx, Value};

/// What a book is sorted by.
pub trait BookKey: Clone + Serialize {
    /// The key in a row's first columns.
    ///
    /// # Errors
    /// When they hold none.
    fn read(row: &Row<'_>) -> Result<Self, DbError>;

    /// The id by which other books call the entry.
    fn id(&self) -> String;
}

impl BookKey for Uuid {
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        row.get(0)
    }

    fn id(&self) -> String {
        self.to_string()
    }
}

/// A key whose second part tells entries of one id apart.
impl<T: FromValue + Clone + Serialize> BookKey for (Uuid, T) {
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        Ok((row.get(0)?, row.get(1)?))
    }

    fn id(&self) -> String {
        self.0.to_string()
    }
}

impl BookKey for String {
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        row.get(0)
    }

    fn id(&self) -> String {
        self.clone()
    }
}

/// A statement that reads rows of a table, their key in the first columns.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    table: &'static str,
    sql: Sql,
}

/// Rows, each beside its key, or why it cannot be read.
type Found<K, T> = Vec<(K, Result<T, Unreadable>)>;

impl Rows {
    /// The rows of `table` that this statement reads; of all its tables, when it joins some.
    #[must_use]
    pub const fn of(table: &'static str, sql: Sql) -> Self {
        Self { table, sql }
    }

    fn read<'p, K: BookKey, T>(
        &self,
        tx: &mut Tx<'_>,
        params: impl AsRef<[Value<'p>]>,
        read: impl Fn(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Found<K, T>, DbError> {
        tx.query(self.sql, params, |row| {
            let key = K::read(row)?;
            let entry = match read(row) {
                Err(DbError::Decode(what)) => {
                    Err(Unreadable { table: self.table.to_owned(), id: key.id(), what })
                }
                other => Ok(other?),
            };
            Ok((key, entry))
        })
    }
}

/// One page of a book, while it is read.
#[derive(Debug)]
pub struct Book<K, T> {
    entries: Vec<(K, T)>,
    unreadable: Vec<Unreadable>,
    /// The key of the last row, whether that can be read or not.
    last: Option<K>,
    more: bool,
}

impl<K: BookKey, T> Book<K, T> {
    /// Reads the `limit` entries of a page. The statement's last placeholder is for how many rows it may find, which
    /// is one more, to know whether there are more.
    ///
    /// # Errors
    /// When the database fails, or the key of a row cannot be read.
    pub fn read<'p>(
        tx: &mut Tx<'_>,
        limit: usize,
        (rows, params): (&Rows, impl AsRef<[Value<'p>]>),
        read: impl Fn(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Self, DbError> {
        let mut params = params.as_ref().to_vec();
        params.push(Value::Int(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)));
        let mut found: Found<K, T> = rows.read(tx, params, read)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().map(|(key, _)| key.clone());
        let mut book = Self { entries: Vec::new(), unreadable: Vec::new(), last, more };
        book.entries = book.legible(found);
        Ok(book)
    }

    /// Reads what belongs to the entries, each beside its key. Where something cannot be read, the entry that it
    /// belongs to cannot.
    ///
    /// # Errors
    /// As [`Book::read`].
    pub fn details<'p, D>(
        &mut self,
        tx: &mut Tx<'_>,
        (rows, params): (&Rows, impl AsRef<[Value<'p>]>),
        read: impl Fn(&Row<'_>) -> Result<D, DbError>,
    ) -> Result<Vec<(K, D)>, DbError> {
        let found = rows.read(tx, params, read)?;
        Ok(self.legible(found))
    }

    fn legible<D>(&mut self, found: Found<K, D>) -> Vec<(K, D)> {
        let mut legible = Vec::with_capacity(found.len());
        for (key, row) in found {
            match row {
                Ok(row) => legible.push((key, row)),
                Err(unreadable) => self.unreadable.push(unreadable),
            }
        }
        legible
    }

    /// The key up to which this page goes; none when it is empty.
    #[must_use]
    pub fn last(&self) -> Option<K> {
        self.last.clone()
    }

    /// The entries that could be read so far, by their keys, in their order.
    pub fn entries(&mut self) -> &mut Vec<(K, T)> {
        &mut self.entries
    }

    /// The page, without the entries of which something cannot be read.
    #[must_use]
    pub fn finish(self) -> BookPage<T> {
        let Self { mut entries, mut unreadable, last, more } = self;
        unreadable.sort();
        unreadable.dedup();
        if !unreadable.is_empty() {
            let ids: BTreeSet<&str> = unreadable.iter().map(|row| row.id.as_str()).collect();
            entries.retain(|(key, _)| !ids.contains(key.id().as_str()));
        }
        let items = entries.into_iter().map(|(_, entry)| entry).collect();
        let next_cursor = last.filter(|_| more).map(|last| Cursor::encode(&last));
        BookPage { items, unreadable, next_cursor }
    }
}

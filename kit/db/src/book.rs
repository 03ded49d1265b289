//! Books, read page by page to be checked: a row that cannot be read is noted, and what is behind it is read all the
//! same. The first columns of each statement are the key of the entry that a row is, or belongs to; its first
//! placeholders are for the keys between which it reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, de::DeserializeOwned};
use techtrove_core::{BookPage, Cursor, PageRequest, Problem, Unreadable};
use uuid::Uuid;

use crate::{Db, DbError, Engine, FromValue, IntoValue, Row, Sql, Tx, Value};

/// What a book is sorted by. The default is for the place where it begins.
pub trait BookKey: Clone + Default + Ord + Serialize + DeserializeOwned + Send + 'static {
    /// The key in a row's first columns.
    ///
    /// # Errors
    /// When they hold none.
    fn read(row: &Row<'_>) -> Result<Self, DbError>;

    /// The id by which other books call the entry.
    fn id(&self) -> String;

    /// What a statement is given for the key: for `id > ?`, and where it has two parts for
    /// `id >= ? AND (id > ? OR part > ?)`.
    fn values(&self) -> Vec<Value<'_>>;
}

impl BookKey for Uuid {
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        row.get(0)
    }

    fn id(&self) -> String {
        self.to_string()
    }

    fn values(&self) -> Vec<Value<'_>> {
        vec![Value::Id(*self)]
    }
}

/// A key whose second part tells entries of one id apart.
impl<T> BookKey for (Uuid, T)
where
    T: FromValue + Clone + Default + Ord + Serialize + DeserializeOwned + Send + 'static,
    for<'t> &'t T: IntoValue<'t>,
{
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        Ok((row.get(0)?, row.get(1)?))
    }

    fn id(&self) -> String {
        self.0.to_string()
    }

    fn values(&self) -> Vec<Value<'_>> {
        let id = Value::Id(self.0);
        vec![id, id, self.1.into_stored()]
    }
}

impl BookKey for String {
    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        row.get(0)
    }

    fn id(&self) -> String {
        self.clone()
    }

    fn values(&self) -> Vec<Value<'_>> {
        vec![Value::Text(self)]
    }
}

/// Which page of a book is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<K> {
    /// The key that it begins behind; none where the book begins.
    pub after: Option<K>,
    /// How many entries it has at most.
    pub limit: usize,
}

impl<K: BookKey> TryFrom<&PageRequest> for Wanted<K> {
    type Error = Problem;

    fn try_from(page: &PageRequest) -> Result<Self, Problem> {
        Ok(Self { limit: page.limit()?, after: page.after()? })
    }
}

impl Db {
    /// A page of a book, all of it from one snapshot.
    ///
    /// # Errors
    /// When limit or cursor are not valid, or the database fails.
    pub async fn book_page<K: BookKey, T: Send + 'static>(
        &self,
        name: &'static str,
        page: &PageRequest,
        read: fn(&mut Tx<'_>, &Wanted<K>) -> Result<BookPage<T>, DbError>,
    ) -> Result<BookPage<T>, Problem> {
        let wanted = Wanted::try_from(page)?;
        self.read(name, move |tx| Ok(read(tx, &wanted)?)).await
    }
}

/// A statement that reads rows of a table, their key in the first columns.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    table: &'static str,
    sql: Sql,
}

impl Rows {
    /// The rows of `table` that this statement reads; of all its tables, when it joins some.
    #[must_use]
    pub const fn of(table: &'static str, sql: Sql) -> Self {
        Self { table, sql }
    }

    /// The rows for these values, which the statement takes behind those for the keys.
    #[must_use]
    pub const fn with<'p>(self, values: &'p [Value<'p>]) -> Asked<'p> {
        Asked { rows: self, values }
    }
}

/// Rows, and what they are asked for by besides their keys.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'p> {
    rows: Rows,
    values: &'p [Value<'p>],
}

impl From<&Rows> for Asked<'_> {
    fn from(rows: &Rows) -> Self {
        rows.with(&[])
    }
}

/// Rows, each beside its key if it has one, or why it cannot be read.
type Found<K, T> = Vec<(Option<K>, Result<T, Unreadable>)>;

impl Rows {
    fn read<K: BookKey, T>(
        &self,
        tx: &mut Tx<'_>,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Found<K, T>, DbError> {
        let unreadable = |id, what| Unreadable { table: self.table.to_owned(), id, what };
        tx.query(self.sql, values, |row| {
            let key = match K::read(row) {
                Err(DbError::Decode(what)) => return Ok((None, Err(unreadable(None, what)))),
                key => key?,
            };
            let entry = match read(row) {
                Err(DbError::Decode(what)) => Err(unreadable(Some(key.id()), what)),
                entry => Ok(entry?),
            };
            Ok((Some(key), entry))
        })
    }
}

/// Where a page ends.
#[derive(Debug)]
enum End<K> {
    /// Where it begins.
    Empty,
    /// With this key.
    At(K),
    /// Where the book does.
    Open,
}

/// One page of a book, while it is read.
#[derive(Debug)]
pub struct Book<K, T> {
    /// The key that it begins behind; none where the book begins.
    after: Option<K>,
    end: End<K>,
    /// The key that the next page begins behind, if there is one.
    next: Option<K>,
    entries: Vec<(K, T)>,
    unreadable: Vec<Unreadable>,
}

impl<K: BookKey, T> Book<K, T> {
    /// Reads the entries of the page that is wanted. The statement's last placeholder is for how many rows it may
    /// find, which is one more, to know whether there are more.
    ///
    /// A row without a key, such as one whose id is text, is passed over and noted. SQLite may have many of them, of
    /// which the first page notes as many as it may have entries.
    ///
    /// # Errors
    /// When the database fails, or a later page has none but such rows, so that nothing tells where the next begins.
    pub fn read<'p>(
        tx: &mut Tx<'_>,
        wanted: &Wanted<K>,
        asked: impl Into<Asked<'p>>,
        read: impl Fn(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Self, DbError> {
        let Asked { rows, values: own } = asked.into();
        let begin = K::default();
        let mut values = behind(tx.engine(), wanted.after.as_ref(), &begin);
        values.extend(own);
        let most = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
        values.push(Value::Int(most));
        let mut found: Found<K, T> = rows.read(tx, &values, read)?;

        let more = found.len() > wanted.limit;
        found.truncate(wanted.limit);
        let last = found.iter().rposition(|(key, _)| key.is_some());
        if more && (last.is_some() || wanted.after.is_some()) {
            let last = last.ok_or_else(|| DbError::decode("none of many rows has a key"))?;
            found.truncate(last + 1); // The next page finds the others once more.
        }
        let last = last.and_then(|last| found[last].0.clone());
        let mut book = Self {
            after: wanted.after.clone(),
            next: more.then(|| last.clone().unwrap_or_default()),
            end: last.map_or(End::Empty, End::At),
            entries: Vec::new(),
            unreadable: Vec::new(),
        };
        book.entries = book.legible(found);
        Ok(book)
    }

    /// The page behind this key, up to another or the end of the book. Its entries are read as details are.
    #[must_use]
    pub fn between(after: Option<K>, last: Option<K>) -> Self {
        let (next, end) = (last.clone(), last.map_or(End::Open, End::At));
        Self { after, end, next, entries: Vec::new(), unreadable: Vec::new() }
    }

    /// Reads what belongs to the entries of the page, each beside its key. Where something cannot be read, the entry
    /// that it belongs to cannot.
    ///
    /// # Errors
    /// When the database fails.
    pub fn details<'p, D>(
        &mut self,
        tx: &mut Tx<'_>,
        asked: impl Into<Asked<'p>>,
        read: impl Fn(&Row<'_>) -> Result<D, DbError>,
    ) -> Result<Vec<(K, D)>, DbError> {
        let Asked { rows, values: own } = asked.into();
        let begin = K::default();
        let mut values = behind(tx.engine(), self.after.as_ref(), &begin);
        match &self.end {
            End::Empty => return Ok(Vec::new()),
            End::At(last) => values.extend(last.values()),
            End::Open => values.extend(last_of_all(tx.engine(), &begin)),
        }
        values.extend(own);
        let found = rows.read(tx, &values, read)?;
        Ok(self.legible(found))
    }

    fn legible<D>(&mut self, found: Found<K, D>) -> Vec<(K, D)> {
        let mut legible = Vec::with_capacity(found.len());
        for (key, row) in found {
            match row {
                Ok(row) => legible.extend(key.map(|key| (key, row))),
                Err(unreadable) => self.unreadable.push(unreadable),
            }
        }
        legible
    }

    /// The entries that could be read so far, by their keys, in their order.
    pub fn entries(&mut self) -> &mut Vec<(K, T)> {
        &mut self.entries
    }

    /// The same, each to be found by its key.
    pub fn by_key(&mut self) -> BTreeMap<&K, &mut T> {
        self.entries.iter_mut().map(|(key, entry)| (&*key, entry)).collect()
    }

    /// The page, without the entries of which something cannot be read.
    #[must_use]
    pub fn finish(self) -> BookPage<T> {
        let Self { mut entries, mut unreadable, next, .. } = self;
        unreadable.sort();
        unreadable.dedup();
        if !unreadable.is_empty() {
            let ids: BTreeSet<&str> =
                unreadable.iter().filter_map(|row| row.id.as_deref()).collect();
            entries.retain(|(key, _)| !ids.contains(key.id().as_str()));
        }
        let items = entries.into_iter().map(|(_, entry)| entry).collect();
        BookPage { items, unreadable, next_cursor: next.map(|next| Cursor::encode(&next)) }
    }
}

/// What a statement is given to find what is behind a key; without one whatever is stored, also of another kind than
/// keys are of: SQLite sorts by kind first, numbers before texts before bytes.
fn behind<'k, K: BookKey>(engine: Engine, key: Option<&'k K>, begin: &'k K) -> Vec<Value<'k>> {
    let Some(key) = key else {
        let before_all = |value| match (value, engine) {
            (Value::Id(_), Engine::Sqlite) => Value::Int(i64::MIN),
            (Value::Id(_), _) => Value::Bytes(&[]),
            (value, _) => value,
        };
        return begin.values().into_iter().map(before_all).collect();
    };
    key.values()
}

/// What a statement is given to find what is stored up to the end of the book.
fn last_of_all<K: BookKey>(engine: Engine, begin: &K) -> Vec<Value<'_>> {
    let behind_all = |value| match (value, engine) {
        (Value::Id(_), _) | (Value::Text(_), Engine::Sqlite) => Value::Bytes(&[u8::MAX; 17]),
        (Value::Text(_), _) => Value::Text("\u{10FFFF}"),
        (value, _) => value,
    };
    begin.values().into_iter().map(behind_all).collect()
}

//! One row of an answer, read by position. Columns come as the engine's own types and are turned
//! into the plain kinds of `techtrove_core::Stored`; other types than those are refused.

use std::borrow::Cow;

use crate::{DbError, FromValue, Value, mysql, postgres, sqlite};

/// One row of an answer.
#[derive(Debug)]
pub struct Row<'r>(pub(crate) RowOf<'r>);

/// The engine's own row.
pub(crate) enum RowOf<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
    Mysql(&'r ::mysql::Row),
}

impl std::fmt::Debug for RowOf<'_> {
    // A row's values may be personal: not even a debugging text shows them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Row<'_> {
    /// The value of the column at `index`, from 0.
    ///
    /// # Errors
    /// [`DbError::Decode`] when there is no such column or its value is no `T`.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, DbError> {
        self.value(index).and_then(|value| Ok(T::from_stored(value)?)).map_err(
            |error| match error {
                DbError::Decode(why) => DbError::Decode(format!("{}: {why}", self.name(index))),
                other => other,
            },
        )
    }

    /// What the answer calls the column.
    fn name(&self, index: usize) -> Cow<'_, str> {
        let name = match &self.0 {
            RowOf::Sqlite(row) => row.as_ref().column_name(index).ok().map(Cow::from),
            RowOf::Postgres(row) => row.columns().get(index).map(|column| column.name().into()),
            RowOf::Mysql(row) => row.columns_ref().get(index).map(::mysql::Column::name_str),
        };
        name.unwrap_or_else(|| format!("column {index}").into())
    }

    fn value(&self, index: usize) -> Result<Value<'_>, DbError> {
        match &self.0 {
            RowOf::Sqlite(row) => sqlite::column(row, index),
            RowOf::Postgres(row) => postgres::column(row, index),
            RowOf::Mysql(row) => mysql::column(row, index),
        }
    }
}

//! One connection to MySQL or MariaDB.

use std::time::Duration;

use mysql::{Conn, Params, Statement, prelude::Queryable as _};
use tokio::time::Instant;

use super::{
    errors::{commit_error, job_error},
    values::bound,
};
use crate::{
    DbError, Engine, Row, Value,
    row::RowOf,
    statements::{Statements, check_count},
    tx::{Each, Kind, SavepointStep, Session},
    worker::Connection,
};

pub(super) struct MyConnection {
    inner: Conn,
    statements: Statements<Statement>,
}

impl MyConnection {
    /// Limits statements on the server too, each product in its own words.
    pub(super) fn new(mut inner: Conn, limit: Option<Duration>) -> Result<Self, mysql::Error> {
        if let Some(limit) = limit {
            let version: Option<String> = inner.query_first("SELECT VERSION()")?;
            let millis = limit.as_millis().max(1);
            inner.query_drop(if version.is_some_and(|version| version.contains("MariaDB")) {
                format!("SET SESSION max_statement_time = {}.{:03}", millis / 1000, millis % 1000)
            } else {
                format!("SET SESSION max_execution_time = {millis}")
            })?;
        }
        Ok(Self { inner, statements: Statements::default() })
    }

    fn prepare(
        &mut self,
        text: &'static str,
        params: &[Value<'_>],
    ) -> Result<(Statement, Params), DbError> {
        let statement = match self.statements.lookup(text) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.inner.prep(text).map_err(|error| job_error(&error))?;
                self.statements.keep(text, statement.clone());
                statement
            }
        };
        check_count(text, usize::from(statement.num_params()), params.len())?;
        Ok((statement, bound(params)))
    }

    fn say(&mut self, words: &str) -> Result<(), DbError> {
        self.inner.query_drop(words).map_err(|error| job_error(&error))
    }
}

impl Session for MyConnection {
    fn engine(&self) -> Engine {
        Engine::Mysql
    }

    fn execute(&mut self, text: &'static str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let (statement, params) = self.prepare(text, params)?;
        self.inner.exec_drop(&statement, params).map_err(|error| job_error(&error))?;
        Ok(self.inner.affected_rows())
    }

    fn query(
        &mut self,
        text: &'static str,
        params: &[Value<'_>],
        each: Each<'_>,
    ) -> Result<(), DbError> {
        let (statement, params) = self.prepare(text, params)?;
        let rows: Vec<mysql::Row> =
            self.inner.exec(&statement, params).map_err(|error| job_error(&error))?;
        for row in &rows {
            if !each(&Row(RowOf::Mysql(row)))? {
                break;
            }
        }
        Ok(())
    }

    fn script(&mut self, text: &'static str) -> Result<(), DbError> {
        self.say(text)
    }

    fn savepoint(&mut self, step: SavepointStep) -> Result<(), DbError> {
        match step {
            SavepointStep::Set(depth) => self.say(&format!("SAVEPOINT part{depth}")),
            SavepointStep::Release(depth) => self.say(&format!("RELEASE SAVEPOINT part{depth}")),
            SavepointStep::Undo(depth) => {
                self.say(&format!("ROLLBACK TO SAVEPOINT part{depth}"))?;
                self.say(&format!("RELEASE SAVEPOINT part{depth}"))
            }
        }
    }
}

impl Connection for MyConnection {
    /// The first statement begins it: see `session_words`.
    fn begin(&mut self, _: Kind, _: Option<Instant>) -> Result<(), DbError> {
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.inner.query_drop("COMMIT").map_err(|error| commit_error(&error))
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.say("ROLLBACK")
    }
}

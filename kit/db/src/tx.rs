//! The transaction a job works in: one type over all engines. It remembers the first failure, so
//! that a job which swallows it still fails, on every engine alike; only what ran in a
//! [`Tx::savepoint`] may fail and be forgotten. The engines' sides are the implementations of
//! [`Session`].

use tokio::time::Instant;

use crate::{DbError, Engine, Params, Row, Sql, Value, sql};

/// What a statement's rows are handed to; `false` ends the answer early.
pub(crate) type Each<'e> = &'e mut dyn FnMut(&Row<'_>) -> Result<bool, DbError>;

/// A connection with an open transaction, as an engine implements it.
pub(crate) trait Session {
    fn engine(&self) -> Engine;
    fn execute(&mut self, text: &'static str, params: &[Value<'_>]) -> Result<u64, DbError>;
    fn execute_many(
        &mut self,
        statements: &[(&'static str, &[Value<'_>])],
    ) -> Result<u64, DbError> {
        statements.iter().try_fold(0_u64, |total, (text, params)| {
            Ok(total.saturating_add(self.execute(text, params)?))
        })
    }
    fn query(
        &mut self,
        text: &'static str,
        params: &[Value<'_>],
        each: Each<'_>,
    ) -> Result<(), DbError>;
    /// Runs one statement of a migration, which is not kept prepared.
    fn script(&mut self, text: &'static str) -> Result<(), DbError>;
    /// `SAVEPOINT`, `RELEASE SAVEPOINT` or `ROLLBACK TO SAVEPOINT`.
    fn savepoint(&mut self, step: SavepointStep) -> Result<(), DbError>;
}

/// The steps of a savepoint's life; the number is its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SavepointStep {
    Set(u32),
    Release(u32),
    /// Goes back to it, and forgets it.
    Undo(u32),
}

/// Whether a job reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// A transaction. Every statement belongs to it; it commits when the job returns `Ok`.
pub struct Tx<'c> {
    session: &'c mut dyn Session,
    kind: Kind,
    deadline: Option<Instant>,
    failure: Option<DbError>,
    depth: u32,
    notify: bool,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx")
            .field("engine", &self.session.engine())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

impl<'c> Tx<'c> {
    pub(crate) fn new(session: &'c mut dyn Session, kind: Kind, deadline: Option<Instant>) -> Self {
        Self { session, kind, deadline, failure: None, depth: 0, notify: false }
    }

    /// The first failure that no savepoint undid.
    pub(crate) fn take_failure(&mut self) -> Option<DbError> {
        self.failure.take()
    }

    /// Whether listeners are to be told of the commit.
    pub(crate) fn notifies(&self) -> bool {
        self.notify
    }

    /// The kind of database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.session.engine()
    }

    /// Once this transaction has committed, it is counted in [`crate::Db::commits_told`], and whoever
    /// waits on [`crate::Db::committed`] is woken.
    pub fn notify_committed(&mut self) {
        self.notify = true;
    }

    /// Runs a statement that changes rows, and counts those that matched its conditions. (An upsert
    /// on MySQL counts differently: 1 for a new row, 2 for a changed one; do not rely on it.)
    ///
    /// # Errors
    /// When the statement fails; the whole job fails then, even if this error is swallowed.
    pub fn execute<'p>(
        &mut self,
        sql: impl Into<Sql>,
        params: impl AsRef<[Value<'p>]>,
    ) -> Result<u64, DbError> {
        let text = sql.into().text(self.engine());
        let params = params.as_ref();
        self.guarded(|tx| {
            tx.may_write()?;
            no_nul(params)?;
            tx.session.execute(text, params)
        })
    }

    /// Runs several statements that change rows, in their order, and sums up what they count. One
    /// round trip on PostgreSQL.
    ///
    /// # Errors
    /// When one of them fails; the whole job fails then, even if this error is swallowed.
    pub fn execute_many<S: Into<Sql> + Copy>(
        &mut self,
        statements: &[(S, Params<'_>)],
    ) -> Result<u64, DbError> {
        let engine = self.engine();
        let texts: Vec<(&'static str, &[Value<'_>])> = statements
            .iter()
            .map(|(sql, params)| ((*sql).into().text(engine), params.as_ref()))
            .collect();
        self.guarded(|tx| {
            tx.may_write()?;
            texts.iter().try_for_each(|(_, params)| no_nul(params))?;
            tx.session.execute_many(&texts)
        })
    }

    /// Reads all rows of a statement's answer.
    ///
    /// # Errors
    /// When the statement or `map` fails; the whole job fails then, even if this error is swallowed.
    pub fn query<'p, T>(
        &mut self,
        sql: impl Into<Sql>,
        params: impl AsRef<[Value<'p>]>,
        mut map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let mut rows = Vec::new();
        self.each(sql.into(), params.as_ref(), &mut |row| {
            rows.push(map(row)?);
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Reads the first row of a statement's answer, if there is one.
    ///
    /// # Errors
    /// As [`Tx::query`].
    pub fn query_opt<'p, T>(
        &mut self,
        sql: impl Into<Sql>,
        params: impl AsRef<[Value<'p>]>,
        mut map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut first = None;
        self.each(sql.into(), params.as_ref(), &mut |row| {
            first = Some(map(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    /// Reads the first row of a statement's answer.
    ///
    /// # Errors
    /// [`DbError::NotFound`] when there is none, which does not fail the job by itself; else as
    /// [`Tx::query`].
    pub fn query_one<'p, T>(
        &mut self,
        sql: impl Into<Sql>,
        params: impl AsRef<[Value<'p>]>,
        map: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.query_opt(sql, params, map)?.ok_or(DbError::NotFound)
    }

    /// Runs one statement of a migration.
    pub(crate) fn script(&mut self, text: &'static str) -> Result<(), DbError> {
        self.guarded(|tx| tx.session.script(text))
    }

    /// Runs `part` so that its failure undoes only itself: when it returns `Err`, everything it did
    /// is rolled back and the job may go on.
    ///
    /// # Errors
    /// What `part` returns; or the first failure in it that it swallowed. A deadlock, a lost
    /// connection or a time-out ends the whole job nevertheless.
    pub fn savepoint<T, E: From<DbError>>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let depth = self.depth;
        self.savepoint_step(SavepointStep::Set(depth))?;
        let notified = self.notify;
        self.depth += 1;
        let result = part(self);
        self.depth = depth;
        let result = match (result, &self.failure) {
            (Ok(value), None) => {
                self.savepoint_step(SavepointStep::Release(depth))?;
                return Ok(value);
            }
            (Ok(_), Some(failure)) => Err(E::from(failure.clone())),
            (Err(error), _) => Err(error),
        };
        if !self.failure.as_ref().is_some_and(DbError::ends_transaction) {
            self.failure = None;
            self.notify = notified;
            self.savepoint_step(SavepointStep::Undo(depth))?;
        }
        result
    }

    fn savepoint_step(&mut self, step: SavepointStep) -> Result<(), DbError> {
        self.guarded(|tx| tx.session.savepoint(step))
    }

    fn each(&mut self, sql: Sql, params: &[Value<'_>], each: Each<'_>) -> Result<(), DbError> {
        let text = sql.text(self.engine());
        self.guarded(|tx| {
            if tx.kind == Kind::Read && sql::without_row_lock(text).1 {
                return Err(DbError::ReadOnly);
            }
            no_nul(params)?;
            tx.session.query(text, params, each)
        })
    }

    fn may_write(&self) -> Result<(), DbError> {
        if self.kind == Kind::Read { Err(DbError::ReadOnly) } else { Ok(()) }
    }

    /// Runs `step` unless the job has failed or its time is up, and remembers its failure.
    fn guarded<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let in_time = self.deadline.is_none_or(|deadline| Instant::now() < deadline);
        let result = if in_time { step(self) } else { Err(DbError::Timeout) };
        if let Err(failure) = &result {
            self.failure = Some(failure.clone());
        }
        result
    }
}

/// PostgreSQL cannot store the character NUL in text, so that nobody may.
fn no_nul(params: &[Value<'_>]) -> Result<(), DbError> {
    let has_nul = |value: &Value<'_>| matches!(value, Value::Text(text) if text.contains('\0'));
    if params.iter().any(has_nul) {
        return Err(DbError::Other("a text parameter holds the character NUL".into()));
    }
    Ok(())
}

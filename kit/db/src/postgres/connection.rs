//! One connection to PostgreSQL. Words around statements (`BEGIN`, `SAVEPOINT`, …) are not sent at
//! once: they ride with the next statement, so that they cost no round trip of their own.

use std::{future::Future, pin::pin, time::Duration};

use futures::{
    future::{join, maybe_done},
    poll,
};
use tokio::{
    runtime::Runtime,
    time::{Instant, timeout_at},
};
use tokio_postgres::{Client, Config, Error, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    errors::{commit_error, job_error},
    values::Bound,
};
use crate::{
    DbError, Engine, Row, Value,
    row::RowOf,
    sql::numbered_placeholders,
    statements::{Statements, check_count},
    tx::{Each, Kind, SavepointStep, Session},
    worker::Connection,
};

/// How much longer than the server's own limit we wait before the connection is given up.
const GRACE: Duration = Duration::from_secs(1);
/// How long ending a transaction may take, whatever was left of the job's time.
const ENDING: Duration = Duration::from_secs(5);
/// Statements that are under way at once.
const PIPELINED: usize = 128;

pub(super) struct PgConnection {
    runtime: Runtime,
    client: Client,
    statements: Statements<Statement>,
    /// What rides with the next statement.
    pending: String,
    /// The server knows of the transaction.
    begun: bool,
    deadline: Option<Instant>,
}

impl PgConnection {
    pub(super) fn connect(
        config: &Config,
        tls: &MakeRustlsConnect,
        patience: Duration,
    ) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| Error::__private_api_timeout())?;
        let connected = runtime.block_on(async {
            let limit = Instant::now() + patience + GRACE;
            timeout_at(limit, config.connect(tls.clone()))
                .await
                .unwrap_or_else(|_| Err(Error::__private_api_timeout()))
        });
        let (client, connection) = connected?;
        runtime.spawn(async move {
            // Every error reaches the statement that waits; what the server only notes is dropped.
            let _ = connection.await;
        });
        let (statements, pending) = (Statements::default(), String::new());
        Ok(Self { runtime, client, statements, pending, begun: false, deadline: None })
    }

    /// Prepares a statement, unless it is.
    fn prepare(&mut self, text: &'static str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.lookup(text) {
            return Ok(statement.clone());
        }
        // After a failure that a savepoint undoes, nothing can be prepared before it is undone.
        if self.begun && !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            self.wait(self.client.batch_execute(&pending))?;
        }
        let statement = self.wait(self.client.prepare(&numbered_placeholders(text)))?;
        self.statements.keep(text, statement.clone());
        Ok(statement)
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, DbError> {
        let limit = self.deadline.map(|deadline| deadline + GRACE);
        self.wait_until(limit, work)?.map_err(|error| job_error(&error))
    }

    fn wait_until<T>(
        &self,
        limit: Option<Instant>,
        work: impl Future<Output = T>,
    ) -> Result<T, DbError> {
        self.runtime.block_on(async {
            match limit {
                Some(limit) => timeout_at(limit, work).await.map_err(|_| DbError::Timeout),
                None => Ok(work.await),
            }
        })
    }

    /// Sends what is pending and then `work`, without waiting in between.
    fn wait_with_pending<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, DbError> {
        let pending = std::mem::take(&mut self.pending);
        self.begun = true;
        let client = &self.client;
        self.wait(async {
            if pending.is_empty() {
                return work(client).await;
            }
            // `join` polls its first future first, so that its message is sent first.
            let (before, result) = join(client.batch_execute(&pending), work(client)).await;
            before.and(result)
        })
    }
}

fn bound<'p>(params: &'p [Value<'p>]) -> impl ExactSizeIterator<Item = Bound<'p>> {
    params.iter().map(|value| Bound(*value))
}

/// Sends all statements in their order and then waits for all answers; sums up the rows, or gives
/// the first error.
async fn pipelined(
    client: &Client,
    statements: &[(Statement, &[Value<'_>])],
) -> Result<u64, Error> {
    let mut running: Vec<_> = statements
        .iter()
        .map(|(statement, params)| {
            Box::pin(maybe_done(client.execute_raw(statement, bound(params))))
        })
        .collect();
    for statement in &mut running {
        // The first poll sends it.
        let _ = poll!(statement.as_mut());
    }
    let mut total = Ok(0_u64);
    for statement in &mut running {
        statement.as_mut().await;
        let rows = statement.as_mut().take_output().expect("it has just been waited for");
        total = total.and_then(|total| Ok(total.saturating_add(rows?)));
    }
    total
}

impl Session for PgConnection {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn execute(&mut self, text: &'static str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let statement = self.prepare(text)?;
        check_count(text, statement.params().len(), params.len())?;
        self.wait_with_pending(async |client| client.execute_raw(&statement, bound(params)).await)
    }

    fn execute_many(
        &mut self,
        statements: &[(&'static str, &[Value<'_>])],
    ) -> Result<u64, DbError> {
        let mut total = 0_u64;
        for part in statements.chunks(PIPELINED) {
            let mut prepared = Vec::with_capacity(part.len());
            for (text, params) in part {
                let statement = self.prepare(text)?;
                check_count(text, statement.params().len(), params.len())?;
                prepared.push((statement, *params));
            }
            let rows = self.wait_with_pending(async |client| pipelined(client, &prepared).await)?;
            total = total.saturating_add(rows);
        }
        Ok(total)
    }

    fn query(
        &mut self,
        text: &'static str,
        params: &[Value<'_>],
        each: Each<'_>,
    ) -> Result<(), DbError> {
        let statement = self.prepare(text)?;
        check_count(text, statement.params().len(), params.len())?;
        let rows = self.wait_with_pending(async |client| {
            let mut stream = pin!(client.query_raw(&statement, bound(params)).await?);
            let mut rows = Vec::new();
            while let Some(row) = futures::StreamExt::next(&mut stream).await {
                rows.push(row?);
            }
            Ok(rows)
        })?;
        for row in &rows {
            if !each(&Row(RowOf::Postgres(row)))? {
                break;
            }
        }
        Ok(())
    }

    fn script(&mut self, text: &'static str) -> Result<(), DbError> {
        self.wait_with_pending(async |client| client.batch_execute(text).await)
    }

    fn savepoint(&mut self, step: SavepointStep) -> Result<(), DbError> {
        let set = |depth: u32| format!("SAVEPOINT part{depth};");
        match step {
            SavepointStep::Set(depth) => self.pending.push_str(&set(depth)),
            SavepointStep::Release(depth) | SavepointStep::Undo(depth)
                if self.pending.contains(&set(depth)) =>
            {
                // It was never sent, and so was nothing in it.
                let start = self.pending.find(&set(depth)).unwrap_or(self.pending.len());
                self.pending.truncate(start);
            }
            SavepointStep::Release(depth) => {
                self.pending.push_str(&format!("RELEASE SAVEPOINT part{depth};"));
            }
            SavepointStep::Undo(depth) => self.pending.push_str(&format!(
                "ROLLBACK TO SAVEPOINT part{depth};RELEASE SAVEPOINT part{depth};"
            )),
        }
        Ok(())
    }
}

impl Connection for PgConnection {
    fn begin(&mut self, kind: Kind, deadline: Option<Instant>) -> Result<(), DbError> {
        (self.begun, self.deadline) = (false, deadline);
        self.pending.clear();
        self.pending.push_str(match kind {
            Kind::Write => "BEGIN;",
            Kind::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
        });
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        let mut words = std::mem::take(&mut self.pending);
        if !std::mem::replace(&mut self.begun, false) {
            return Ok(());
        }
        words.push_str("COMMIT");
        let limit = Some(Instant::now() + ENDING);
        match self.wait_until(limit, self.client.batch_execute(&words)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let failure = commit_error(&error);
                if !matches!(failure, DbError::UnknownCommit(_)) {
                    // What rode before `COMMIT` may have failed, and the transaction be still open.
                    self.begun = true;
                    self.rollback()?;
                }
                Err(failure)
            }
            Err(_) => Err(DbError::UnknownCommit("no answer in time".into())),
        }
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.pending.clear();
        if !std::mem::replace(&mut self.begun, false) {
            return Ok(());
        }
        let limit = Some(Instant::now() + ENDING);
        self.wait_until(limit, self.client.batch_execute("ROLLBACK"))?
            .map_err(|error| job_error(&error))
    }
}

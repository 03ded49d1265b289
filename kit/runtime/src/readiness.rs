//! Whether the process can answer: named checks with a time limit, asked at most once a second however
//! often somebody looks. It must never be the load that it measures.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use futures::future::join_all;
use serde::Serialize;
use techtrove_db::{Db, DbError};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::worker::with_causes;

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(1);

type Cause = Box<dyn Error + Send + Sync>;
type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Cause>> + Send>> + Send + Sync;

/// Checks which all must pass. Clones share the last answer.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<Check>,
    last: Arc<Mutex<Option<(Instant, Report)>>>,
}

#[derive(Clone)]
struct Check {
    name: String,
    ask: Arc<Ask>,
}

/// What the checks said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether all passed.
    pub ready: bool,
    /// One by one.
    pub checks: Vec<CheckResult>,
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// What was checked.
    pub name: String,
    /// Why it does not pass, if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Readiness {
    /// No checks: always ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// That each of these databases answers, and is not known to be damaged.
    #[must_use]
    pub fn databases(databases: &[Db]) -> Self {
        databases.iter().cloned().fold(Self::new(), |readiness, db| {
            readiness.check("database", move || {
                let db = db.clone();
                async move { answers(&db).await }
            })
        })
    }

    /// With a check more.
    #[must_use]
    pub fn check<A, F, E>(mut self, name: impl Into<String>, ask: A) -> Self
    where
        A: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Cause>,
    {
        let ask = move || -> Pin<Box<dyn Future<Output = Result<(), Cause>> + Send>> {
            let asked = ask();
            Box::pin(async move { asked.await.map_err(Into::into) })
        };
        self.checks.push(Check { name: name.into(), ask: Arc::new(ask) });
        Self { last: Arc::default(), ..self }
    }

    /// With the checks of `other`, their names behind `prefix`.
    #[must_use]
    pub fn and(mut self, prefix: &str, other: &Self) -> Self {
        self.checks.extend(other.checks.iter().map(|check| Check {
            name: format!("{prefix}.{}", check.name),
            ask: Arc::clone(&check.ask),
        }));
        Self { last: Arc::default(), ..self }
    }

    /// Asks all checks at once, unless they were asked within the last second. Who asks meanwhile waits
    /// for the same answer.
    pub async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let checks = join_all(self.checks.iter().map(Check::run)).await;
        let report = Report { ready: checks.iter().all(|check| check.error.is_none()), checks };
        *last = Some((Instant::now(), report.clone()));
        report
    }
}

impl Check {
    async fn run(&self) -> CheckResult {
        let error = match timeout(PATIENCE, (self.ask)()).await {
            Ok(Ok(())) => None,
            Ok(Err(cause)) => Some(with_causes(cause.as_ref())),
            Err(_) => Some(format!("no answer within {PATIENCE:?}")),
        };
        CheckResult { name: self.name.clone(), error }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.checks.iter().map(|check| &check.name)).finish()
    }
}

async fn answers(db: &Db) -> Result<(), DbError> {
    if let Some(reason) = db.damage() {
        return Err(DbError::Corrupt(reason.to_owned()));
    }
    db.read("readiness", |tx| tx.query_one("SELECT 1", [], |_| Ok(()))).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use techtrove_db::{DbOptions, p, testing};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_failing_check_is_enough() {
        let readiness = Readiness::new()
            .check("good", || async { Ok::<_, Cause>(()) })
            .check("bad", || async { Err("no disk") })
            .check("slow", || async {
                tokio::time::sleep(Duration::from_secs(9)).await;
                Ok::<_, Cause>(())
            });

        let report = Readiness::new().and("stock", &readiness).report().await;

        let errors: Vec<_> =
            report.checks.iter().map(|c| (c.name.as_str(), c.error.as_deref())).collect();
        assert!(!report.ready);
        assert_eq!(
            errors,
            [
                ("stock.good", None),
                ("stock.bad", Some("no disk")),
                ("stock.slow", Some("no answer within 2s")),
            ]
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_closed_database_is_not_ready() {
        for db in techtrove_db::testing::engines().await {
            let open = Readiness::databases(std::slice::from_ref(&*db));
            let closed = Readiness::databases(std::slice::from_ref(&*db));
            let before = open.report().await;

            Db::close(&db).await;

            let after = closed.report().await;
            assert!(before.ready, "{}: {before:?}", db.label());
            // Without threads there is nothing that closing could end.
            assert!(!after.ready || db.options().inline, "{}: {after:?}", db.label());
            db.close().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_damaged_database_is_not_ready_and_not_closed() {
        let (db, file) = damaged().await;
        let readiness = Readiness::databases(std::slice::from_ref(&db));
        assert!(readiness.report().await.ready);

        let end = crate::Shutdown::new();
        crate::look_through(vec![db.clone()], end.clone()).supervise(crate::Shutdown::new()).await;
        end.begun().await;

        let report = Readiness::databases(std::slice::from_ref(&db)).report().await;
        let error = report.checks[0].error.as_deref().unwrap_or_default();
        assert!(!report.ready && error.contains("damaged"), "{report:?}");
        let read: Result<i64, DbError> =
            db.read("one", |tx| tx.query_one("SELECT 1", [], |row| row.get(0))).await;
        assert_eq!(read, Ok(1));
        db.close().await;
        drop(file);
    }

    /// A file that is too large to be looked through when it is opened, with noise in the middle.
    async fn damaged() -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("large.db");
        let open =
            async || Db::open(&format!("sqlite:{}", file.display()), DbOptions::default()).await;
        let whole = open().await.expect("opened");
        let filled: Result<(), DbError> = whole
            .write("fill", |tx| {
                tx.execute("CREATE TABLE bodies (body BLOB NOT NULL)", p![])?;
                let insert = "INSERT INTO bodies (body) VALUES (?)";
                (0..50).try_for_each(|_| tx.execute(insert, p![vec![7_u8; 100_000]]).map(drop))
            })
            .await;
        filled.expect("filled");
        whole.close().await;
        testing::damage_page(&file, std::fs::metadata(&file).expect("there").len() / 4_096 / 2);
        let damaged = open().await.expect("opened");
        (damaged, folder)
    }

    #[tokio::test(start_paused = true)]
    async fn looking_often_asks_once_a_second() {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let readiness = Readiness::new().check("counted", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, Cause>(()) }
        });

        join_all((0..10).map(|_| readiness.report())).await;
        tokio::time::advance(FRESH).await;
        readiness.report().await;

        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}

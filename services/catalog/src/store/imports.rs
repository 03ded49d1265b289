//! Imports: the job, the chunks that wait, and the lines that were not taken. One worker at a time
//! works on a job, by a lease that each checkpoint renews.

use techtrove_catalog_api::JobId;
use techtrove_core::{Timestamp, planted};
use techtrove_db::{DbError, Row, Tx, p};

use super::trials::delete_trial;
use crate::domain::{Chunk, Columns, LineError};

/// How many errors of a job are kept; all are counted.
pub const ERRORS_KEPT: i64 = 1_000;

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Its lines are still arriving.
    Receiving,
    /// Its lines are here; nobody works on it yet.
    Queued,
    /// Somebody works on it.
    Running,
    /// Every line was taken or reported.
    Done,
    /// Somebody ended it: the lines that were worked on by then are taken or reported.
    Cancelled,
    /// Its lines never arrived whole; nothing of it was taken.
    Failed,
}

impl JobStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Queued => "queued",
            Self::Running => "running",
            // Stored as done, beside the wish.
            Self::Done | Self::Cancelled => "done",
            Self::Failed => "failed",
        }
    }

    fn read(stored: &str, cancelled: bool) -> Result<Self, DbError> {
        let status = [Self::Receiving, Self::Queued, Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == stored)
            .ok_or_else(|| DbError::decode("no such status of a job"))?;
        Ok(if cancelled && status == Self::Done { Self::Cancelled } else { status })
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// How many lines there are, once all have arrived.
    pub total: Option<i64>,
    /// How many lines were taken or reported.
    pub done: i64,
    /// How many errors there were.
    pub error_count: i64,
    /// The number of the chunk to go on with.
    pub next_chunk: i64,
    /// Whether its lines are only tried.
    pub dry_run: bool,
    /// The columns of CSV; none where its lines are JSON.
    pub columns: Option<Columns>,
    /// How many categories its lines made.
    pub categories_created: i64,
}

/// What is stored when a chunk is finished.
#[derive(Clone, Debug)]
pub struct JobTurn {
    /// The job as it stood before.
    pub job: Job,
    /// How many of the chunk's lines were handled.
    pub filled: i64,
    /// Those that were not taken.
    pub errors: Vec<LineError>,
}

impl JobTurn {
    /// The job as it stands after.
    #[must_use]
    pub fn after(&self) -> Job {
        let errors = i64::try_from(self.errors.len()).unwrap_or(i64::MAX);
        Job {
            done: self.job.done.saturating_add(self.filled),
            error_count: self.job.error_count.saturating_add(errors),
            next_chunk: self.job.next_chunk.saturating_add(1),
            ..self.job.clone()
        }
    }
}

fn read(row: &Row<'_>) -> Result<Job, DbError> {
    Ok(Job {
        id: row.get(0)?,
        status: JobStatus::read(&row.get::<String>(1)?, row.get(8)?)?,
        total: row.get(2)?,
        done: row.get(3)?,
        error_count: row.get(4)?,
        next_chunk: row.get(5)?,
        dry_run: row.get(6)?,
        columns: row.get::<Option<String>>(7)?.as_deref().map(read_columns).transpose()?,
        categories_created: row.get(9)?,
    })
}

fn read_columns(stored: &str) -> Result<Columns, DbError> {
    serde_json::from_str(stored).map_err(DbError::decode)
}

/// Stores a new job whose lines begin to arrive.
///
/// # Errors
/// When the database fails.
pub fn insert_job(
    tx: &mut Tx<'_>,
    id: JobId,
    dry_run: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO import_jobs (id, status, total, done, error_count, next_chunk, lease_until, \
         created_at, updated_at, dry_run) VALUES (?, ?, NULL, 0, 0, 0, 0, ?, ?, ?)",
        p![id, JobStatus::Receiving.as_str(), now, now, dry_run],
    )?;
    Ok(())
}

/// Remembers the columns that a job's lines have.
///
/// # Errors
/// When the database fails.
pub fn set_job_columns(tx: &mut Tx<'_>, id: JobId, columns: &Columns) -> Result<(), DbError> {
    let columns = serde_json::to_string(columns).map_err(DbError::decode)?;
    tx.execute("UPDATE import_jobs SET csv_columns = ? WHERE id = ?", p![columns, id])?;
    Ok(())
}

/// Stores some lines of a job; `false` when they are awaited no more.
///
/// # Errors
/// When the database fails.
pub fn insert_chunk(
    tx: &mut Tx<'_>,
    job: JobId,
    chunk: &Chunk,
    now: Timestamp,
) -> Result<bool, DbError> {
    if !touch_job(tx, job, now)? {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO import_chunks (job_id, number, first_line, filled, data) VALUES (?, ?, ?, ?, ?)",
        p![job, chunk.number, chunk.first_line, chunk.filled, chunk.data],
    )?;
    Ok(true)
}

/// Says that the sender of a job's lines is still there; `false` when they are awaited no more.
///
/// # Errors
/// When the database fails.
pub fn touch_job(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<bool, DbError> {
    let touched = tx.execute(
        "UPDATE import_jobs SET updated_at = ? WHERE id = ? AND status = 'receiving'",
        p![now, id],
    )?;
    Ok(touched > 0)
}

/// The chunk of this number, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_chunk(tx: &mut Tx<'_>, job: JobId, number: i64) -> Result<Option<Chunk>, DbError> {
    tx.query_opt(
        "SELECT number, first_line, filled, data FROM import_chunks WHERE job_id = ? AND number = ?",
        p![job, number],
        |row| {
            Ok(Chunk {
                number: row.get(0)?,
                first_line: row.get(1)?,
                filled: row.get(2)?,
                data: row.get(3)?,
            })
        },
    )
}

/// The job of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_job(tx: &mut Tx<'_>, id: JobId) -> Result<Option<Job>, DbError> {
    tx.query_opt(
        "SELECT id, status, total, done, error_count, next_chunk, dry_run, csv_columns, cancelled, \
         categories_created \
         FROM import_jobs WHERE id = ?",
        p![id],
        read,
    )
}

/// The errors of a job that are kept, in the order of its lines.
///
/// # Errors
/// When the database fails.
pub fn job_errors(tx: &mut Tx<'_>, id: JobId) -> Result<Vec<LineError>, DbError> {
    tx.query(
        "SELECT line, code, detail FROM import_errors WHERE job_id = ? ORDER BY number",
        p![id],
        |row| Ok(LineError { line: row.get(0)?, code: row.get(1)?, detail: row.get(2)? }),
    )
}

/// Lets a job be worked on, all of whose lines are there; `false` when it has ended meanwhile.
///
/// # Errors
/// When the database fails.
pub fn queue_job(tx: &mut Tx<'_>, id: JobId, total: i64, now: Timestamp) -> Result<bool, DbError> {
    let queued = tx.execute(
        "UPDATE import_jobs SET status = 'queued', total = ?, updated_at = ? \
         WHERE id = ? AND status = 'receiving'",
        p![total, now, id],
    )?;
    Ok(queued > 0)
}

/// Ends a job whose lines did not arrive whole, unless it has ended otherwise.
///
/// # Errors
/// When the database fails.
pub fn fail_job(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<(), DbError> {
    tx.execute(
        "UPDATE import_jobs SET status = 'failed', updated_at = ? WHERE id = ? AND status = 'receiving'",
        p![now, id],
    )?;
    delete_work(tx, id)
}

/// Ends a job that nothing more will come of; lines that nobody worked on go.
///
/// # Errors
/// When the database fails.
pub fn end_job(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<(), DbError> {
    tx.execute("UPDATE import_jobs SET status = 'done', updated_at = ? WHERE id = ?", p![now, id])?;
    delete_work(tx, id)
}

/// Notes that a job is to end, and ends it where nobody works on it; who does ends it behind the chunk
/// in hand.
///
/// # Errors
/// When the database fails.
pub fn cancel_job(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<(), DbError> {
    tx.execute(
        "UPDATE import_jobs SET cancelled = ?, updated_at = ? WHERE id = ? AND status IN ('receiving', 'queued', 'running')",
        p![true, now, id],
    )?;
    let ended = tx.execute(
        "UPDATE import_jobs SET status = 'done' WHERE id = ? AND (status IN ('receiving', 'queued') \
         OR (status = 'running' AND lease_until = 0))",
        p![id],
    )?;
    if ended > 0 { delete_work(tx, id) } else { Ok(()) }
}

/// Whether a job is to end.
///
/// # Errors
/// When the database fails.
pub fn is_cancelled(tx: &mut Tx<'_>, id: JobId) -> Result<bool, DbError> {
    let found =
        tx.query_opt("SELECT cancelled FROM import_jobs WHERE id = ?", p![id], |row| row.get(0))?;
    Ok(found.unwrap_or(true))
}

/// Takes a job away of which nothing was worked on.
///
/// # Errors
/// When the database fails.
pub fn delete_job(tx: &mut Tx<'_>, id: JobId) -> Result<(), DbError> {
    delete_work(tx, id)?;
    tx.execute("DELETE FROM import_jobs WHERE id = ?", p![id])?;
    Ok(())
}

/// Takes the job that nobody works on and that has waited longest for its turn, until `lease_until`; if
/// there is one.
///
/// # Errors
/// When the database fails.
pub fn claim_job(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Job>, DbError> {
    let found = tx.query_opt(
        "SELECT id, status, total, done, error_count, next_chunk, dry_run, csv_columns, cancelled, \
         categories_created \
         FROM import_jobs WHERE status IN ('queued', 'running') AND lease_until < ? \
         ORDER BY updated_at, next_chunk, id LIMIT 1 FOR UPDATE SKIP LOCKED",
        p![now],
        read,
    )?;
    let left = |job: &Job| job.status == JobStatus::Running && planted("import-left-behind");
    let Some(job) = found.filter(|job| !left(job)) else { return Ok(None) };
    let job = Job { status: JobStatus::Running, ..job };
    tx.execute(
        "UPDATE import_jobs SET status = ?, lease_until = ?, updated_at = ? WHERE id = ?",
        p![job.status.as_str(), lease_until, now, job.id],
    )?;
    Ok(Some(job))
}

/// Remembers that a chunk is finished, keeps its errors as far as there is room, and renews the
/// lease; `false` when somebody else has gone on with the job meanwhile.
///
/// # Errors
/// When the database fails.
pub fn checkpoint(
    tx: &mut Tx<'_>,
    turn: &JobTurn,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<bool, DbError> {
    let (before, after) = (&turn.job, turn.after());
    let moved = tx.execute(
        "UPDATE import_jobs SET done = ?, error_count = ?, next_chunk = ?, lease_until = ?, \
         updated_at = ?, outcome = NULL WHERE id = ? AND next_chunk = ? AND status = 'running'",
        p![
            after.done,
            after.error_count,
            after.next_chunk,
            lease_until,
            now,
            before.id,
            before.next_chunk
        ],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    for (number, error) in (before.error_count..ERRORS_KEPT).zip(&turn.errors) {
        tx.execute(
            "INSERT INTO import_errors (job_id, number, line, code, detail) VALUES (?, ?, ?, ?, ?)",
            p![before.id, number, error.line, error.code, error.detail],
        )?;
    }
    tx.execute(
        "DELETE FROM import_chunks WHERE job_id = ? AND number = ?",
        p![before.id, before.next_chunk],
    )?;
    Ok(true)
}

/// What storing a job's chunk came to, as [`keep_outcome`] kept it: `Some(None)` where it is not stored yet,
/// `None` where somebody else has finished it. Holds the job until the transaction's end.
///
/// # Errors
/// When the database fails.
pub fn lock_outcome(
    tx: &mut Tx<'_>,
    id: JobId,
    chunk: i64,
) -> Result<Option<Option<String>>, DbError> {
    tx.query_opt(
        "SELECT outcome FROM import_jobs WHERE id = ? AND next_chunk = ? AND status = 'running' FOR UPDATE",
        p![id, chunk],
        |row| row.get(0),
    )
}

/// Keeps what storing a job's chunk came to, in the transaction that stores it, until it is finished.
///
/// # Errors
/// When the database fails.
pub fn keep_outcome(tx: &mut Tx<'_>, id: JobId, outcome: &str) -> Result<(), DbError> {
    tx.execute("UPDATE import_jobs SET outcome = ? WHERE id = ?", p![outcome, id])?;
    Ok(())
}

/// Counts categories that a job's lines made, in the transaction that made them: no chunk makes one twice.
///
/// # Errors
/// When the database fails.
pub fn count_categories(tx: &mut Tx<'_>, id: JobId, made: usize) -> Result<(), DbError> {
    if made > 0 {
        tx.execute(
            "UPDATE import_jobs SET categories_created = categories_created + ? WHERE id = ?",
            p![i64::try_from(made).unwrap_or(i64::MAX), id],
        )?;
    }
    Ok(())
}

/// Gives a job back at once, to be taken by whoever comes next; one that is to end does so.
///
/// # Errors
/// When the database fails.
pub fn release_job(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<(), DbError> {
    if is_cancelled(tx, id)? {
        return end_job(tx, id, now);
    }
    tx.execute("UPDATE import_jobs SET lease_until = 0 WHERE id = ?", p![id])?;
    Ok(())
}

/// Takes away the lines of a job that will not be worked on, and what a dry run kept for them.
fn delete_work(tx: &mut Tx<'_>, id: JobId) -> Result<(), DbError> {
    tx.execute("DELETE FROM import_chunks WHERE job_id = ?", p![id])?;
    delete_trial(tx, id)
}

/// Ends jobs of which nothing has arrived since `before`: whoever sent them is gone.
///
/// # Errors
/// When the database fails.
pub fn fail_stale_jobs(tx: &mut Tx<'_>, before: Timestamp, now: Timestamp) -> Result<u64, DbError> {
    let stale = tx.query(
        "SELECT id FROM import_jobs WHERE status = 'receiving' AND updated_at < ? ORDER BY id",
        p![before],
        |row| row.get::<JobId>(0),
    )?;
    let mut count = 0;
    for id in stale {
        fail_job(tx, id, now)?;
        count += 1;
    }
    Ok(count)
}

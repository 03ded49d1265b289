//! The table of keys, in the database of the service that makes what the key protects.

use std::time::Duration;

use techtrove_core::{Problem, Timestamp, codes, planted};
use techtrove_db::{DbError, Migration, MigrationSet, Row, Tx, p};
use uuid::Uuid;

use super::{Answer, Key};

/// How long a key is kept at least.
pub const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// The table, to be run beside the service's own.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "idempotency",
    migrations: &[
        Migration {
            version: 1,
            name: "idempotency_keys",
            sqlite: include_str!("../../migrations/sqlite/0001_idempotency_keys.sql"),
            postgres: include_str!("../../migrations/postgres/0001_idempotency_keys.sql"),
            mysql: include_str!("../../migrations/mysql/0001_idempotency_keys.sql"),
        },
        Migration {
            version: 2,
            name: "answer_version",
            sqlite: include_str!("../../migrations/sqlite/0002_answer_version.sql"),
            postgres: include_str!("../../migrations/postgres/0002_answer_version.sql"),
            mysql: include_str!("../../migrations/mysql/0002_answer_version.sql"),
        },
    ],
};

/// What a key says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the first: carry it out.
    New,
    /// It was carried out: give this answer again.
    Replay(Answer),
    /// The first one still runs or recovers.
    InUse {
        /// What that one makes.
        resource: Option<Uuid>,
    },
    /// The key belongs to another request.
    Reused,
}

impl Claim {
    /// `None` to carry the request out, or the answer to give again.
    ///
    /// # Errors
    /// 409 when the first one still runs, 422 when the key belongs to another request.
    pub fn proceed(self) -> Result<Option<Answer>, Problem> {
        match self {
            Self::New => Ok(None),
            Self::Replay(answer) => Ok(Some(answer)),
            Self::InUse { .. } => {
                let detail =
                    "the first request with this idempotency-key has not been answered yet";
                Err(Problem::new(codes::IDEMPOTENCY_KEY_IN_USE, detail)
                    .retry_after(Duration::from_secs(1)))
            }
            Self::Reused => {
                let detail = "this idempotency-key was used for another request";
                Err(Problem::new(codes::IDEMPOTENCY_KEY_REUSED, detail))
            }
        }
    }
}

/// Claims the key, in the transaction of the request's first effect.
///
/// # Errors
/// When the database fails.
pub fn claim(tx: &mut Tx<'_>, key: &Key) -> Result<Claim, DbError> {
    let inserted = tx.savepoint(|tx| {
        tx.execute(
            "INSERT INTO idempotency_keys (scope_hash, fingerprint, resource_id, created_at) \
             VALUES (?, ?, ?, ?)",
            p![key.hash, key.fingerprint, key.resource, key.at],
        )
    });
    match inserted {
        Ok(_) => Ok(Claim::New),
        Err(DbError::UniqueViolation { .. }) => claimed_before(tx, key),
        Err(error) => Err(error),
    }
}

/// What the first request with this key has come to. Read under a lock: a plain read could be of the
/// time before the first one was stored.
fn claimed_before(tx: &mut Tx<'_>, key: &Key) -> Result<Claim, DbError> {
    let found = tx.query_opt(
        "SELECT fingerprint, resource_id, answer_status, answer_body, answer_location, \
         answer_version FROM idempotency_keys WHERE scope_hash = ? FOR UPDATE",
        p![key.hash],
        |row| Ok((row.get::<[u8; 32]>(0)?, row.get(1)?, answer(row)?)),
    )?;
    Ok(match found {
        Some((fingerprint, ..))
            if fingerprint != key.fingerprint && !planted("key-of-any-body") =>
        {
            Claim::Reused
        }
        Some((_, _, Some(answer))) => Claim::Replay(answer),
        Some((_, _, None)) if planted("key-claimed-while-in-use") => Claim::New,
        Some((_, resource, None)) => Claim::InUse { resource },
        // Forgotten between the two statements: the client comes again.
        None => Claim::InUse { resource: None },
    })
}

fn answer(row: &Row<'_>) -> Result<Option<Answer>, DbError> {
    let Some(status) = row.get::<Option<i64>>(2)? else { return Ok(None) };
    Ok(Some(Answer {
        status: u16::try_from(status).map_err(|_| DbError::decode("no status"))?,
        body: row.get::<Option<Vec<u8>>>(3)?.unwrap_or_default(),
        location: row.get(4)?,
        version: row.get::<Option<i64>>(5)?.and_then(|version| u64::try_from(version).ok()),
        resource: row.get(1)?,
    }))
}

/// Pins the final answer of the claim `hash`, in the transaction that ends the request's work. A key
/// that is not there any more is left alone.
///
/// # Errors
/// When the database fails.
pub fn finish(tx: &mut Tx<'_>, hash: &[u8; 32], answer: &Answer) -> Result<(), DbError> {
    let status = i64::from(answer.status);
    let version = answer.version.and_then(|version| i64::try_from(version).ok());
    tx.execute(
        "UPDATE idempotency_keys SET answer_status = ?, answer_body = ?, answer_location = ?, \
         answer_version = ? WHERE scope_hash = ? AND answer_status IS NULL",
        p![status, answer.body, answer.location, version, *hash],
    )?;
    Ok(())
}

/// Takes the claim `hash` back, once what it did is undone: the answer is not pinned, and a retry is a
/// new request. A final answer is never taken back.
///
/// # Errors
/// When the database fails.
pub fn forget(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM idempotency_keys WHERE scope_hash = ? AND answer_status IS NULL",
        p![*hash],
    )?;
    Ok(())
}

/// Deletes at most `limit` finished keys that came before `before`, and counts them. A claim without
/// answer stays: somebody still has to finish it.
///
/// # Errors
/// When the database fails.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<u64, DbError> {
    let old: Vec<[u8; 32]> = tx.query(
        "SELECT scope_hash FROM idempotency_keys \
         WHERE created_at < ? AND answer_status IS NOT NULL ORDER BY created_at LIMIT ?",
        p![before, limit],
        |row| row.get(0),
    )?;
    let deletions: Vec<_> = old
        .iter()
        .map(|hash| ("DELETE FROM idempotency_keys WHERE scope_hash = ?", p![*hash]))
        .collect();
    tx.execute_many(&deletions)
}

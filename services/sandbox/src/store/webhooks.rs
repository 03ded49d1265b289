//! What is announced and not yet delivered.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx, p};

use super::read_key;
use crate::domain::{Charge, Key, Refund, RefundStatus};

const INSERT: &str = "INSERT INTO webhooks (charge_key, event, attempts, next_attempt_at, created_at) \
     VALUES (?, ?, 0, ?, ?)";

const SELECT_DUE: &str = "SELECT charge_key, event, attempts, created_at FROM webhooks \
     WHERE next_attempt_at <= ? ORDER BY next_attempt_at, charge_key, event LIMIT ?";

const CLAIM: &str = "UPDATE webhooks SET attempts = attempts + 1, next_attempt_at = ? \
     WHERE charge_key = ? AND event = ? AND attempts = ?";

const DELETE: &str = "DELETE FROM webhooks WHERE charge_key = ? AND event = ?";

/// A webhook that is still to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The charge it tells of.
    pub key: Key,
    /// What happened to it: `charge.authorized`, or to a refund of it: `refund.failed:` and its key.
    pub event: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it happened.
    pub created_at: Timestamp,
}

/// Announces how `charge` stands from now on, once.
///
/// # Errors
/// When the database does not answer, or it was announced before.
pub fn announce(tx: &mut Tx<'_>, charge: &Charge, now: Timestamp) -> Result<(), DbError> {
    let event = format!("charge.{}", charge.status.as_str());
    tx.execute(INSERT, p![charge.key.as_str(), event, now, now])?;
    Ok(())
}

/// Announces how a refund of the charge under `key` stands from now on, once.
///
/// # Errors
/// When the database does not answer, or it was announced before.
pub fn announce_refund(
    tx: &mut Tx<'_>,
    key: &Key,
    refund: &Refund,
    now: Timestamp,
) -> Result<(), DbError> {
    let failed = refund.status == RefundStatus::Failed;
    let event = format!("refund.{}:{}", if failed { "failed" } else { "updated" }, refund.key);
    tx.execute(INSERT, p![key.as_str(), event, now, now])?;
    Ok(())
}

impl Webhook {
    /// What kind of thing happened, and the key of the refund to which it did, if it did to one.
    #[must_use]
    pub fn parts(&self) -> (&str, Option<&str>) {
        match self.event.split_once(':') {
            Some((kind, refund)) => (kind, Some(refund)),
            None => (&self.event, None),
        }
    }
}

/// Up to `limit` webhooks to be tried by `now`, the longest waiting first.
///
/// # Errors
/// When the database does not answer.
pub fn webhooks_due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Webhook>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(SELECT_DUE, p![now, limit], |row| {
        let (key, event) = (read_key(row, 0)?, row.get(1)?);
        Ok(Webhook { key, event, attempts: row.get(2)?, created_at: row.get(3)? })
    })
}

/// Takes the next try of `webhook` and stores when the one after it is due; false when somebody else
/// took it, or it was delivered.
///
/// # Errors
/// When the database does not answer.
pub fn claim_webhook(tx: &mut Tx<'_>, webhook: &Webhook, next: Timestamp) -> Result<bool, DbError> {
    let params = p![next, webhook.key.as_str(), webhook.event, webhook.attempts];
    Ok(tx.execute(CLAIM, params)? == 1)
}

/// Forgets a webhook that was delivered, or given up.
///
/// # Errors
/// When the database does not answer.
pub fn delete_webhook(tx: &mut Tx<'_>, webhook: &Webhook) -> Result<(), DbError> {
    tx.execute(DELETE, p![webhook.key.as_str(), webhook.event])?;
    Ok(())
}

//! Mails on their way to a mail server.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx, p};
use techtrove_notifications_api::NotificationId;

use super::mails::{read_record, select_records};
use crate::domain::{Attempt, DeliveryError, MailState, Record};

/// Mails that are due, oldest first.
///
/// # Errors
/// When the database fails.
pub fn list_due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<NotificationId>, DbError> {
    tx.query(
        "SELECT id FROM mails WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?",
        p![now, limit],
        |row| row.get(0),
    )
}

/// Takes a due mail for an attempt, which is counted, until `until`; nothing when somebody else has it.
///
/// # Errors
/// When the database fails.
pub fn claim_mail(
    tx: &mut Tx<'_>,
    id: NotificationId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Record>, DbError> {
    let claimed = tx.execute(
        "UPDATE mails SET attempts = attempts + 1, next_attempt_at = ?, updated_at = ? \
         WHERE id = ? AND next_attempt_at <= ?",
        p![until, now, id, now],
    )?;
    if claimed == 0 {
        return Ok(None);
    }
    tx.query_opt(select_records!("JOIN", "WHERE m.id = ?"), p![id], read_record)
}

/// Stores what became of an attempt: the next one's time, or that there is none.
///
/// # Errors
/// When the database fails.
pub fn note_attempt(
    tx: &mut Tx<'_>,
    id: NotificationId,
    attempt: Attempt,
    now: Timestamp,
) -> Result<(), DbError> {
    let Attempt { state, last_error, again } = attempt;
    let sent_at = (state == MailState::Sent).then_some(now);
    let last_error = last_error.map(DeliveryError::as_str);
    tx.execute(
        "UPDATE mails SET state = ?, last_error = ?, next_attempt_at = ?, sent_at = ?, \
         updated_at = ? WHERE id = ?",
        p![state.as_str(), last_error, again, sent_at, now, id],
    )?;
    Ok(())
}

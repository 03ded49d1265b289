//! Mails as they are written, shown and forgotten.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_notifications_api::{MailEntry, NotificationId};
use uuid::Uuid;

use crate::domain::{Content, Mail, MailState, NewMail};

const INSERT: Sql = Sql::new(
    "INSERT INTO mails (id, event_id, template, subject_id, recipient, message_id, state, attempts, \
     next_attempt_at, created_at, sent_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
);

const INSERT_CONTENT: Sql =
    Sql::new("INSERT INTO mail_contents (mail_id, subject, body, html) VALUES (?, ?, ?, ?)");

/// Stores a mail: a queued one is due at once.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its event has made this mail for this recipient before.
pub fn insert_mail(tx: &mut Tx<'_>, mail: &NewMail) -> Result<(), DbError> {
    let queued = mail.state == MailState::Queued;
    let due = queued.then_some(mail.created_at);
    let kept = (!queued).then_some(mail.created_at);
    let content = &mail.content;
    tx.execute_many(&[
        (
            INSERT,
            p![
                mail.id,
                mail.event_id,
                mail.template,
                mail.subject_id,
                mail.recipient,
                mail.message_id,
                mail.state.as_str(),
                due,
                mail.created_at,
                kept,
                mail.created_at,
            ],
        ),
        (INSERT_CONTENT, p![mail.id, content.subject, content.text, content.html]),
    ])?;
    Ok(())
}

/// At most `limit` readable mails older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_mails(
    tx: &mut Tx<'_>,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<Mail>, DbError> {
    let before = before.map_or(Uuid::max(), techtrove_core::TypedId::uuid);
    tx.query(
        "SELECT m.id, m.recipient, m.message_id, c.subject, c.body, c.html, m.attempts, m.created_at, \
         m.sent_at FROM mails m JOIN mail_contents c ON c.mail_id = m.id \
         WHERE m.id < ? ORDER BY m.id DESC LIMIT ?",
        p![before, limit],
        read_mail,
    )
}

/// A mail with what it says, from the columns that every statement here asks for.
pub(super) fn read_mail(row: &Row<'_>) -> Result<Mail, DbError> {
    Ok(Mail {
        id: row.get(0)?,
        recipient: row.get(1)?,
        message_id: row.get(2)?,
        content: Content { subject: row.get(3)?, text: row.get(4)?, html: row.get(5)? },
        attempts: row.get(6)?,
        created_at: row.get(7)?,
        sent_at: row.get(8)?,
    })
}

/// The newest mail that is not among the newest `keep`, if there are more.
///
/// # Errors
/// When the database fails.
pub fn lookup_cutoff(tx: &mut Tx<'_>, keep: u32) -> Result<Option<NotificationId>, DbError> {
    tx.query_opt("SELECT id FROM mails ORDER BY id DESC LIMIT 1 OFFSET ?", p![keep], |row| {
        row.get(0)
    })
}

/// Forgets what up to `limit` mails say, the oldest up to `cutoff`, unless they are still to be sent;
/// tells how many.
///
/// # Errors
/// When the database fails.
pub fn forget_contents(
    tx: &mut Tx<'_>,
    cutoff: NotificationId,
    limit: u32,
) -> Result<u64, DbError> {
    let old = tx.query(
        "SELECT c.mail_id FROM mail_contents c JOIN mails m ON m.id = c.mail_id \
         WHERE c.mail_id <= ? AND m.state <> 'queued' ORDER BY c.mail_id LIMIT ?",
        p![cutoff, limit],
        |row| row.get::<NotificationId>(0),
    )?;
    const DELETE: Sql = Sql::new("DELETE FROM mail_contents WHERE mail_id = ?");
    let statements: Vec<_> = old.iter().map(|id| (DELETE, p![*id])).collect();
    if statements.is_empty() { Ok(0) } else { tx.execute_many(&statements) }
}

/// At most `limit` mails written after `after`, oldest first.
///
/// # Errors
/// When the database fails.
pub fn audit_mails(
    tx: &mut Tx<'_>,
    after: Option<NotificationId>,
    limit: usize,
) -> Result<Vec<MailEntry>, DbError> {
    let after = after.map_or(Uuid::nil(), techtrove_core::TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(
        "SELECT id, subject_id, template, state, updated_at FROM mails \
         WHERE id > ? ORDER BY id LIMIT ?",
        p![after, limit],
        |row| {
            let state = row.get::<String>(3)?;
            Ok(MailEntry {
                id: row.get(0)?,
                subject_id: row.get(1)?,
                template: row.get(2)?,
                done: [MailState::Sent, MailState::Kept].iter().any(|done| done.as_str() == state),
                updated_at: row.get::<Timestamp>(4)?,
            })
        },
    )
}

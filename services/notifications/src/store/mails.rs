//! Mails as they are written, shown and forgotten.

use techtrove_core::{BookPage, EmailAddress, Timestamp, TypedId};
use techtrove_db::{Book, DbError, Row, Rows, Sql, Tx, Value, Wanted, p};
use techtrove_identity_api::UserId;
use techtrove_notifications_api::{MailEntry, NotificationId};
use uuid::Uuid;

use crate::domain::{Kind, MailState, NewMail, Recipient, Record};

const INSERT: Sql = Sql::new(
    "INSERT INTO mails (id, event_id, template, subject_id, recipient, recipient_folded, user_id, \
     message_id, state, attempts, next_attempt_at, original_id, created_at, sent_at, updated_at) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
);

const INSERT_LETTER: Sql = Sql::new("INSERT INTO letters (mail_id, letter) VALUES (?, ?)");

/// Stores a mail: a queued one is due at once.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its event has made this mail for this recipient before.
pub fn insert_mail(tx: &mut Tx<'_>, mail: &NewMail) -> Result<(), DbError> {
    let queued = mail.state == MailState::Queued;
    let due = queued.then_some(mail.created_at);
    let kept = (!queued).then_some(mail.created_at);
    let Recipient { email, user } = &mail.recipient;
    let folded = email.folded();
    tx.execute_many(&[
        (
            INSERT,
            p![
                mail.id,
                mail.event_id,
                mail.kind.as_str(),
                mail.subject_id,
                email,
                folded,
                *user,
                mail.message_id,
                mail.state.as_str(),
                due,
                mail.original,
                mail.created_at,
                kept,
                mail.created_at,
            ],
        ),
        (INSERT_LETTER, p![mail.id, mail.letter]),
    ])?;
    Ok(())
}

/// Records as [`read_record`] reads them.
macro_rules! select_records {
    ($join:literal, $rest:literal) => {
        concat!(
            "SELECT m.id, m.template, m.subject_id, m.recipient, m.user_id, m.state, m.message_id, \
             m.attempts, m.original_id, m.created_at, m.sent_at, l.letter, m.last_error FROM mails m ",
            $join,
            " letters l ON l.mail_id = m.id ",
            $rest
        )
    };
}

pub(super) use select_records;

/// At most `limit` readable mails older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_mails(
    tx: &mut Tx<'_>,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<Record>, DbError> {
    let sql = select_records!("JOIN", "WHERE m.id < ? ORDER BY m.id DESC LIMIT ?");
    tx.query(sql, p![first_before(before), limit], read_record)
}

/// Which mails are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFilter {
    /// To this address, case-folded.
    pub recipient_folded: Option<String>,
    /// Where they stand.
    pub state: Option<MailState>,
}

/// At most `limit` records of the wanted mails older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_records(
    tx: &mut Tx<'_>,
    filter: &MailFilter,
    before: Option<NotificationId>,
    limit: usize,
) -> Result<Vec<Record>, DbError> {
    let (before, limit) = (first_before(before), i64::try_from(limit).unwrap_or(i64::MAX));
    let folded = filter.recipient_folded.as_deref();
    let state = filter.state.map(MailState::as_str);
    match (folded, state) {
        (None, None) => {
            let sql = select_records!("LEFT JOIN", "WHERE m.id < ? ORDER BY m.id DESC LIMIT ?");
            tx.query(sql, p![before, limit], read_record)
        }
        (Some(folded), None) => {
            let sql = select_records!(
                "LEFT JOIN",
                "WHERE m.recipient_folded = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?"
            );
            tx.query(sql, p![folded, before, limit], read_record)
        }
        (None, Some(state)) => {
            let sql = select_records!(
                "LEFT JOIN",
                "WHERE m.state = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?"
            );
            tx.query(sql, p![state, before, limit], read_record)
        }
        (Some(folded), Some(state)) => {
            let sql = select_records!(
                "LEFT JOIN",
                "WHERE m.recipient_folded = ? AND m.state = ? AND m.id < ? \
                 ORDER BY m.id DESC LIMIT ?"
            );
            tx.query(sql, p![folded, state, before, limit], read_record)
        }
    }
}

/// The same of a user's own mails.
///
/// # Errors
/// When the database fails.
pub fn list_records_of(
    tx: &mut Tx<'_>,
    user: UserId,
    before: Option<NotificationId>,
    limit: usize,
) -> Result<Vec<Record>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql =
        select_records!("LEFT JOIN", "WHERE m.user_id = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?");
    tx.query(sql, p![user, first_before(before), limit], read_record)
}

/// The record of a mail, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_record(tx: &mut Tx<'_>, id: NotificationId) -> Result<Option<Record>, DbError> {
    tx.query_opt(select_records!("LEFT JOIN", "WHERE m.id = ?"), p![id], read_record)
}

/// Makes whoever sends the mail again at the same time wait.
///
/// # Errors
/// When the database fails.
pub fn lock_mail(tx: &mut Tx<'_>, id: NotificationId) -> Result<(), DbError> {
    let sql = "SELECT state FROM mails WHERE id = ? FOR UPDATE";
    tx.query_opt(sql, p![id], |row| row.get::<String>(0))?;
    Ok(())
}

/// Whether a mail to this address, which repeats the original, is still to be sent.
///
/// # Errors
/// When the database fails.
pub fn has_copy_queued(
    tx: &mut Tx<'_>,
    original: NotificationId,
    to: &EmailAddress,
) -> Result<bool, DbError> {
    let found = tx.query_opt(
        "SELECT id FROM mails WHERE recipient_folded = ? AND original_id = ? \
         AND state = 'queued' LIMIT 1",
        p![to.folded(), original],
        |row| row.get::<NotificationId>(0),
    )?;
    Ok(found.is_some())
}

fn first_before(before: Option<NotificationId>) -> Uuid {
    before.map_or(Uuid::max(), TypedId::uuid)
}

/// A record, from the columns that every statement here asks for.
pub(super) fn read_record(row: &Row<'_>) -> Result<Record, DbError> {
    let letter = row.get::<Option<String>>(11)?;
    let letter = letter.map(|letter| serde_json::from_str(&letter)).transpose();
    let last_error = row.get::<Option<String>>(12)?.map(|text| text.parse()).transpose();
    Ok(Record {
        id: row.get(0)?,
        kind: row.get::<String>(1)?.parse().map_err(DbError::decode)?,
        subject_id: row.get(2)?,
        recipient: Recipient { email: row.get(3)?, user: row.get(4)? },
        state: row.get::<String>(5)?.parse().map_err(DbError::decode)?,
        message_id: row.get(6)?,
        attempts: row.get(7)?,
        last_error: last_error.map_err(DbError::decode)?,
        original: row.get(8)?,
        created_at: row.get(9)?,
        sent_at: row.get(10)?,
        letter: letter.map_err(DbError::decode)?,
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

const FORGET: Sql = Sql::new("DELETE FROM letters WHERE mail_id = ?");

/// Forgets what up to `limit` mails say, the oldest up to `cutoff`, unless they are still to be sent;
/// tells how many.
///
/// # Errors
/// When the database fails.
pub fn forget_letters(tx: &mut Tx<'_>, cutoff: NotificationId, limit: u32) -> Result<u64, DbError> {
    let old = tx.query(
        "SELECT l.mail_id FROM letters l JOIN mails m ON m.id = l.mail_id \
         WHERE l.mail_id <= ? AND m.state <> 'queued' ORDER BY l.mail_id LIMIT ?",
        p![cutoff, limit],
        |row| row.get::<NotificationId>(0),
    )?;
    let statements: Vec<_> = old.iter().map(|id| (FORGET, p![*id])).collect();
    if statements.is_empty() { Ok(0) } else { tx.execute_many(&statements) }
}

/// Forgets what one mail says.
///
/// # Errors
/// When the database fails.
pub fn forget_letter(tx: &mut Tx<'_>, id: NotificationId) -> Result<(), DbError> {
    tx.execute(FORGET, p![id])?;
    Ok(())
}

const AUDIT: Rows = Rows::of(
    "mails",
    Sql::new(
        "SELECT subject_id, id, template, state, updated_at FROM mails \
         WHERE subject_id >= ? AND (subject_id > ? OR id > ?) AND original_id IS NULL \
         AND template IN (?, ?, ?, ?, ?, ?, ?) ORDER BY subject_id, id LIMIT ?",
    ),
);

/// The page of mails about orders that is wanted, in the order of the orders' ids and their own; no copies.
///
/// # Errors
/// When the database fails.
pub fn audit_mails(
    tx: &mut Tx<'_>,
    wanted: &Wanted<(Uuid, Uuid)>,
) -> Result<BookPage<MailEntry>, DbError> {
    let of_orders = Kind::OF_ORDERS.map(|kind| Value::Text(kind.as_str()));
    let book = Book::read(tx, wanted, AUDIT.with(&of_orders), |row| {
        let state: MailState = row.get::<String>(3)?.parse().map_err(DbError::decode)?;
        Ok(MailEntry {
            id: row.get(1)?,
            subject_id: row.get(0)?,
            template: row.get(2)?,
            done: matches!(state, MailState::Sent | MailState::Kept),
            updated_at: row.get::<Timestamp>(4)?,
        })
    })?;
    Ok(book.finish())
}

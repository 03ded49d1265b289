//! Sessions and the hashes of their refresh tokens.

use techtrove_core::{Timestamp, TypedId};
use techtrove_db::{DbError, Tx, p};
use techtrove_identity_api::{SessionId, Standing, UserId};
use uuid::Uuid;

use super::{list_roles, users::read_categories};
use crate::domain::{Device, LiveSession, PresentedToken, Session};

/// From how many of a user's newest sessions it is told which addresses are theirs.
const KNOWN_SESSIONS: i64 = 50;

/// Stores a new session, and where it began.
///
/// # Errors
/// When the database fails.
pub fn insert_session(tx: &mut Tx<'_>, session: &Session, device: &Device) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO sessions (id, user_id, started_at, used_at, user_agent, address) \
         VALUES (?, ?, ?, ?, ?, ?)",
        p![
            session.id,
            session.user_id,
            session.started_at,
            session.started_at,
            device.user_agent,
            device.address
        ],
    )?;
    Ok(())
}

/// Notes that a session is used at `now`, and from where.
///
/// # Errors
/// When the database fails.
pub fn note_use(
    tx: &mut Tx<'_>,
    id: SessionId,
    device: &Device,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE sessions SET used_at = ?, user_agent = ?, address = ? WHERE id = ?",
        p![now, device.user_agent, device.address, id],
    )?;
    Ok(())
}

/// At most `limit` of a user's sessions that are older than `before`, newest first: those that have not
/// ended and were used after `since`.
///
/// # Errors
/// When the database fails.
pub fn list_sessions(
    tx: &mut Tx<'_>,
    user: UserId,
    since: Timestamp,
    before: Option<SessionId>,
    limit: usize,
) -> Result<Vec<LiveSession>, DbError> {
    let before = before.map_or(Uuid::max(), TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(
        "SELECT id, started_at, COALESCE(used_at, started_at), user_agent, address FROM sessions \
         WHERE user_id = ? AND ended_at IS NULL AND COALESCE(used_at, started_at) > ? AND id < ? \
         ORDER BY id DESC LIMIT ?",
        p![user, since, before, limit],
        |row| {
            Ok(LiveSession {
                id: row.get(0)?,
                started_at: row.get(1)?,
                used_at: row.get(2)?,
                device: Device { user_agent: row.get(3)?, address: row.get(4)? },
            })
        },
    )
}

/// The addresses of a user's newest sessions, ended ones too.
///
/// # Errors
/// When the database fails.
pub fn list_known_addresses(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<String>, DbError> {
    let found = tx.query(
        "SELECT address FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT ?",
        p![user, KNOWN_SESSIONS],
        |row| row.get::<Option<String>>(0),
    )?;
    Ok(found.into_iter().flatten().collect())
}

/// Ends a session of the user; `false` when they have no such session that has not ended.
///
/// # Errors
/// When the database fails.
pub fn end_own_session(
    tx: &mut Tx<'_>,
    user: UserId,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let ended = tx.execute(
        "UPDATE sessions SET ended_at = ? WHERE id = ? AND user_id = ? AND ended_at IS NULL",
        p![now, id, user],
    )?;
    Ok(ended == 1)
}

/// Ends a session and with it all its refresh tokens; one that has ended stays as it is.
///
/// # Errors
/// When the database fails.
pub fn end_session(tx: &mut Tx<'_>, id: SessionId, now: Timestamp) -> Result<(), DbError> {
    tx.execute("UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", p![now, id])?;
    Ok(())
}

/// Ends all sessions of a user, except the one to keep.
///
/// # Errors
/// When the database fails.
pub fn end_sessions(
    tx: &mut Tx<'_>,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<(), DbError> {
    let keep = keep.map_or(Uuid::nil(), TypedId::uuid);
    tx.execute(
        "UPDATE sessions SET ended_at = ? WHERE user_id = ? AND id <> ? AND ended_at IS NULL",
        p![now, user, keep],
    )?;
    Ok(())
}

/// How a session stands, if there ever was such a one.
///
/// # Errors
/// When the database fails.
pub fn lookup_standing(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Standing>, DbError> {
    let found = tx.query_opt(
        "SELECT u.id, s.ended_at, u.disabled_at, u.categories \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?",
        p![id],
        |row| {
            let over = row.get::<Option<Timestamp>>(1)?.is_some();
            let disabled = row.get::<Option<Timestamp>>(2)?.is_some();
            Ok((row.get::<UserId>(0)?, over || disabled, read_categories(row, 3)?))
        },
    )?;
    let Some((user, ended, categories)) = found else { return Ok(None) };
    Ok(Some(Standing { ended, roles: list_roles(tx, user)?, categories }))
}

/// Stores what is kept of a new refresh token.
///
/// # Errors
/// When the database fails.
pub fn insert_refresh_token(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    session: SessionId,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (?, ?, ?)",
        p![hash.as_slice(), session, expires_at],
    )?;
    Ok(())
}

/// What is known of a presented token, if it was ever issued.
///
/// # Errors
/// When the database fails.
pub fn lookup_refresh_token(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
) -> Result<Option<(PresentedToken, Session)>, DbError> {
    tx.query_opt(
        "SELECT t.expires_at, t.spent_at, s.ended_at, s.id, s.user_id, s.started_at \
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = ?",
        p![hash.as_slice()],
        |row| {
            let token = PresentedToken {
                expires_at: row.get(0)?,
                spent: row.get::<Option<Timestamp>>(1)?.is_some(),
                session_ended: row.get::<Option<Timestamp>>(2)?.is_some(),
            };
            Ok((token, Session { id: row.get(3)?, user_id: row.get(4)?, started_at: row.get(5)? }))
        },
    )
}

/// Marks a token as used; `false` when somebody else just did.
///
/// # Errors
/// When the database fails.
pub fn spend_refresh_token(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, DbError> {
    let spent = tx.execute(
        "UPDATE refresh_tokens SET spent_at = ? WHERE token_hash = ? AND spent_at IS NULL",
        p![now, hash.as_slice()],
    )?;
    Ok(spent == 1)
}

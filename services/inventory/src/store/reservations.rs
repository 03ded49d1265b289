//! Reservations and their lines. Rows of ended reservations stay: they are what makes late repeats
//! harmless.

use std::collections::BTreeMap;

use techtrove_core::{Sku, Timestamp};
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_inventory_api::{ReservationId, ReservationState};

use super::Batch;
use crate::domain::{Lines, MAIN, Standing};

const INSERT: Sql = Sql::new(
    "INSERT INTO reservations (id, attempt, state, expires_at, updated_at) VALUES (?, ?, ?, ?, ?)",
);

const INSERT_LINE: Sql = Sql::new(
    "INSERT INTO reservation_lines (reservation_id, attempt, sku, location, quantity) \
     VALUES (?, ?, ?, ?, ?)",
);

const UPDATE: Sql = Sql::new(
    "UPDATE reservations SET state = ?, expires_at = ?, updated_at = ? WHERE id = ? AND attempt = ?",
);

/// Where the attempt stands, if it was ever made or ended.
///
/// # Errors
/// When the database fails.
pub fn lookup_standing(
    tx: &mut Tx<'_>,
    id: ReservationId,
    attempt: u32,
) -> Result<Option<Standing>, DbError> {
    tx.query_opt(
        "SELECT state, expires_at FROM reservations WHERE id = ? AND attempt = ?",
        p![id, attempt],
        read_standing,
    )
}

/// The same, and nobody else changes it until the transaction ends. Always locked before stock.
///
/// # Errors
/// When the database fails.
pub fn lock_standing(
    tx: &mut Tx<'_>,
    id: ReservationId,
    attempt: u32,
) -> Result<Option<Standing>, DbError> {
    tx.query_opt(
        "SELECT state, expires_at FROM reservations WHERE id = ? AND attempt = ? FOR UPDATE",
        p![id, attempt],
        read_standing,
    )
}

fn read_standing(row: &Row<'_>) -> Result<Standing, DbError> {
    Ok(Standing { state: read_state(&row.get::<String>(0)?)?, expires_at: row.get(1)? })
}

/// What the attempt was made with.
///
/// # Errors
/// When the database fails.
pub fn list_lines(tx: &mut Tx<'_>, id: ReservationId, attempt: u32) -> Result<Lines, DbError> {
    let pieces = tx.query(
        "SELECT sku, quantity FROM reservation_lines WHERE reservation_id = ? AND attempt = ?",
        p![id, attempt],
        |row| Ok((row.get::<Sku>(0)?, row.get::<i64>(1)?)),
    )?;
    Ok(Lines::stored(pieces.into_iter().collect::<BTreeMap<_, _>>()))
}

/// What of the attempt has not left the building.
///
/// # Errors
/// When the database fails.
pub fn list_left(tx: &mut Tx<'_>, id: ReservationId, attempt: u32) -> Result<Lines, DbError> {
    let pieces = tx.query(
        "SELECT sku, quantity - shipped FROM reservation_lines \
         WHERE reservation_id = ? AND attempt = ? AND shipped < quantity",
        p![id, attempt],
        |row| Ok((row.get::<Sku>(0)?, row.get::<i64>(1)?)),
    )?;
    Ok(Lines::stored(pieces.into_iter().collect::<BTreeMap<_, _>>()))
}

/// Stores a new attempt; a [`DbError::UniqueViolation`] follows when somebody else just stored it.
pub fn insert_reservation<'a>(
    batch: &mut Batch<'a>,
    (id, attempt): (ReservationId, u32),
    standing: Standing,
    lines: &'a Lines,
    now: Timestamp,
) {
    let state = state_name(standing.state);
    batch.push(INSERT, p![id, attempt, state, standing.expires_at, now]);
    for (sku, pieces) in lines.iter() {
        batch.push(INSERT_LINE, p![id, attempt, sku, MAIN, pieces]);
    }
}

/// Stores where an attempt stands from now on.
pub fn update_standing(
    batch: &mut Batch<'_>,
    (id, attempt): (ReservationId, u32),
    standing: Standing,
    now: Timestamp,
) {
    batch.push(UPDATE, p![state_name(standing.state), standing.expires_at, now, id, attempt]);
}

/// Holds whose time is over, oldest first.
///
/// # Errors
/// When the database fails.
pub fn list_due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(ReservationId, u32)>, DbError> {
    tx.query(
        "SELECT id, attempt FROM reservations WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
        p![now, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn state_name(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Held => "held",
        ReservationState::Committed => "committed",
        ReservationState::Shipped => "shipped",
        ReservationState::Released => "released",
        ReservationState::Expired => "expired",
    }
}

/// The state of this name.
pub(super) fn read_state(name: &str) -> Result<ReservationState, DbError> {
    use ReservationState::{Committed, Expired, Held, Released, Shipped};
    [Held, Committed, Shipped, Released, Expired]
        .into_iter()
        .find(|&state| state_name(state) == name)
        .ok_or_else(|| DbError::decode("no reservation's state"))
}

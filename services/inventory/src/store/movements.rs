//! The ledger behind `on_hand`: rows are added, never changed.

use techtrove_core::{Sku, TypedId};
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_inventory_api::MovementId;
use uuid::Uuid;

use super::{Batch, bound};
use crate::domain::{MAIN, Movement, MovementKind};

const INSERT: Sql = Sql::new(
    "INSERT INTO movements (id, sku, location, kind, delta, on_hand_after, reason, actor, \
     reservation_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

/// Adds a movement to the ledger.
pub fn insert_movement<'a>(batch: &mut Batch<'a>, movement: &'a Movement) {
    let values = p![
        movement.id,
        &movement.sku,
        MAIN,
        movement.kind.as_str(),
        movement.delta,
        movement.on_hand_after,
        &movement.reason,
        &movement.actor,
        movement.reservation,
        movement.created_at,
    ];
    batch.push(INSERT, values);
}

/// At most `limit` movements of a SKU that are older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_movements(
    tx: &mut Tx<'_>,
    sku: &Sku,
    before: Option<MovementId>,
    limit: usize,
) -> Result<Vec<Movement>, DbError> {
    let before = before.map_or(Uuid::max(), TypedId::uuid);
    tx.query(
        "SELECT id, sku, kind, delta, on_hand_after, reason, actor, reservation_id, created_at \
         FROM movements WHERE sku = ? AND location = ? AND id < ? ORDER BY id DESC LIMIT ?",
        p![sku, MAIN, before, bound(limit)],
        read_movement,
    )
}

fn read_movement(row: &Row<'_>) -> Result<Movement, DbError> {
    Ok(Movement {
        id: row.get(0)?,
        sku: row.get(1)?,
        kind: read_kind(&row.get::<String>(2)?)?,
        delta: row.get(3)?,
        on_hand_after: row.get(4)?,
        reason: row.get(5)?,
        actor: row.get(6)?,
        reservation: row.get(7)?,
        created_at: row.get(8)?,
    })
}

fn read_kind(name: &str) -> Result<MovementKind, DbError> {
    MovementKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == name)
        .ok_or_else(|| DbError::decode("no movement's kind"))
}

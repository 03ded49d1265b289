//! The ledger behind `on_hand`: rows are added, never changed.

use techtrove_db::{Sql, p};

use super::Batch;
use crate::domain::{MAIN, Movement};

const INSERT: Sql = Sql::new(
    "INSERT INTO movements (id, sku, location, kind, delta, on_hand_after, reason, actor, created_at) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        movement.created_at,
    ];
    batch.push(INSERT, values);
}

//! Whose e-mail addresses are known to be, and the guests' orders that are theirs by that.

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Params, Sql, Tx, p};
use techtrove_identity_api::UserId;
use techtrove_orders_api::OrderId;

use super::listing::read_orders;
use crate::domain::Order;

/// Gives a guest's order to the user whose its contact is known to be; writes nothing when it is nobody's.
const ADOPT_ONE: Sql = Sql::new(
    "UPDATE orders SET user_id = (SELECT v.user_id FROM verified_addresses v \
     WHERE v.email_folded = orders.email_folded) WHERE id = ? AND user_id IS NULL \
     AND EXISTS (SELECT 1 FROM verified_addresses v WHERE v.email_folded = orders.email_folded)",
);

const ADOPT_KNOWN: Sql = Sql::new("UPDATE orders SET user_id = ? WHERE id = ?");

/// An address that is known to be a user's.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedAddress {
    /// Whose.
    pub user_id: UserId,
    /// The address, case-folded.
    pub email_folded: String,
    /// Since when.
    pub verified_at: Timestamp,
}

impl std::fmt::Debug for VerifiedAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifiedAddress(…)")
    }
}

/// Keeps whose an address is, in place of the one that the user had before; `false` when it has become
/// somebody's since.
///
/// # Errors
/// When the database fails.
pub fn keep_verified(tx: &mut Tx<'_>, address: &VerifiedAddress) -> Result<bool, DbError> {
    let VerifiedAddress { user_id, email_folded, verified_at } = address;
    let known = tx.query_opt(
        "SELECT verified_at FROM verified_addresses WHERE email_folded = ? FOR UPDATE",
        p![email_folded],
        |row| row.get::<Timestamp>(0),
    )?;
    if known.is_some_and(|known| known > *verified_at) {
        return Ok(false);
    }
    tx.execute(
        "DELETE FROM verified_addresses WHERE user_id = ? OR email_folded = ?",
        p![user_id, email_folded],
    )?;
    tx.execute(
        "INSERT INTO verified_addresses (email_folded, user_id, verified_at) VALUES (?, ?, ?)",
        p![email_folded, user_id, verified_at],
    )?;
    Ok(true)
}

/// Gives the user all orders of guests with this contact, and tells which. Attempts that were refused
/// have none.
///
/// # Errors
/// When the database fails.
pub fn adopt_orders(tx: &mut Tx<'_>, address: &VerifiedAddress) -> Result<Vec<Order>, DbError> {
    // In the order of their ids, in which nobody waits for another in a ring.
    let found = tx.query(
        "SELECT id FROM orders WHERE email_folded = ? AND user_id IS NULL ORDER BY id FOR UPDATE",
        p![address.email_folded],
        |row| row.get::<OrderId>(0),
    )?;
    let statements: Vec<_> =
        found.iter().map(|id| (ADOPT_KNOWN, p![address.user_id, *id])).collect();
    if !statements.is_empty() {
        tx.execute_many(&statements)?;
    }
    read_orders(tx, &found)
}

/// Whose the order is, if it is a user's.
///
/// # Errors
/// When the database fails, or there is no such order.
pub fn lookup_owner(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<UserId>, DbError> {
    tx.query_one("SELECT user_id FROM orders WHERE id = ?", p![id], |row| row.get(0))
}

/// The statement which gives a guest's order, that has just been confirmed, to whom its contact is known to
/// be.
pub(super) fn adopted(order: &Order) -> (Sql, Params<'_>) {
    (ADOPT_ONE, p![order.id])
}

//! What buyers and staff change of an order that was placed.

use techtrove_core::EmailAddress;
use techtrove_db::{DbError, Tx, p};

use super::orders::to_json;
use crate::domain::Order;

/// Stores what an edit has changed of an order that is locked.
///
/// # Errors
/// When the database fails.
pub fn store_edit(tx: &mut Tx<'_>, order: &Order) -> Result<(), DbError> {
    let shipping_address = to_json(order.delivery.shipping_address.as_ref())?;
    let billing_address = to_json(order.delivery.billing_address.as_ref())?;
    let email_folded = order.email.as_ref().map(EmailAddress::folded);
    tx.execute(
        "UPDATE orders SET shipping_address = ?, billing_address = ?, email = ?, email_folded = ?, \
         note = ?, version = ?, updated_at = ? WHERE id = ?",
        p![
            shipping_address,
            billing_address,
            order.email,
            email_folded,
            order.note,
            order.version,
            order.updated_at,
            order.id,
        ],
    )?;
    Ok(())
}

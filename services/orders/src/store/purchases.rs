//! What users have bought, as others are told of it.

use std::collections::BTreeSet;

use techtrove_db::{DbError, Tx, p};
use techtrove_orders_api::PurchaseClaim;
use uuid::Uuid;

const USERS: &str =
    "SELECT DISTINCT user_id FROM orders WHERE user_id > ? ORDER BY user_id LIMIT ?";

/// What is cancelled later was bought all the same.
const BOUGHT: &str = "SELECT DISTINCT o.user_id, l.product_id FROM orders o \
     JOIN order_lines l ON l.order_id = o.id WHERE o.user_id > ? AND o.user_id <= ? \
     AND EXISTS (SELECT 1 FROM order_history h WHERE h.order_id = o.id AND h.kind = 'status' \
     AND h.status = 'confirmed')";

/// Up to `limit` users behind `after` who have orders, in the order of their ids, and what they have bought.
///
/// # Errors
/// When the database fails.
pub fn list_purchases(
    tx: &mut Tx<'_>,
    after: Uuid,
    limit: u32,
) -> Result<Vec<PurchaseClaim>, DbError> {
    let users = tx.query(USERS, p![after, limit], |row| row.get::<Uuid>(0))?;
    let Some(last) = users.last().copied() else { return Ok(Vec::new()) };
    let claim = |user| PurchaseClaim { user, products: BTreeSet::new() };
    let mut claims: Vec<PurchaseClaim> = users.into_iter().map(claim).collect();
    let bought =
        tx.query(BOUGHT, p![after, last], |row| Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?)))?;
    for (user, product) in bought {
        if let Ok(place) = claims.binary_search_by_key(&user, |claim| claim.user) {
            claims[place].products.insert(product);
        }
    }
    Ok(claims)
}

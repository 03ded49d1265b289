//! What users have bought, as others are told of it.

use std::collections::BTreeSet;

use techtrove_core::BookPage;
use techtrove_db::{Book, DbError, Rows, Sql, Tx, Wanted};
use techtrove_orders_api::PurchaseClaim;
use uuid::Uuid;

const USERS: Rows = Rows::of(
    "orders",
    Sql::new("SELECT DISTINCT user_id FROM orders WHERE user_id > ? ORDER BY user_id LIMIT ?"),
);

/// What is cancelled later was bought all the same.
const BOUGHT: Rows = Rows::of(
    "orders, order_lines",
    Sql::new(
        "SELECT DISTINCT o.user_id, l.product_id FROM orders o \
         JOIN order_lines l ON l.order_id = o.id WHERE o.user_id > ? AND o.user_id <= ? \
         AND EXISTS (SELECT 1 FROM order_history h WHERE h.order_id = o.id AND h.kind = 'status' \
         AND h.status = 'confirmed')",
    ),
);

/// The page of users who have orders that is wanted, in the order of their ids, and what they have bought.
///
/// # Errors
/// When the database fails.
pub fn list_purchases(
    tx: &mut Tx<'_>,
    wanted: &Wanted<Uuid>,
) -> Result<BookPage<PurchaseClaim>, DbError> {
    let mut book = Book::read(tx, wanted, &USERS, |row| {
        Ok(PurchaseClaim { user: row.get(0)?, products: BTreeSet::new() })
    })?;
    let bought = book.details(tx, &BOUGHT, |row| row.get::<Uuid>(1))?;
    let mut claims = book.by_key();
    for (user, product) in bought {
        if let Some(claim) = claims.get_mut(&user) {
            claim.products.insert(product);
        }
    }
    Ok(book.finish())
}

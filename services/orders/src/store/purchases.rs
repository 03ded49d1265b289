//! What users have bought, as others are told of it.

use std::collections::BTreeSet;

use techtrove_core::BookPage;
use techtrove_db::{Book, DbError, Rows, Sql, Tx, p};
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

/// The page of `limit` users behind `after` who have orders, in the order of their ids, and what they have bought.
///
/// # Errors
/// When the database fails.
pub fn list_purchases(
    tx: &mut Tx<'_>,
    after: Uuid,
    limit: usize,
) -> Result<BookPage<PurchaseClaim>, DbError> {
    let mut book = Book::<Uuid, _>::read(tx, limit, (&USERS, p![after]), |row| {
        Ok(PurchaseClaim { user: row.get(0)?, products: BTreeSet::new() })
    })?;
    let Some(last) = book.last() else { return Ok(book.finish()) };
    let bought = book.details(tx, (&BOUGHT, p![after, last]), |row| row.get::<Uuid>(1))?;
    let claims = book.entries();
    for (user, product) in bought {
        if let Ok(place) = claims.binary_search_by_key(&user, |(user, _)| *user) {
            claims[place].1.products.insert(product);
        }
    }
    Ok(book.finish())
}

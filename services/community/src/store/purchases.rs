//! Who bought what.

use techtrove_catalog_api::ProductId;
use techtrove_community_api::PurchaseEntry;
use techtrove_core::BookPage;
use techtrove_db::{Book, DbError, Rows, Sql, Tx, Wanted, p};
use techtrove_identity_api::UserId;
use uuid::Uuid;

const PURCHASES: Rows = Rows::of(
    "purchases",
    Sql::new(
        "SELECT user_id, product_id FROM purchases WHERE user_id >= ? \
         AND (user_id > ? OR product_id > ?) ORDER BY user_id, product_id LIMIT ?",
    ),
);

/// Whether the customer bought the product.
///
/// # Errors
/// When the database fails.
pub fn has_bought(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<bool, DbError> {
    let found = tx.query_opt(
        "SELECT product_id FROM purchases WHERE user_id = ? AND product_id = ?",
        p![user, product],
        |row| row.get::<ProductId>(0),
    )?;
    Ok(found.is_some())
}

/// Remembers that the customer bought the product.
///
/// # Errors
/// [`DbError::UniqueViolation`] when they did before; or when the database fails.
pub fn insert_purchase(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<(), DbError> {
    let statement = "INSERT INTO purchases (user_id, product_id) VALUES (?, ?)";
    tx.execute(statement, p![user, product])?;
    Ok(())
}

/// The page of purchases that is wanted, in the order of users and products.
///
/// # Errors
/// When the database fails.
pub fn audit_purchases(
    tx: &mut Tx<'_>,
    wanted: &Wanted<(Uuid, Uuid)>,
) -> Result<BookPage<PurchaseEntry>, DbError> {
    let book = Book::read(tx, wanted, &PURCHASES, |row| {
        Ok(PurchaseEntry { user: row.get(0)?, product: row.get(1)? })
    })?;
    Ok(book.finish())
}

//! Favourites, and how many a customer has.

use techtrove_catalog_api::ProductId;
use techtrove_core::TypedId;
use techtrove_db::{DbError, Row, Tx, p};
use techtrove_identity_api::UserId;
use uuid::Uuid;

use crate::domain::{Favorite, FavoriteId};

/// How many favourites the customer has, locked; nothing for one who never had any.
///
/// # Errors
/// When the database fails.
pub fn lock_count(tx: &mut Tx<'_>, user: UserId) -> Result<Option<u32>, DbError> {
    tx.query_opt(
        "SELECT favorites FROM favorite_counts WHERE user_id = ? FOR UPDATE",
        p![user],
        |row| u32::try_from(row.get::<i64>(0)?).map_err(DbError::decode),
    )
}

/// Stores the count of a customer who never had any.
///
/// # Errors
/// [`DbError::UniqueViolation`] when somebody else just did; or when the database fails.
pub fn insert_count(tx: &mut Tx<'_>, user: UserId, count: u32) -> Result<(), DbError> {
    let count = i64::from(count);
    tx.execute("INSERT INTO favorite_counts (user_id, favorites) VALUES (?, ?)", p![user, count])?;
    Ok(())
}

/// Stores the count of a customer whose row is locked.
///
/// # Errors
/// When the database fails.
pub fn update_count(tx: &mut Tx<'_>, user: UserId, count: u32) -> Result<(), DbError> {
    let count = i64::from(count);
    tx.execute("UPDATE favorite_counts SET favorites = ? WHERE user_id = ?", p![count, user])?;
    Ok(())
}

/// Whether the product is among the customer's favourites.
///
/// # Errors
/// When the database fails.
pub fn is_favorite(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<bool, DbError> {
    let found = tx.query_opt(
        "SELECT id FROM favorites WHERE user_id = ? AND product_id = ?",
        p![user, product],
        |row| row.get::<FavoriteId>(0),
    )?;
    Ok(found.is_some())
}

/// Adds a favourite.
///
/// # Errors
/// [`DbError::UniqueViolation`] when it is one already; or when the database fails.
pub fn insert_favorite(tx: &mut Tx<'_>, favorite: &Favorite) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO favorites (user_id, product_id, id, added_at) VALUES (?, ?, ?, ?)",
        p![favorite.user, favorite.product, favorite.id, favorite.added_at],
    )?;
    Ok(())
}

/// Removes a favourite, and tells whether it was one.
///
/// # Errors
/// When the database fails.
pub fn delete_favorite(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<bool, DbError> {
    let statement = "DELETE FROM favorites WHERE user_id = ? AND product_id = ?";
    Ok(tx.execute(statement, p![user, product])? > 0)
}

/// At most `limit` of the customer's favourites that are older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub fn list_favorites(
    tx: &mut Tx<'_>,
    user: UserId,
    before: Option<FavoriteId>,
    limit: usize,
) -> Result<Vec<Favorite>, DbError> {
    let before = before.map_or(Uuid::max(), TypedId::uuid);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(
        "SELECT id, user_id, product_id, added_at FROM favorites \
         WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        p![user, before, limit],
        read_favorite,
    )
}

fn read_favorite(row: &Row<'_>) -> Result<Favorite, DbError> {
    Ok(Favorite { id: row.get(0)?, user: row.get(1)?, product: row.get(2)?, added_at: row.get(3)? })
}

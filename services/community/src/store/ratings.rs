//! How products are rated. A product's row is locked before any of its reviews is written or removed.

use techtrove_catalog_api::ProductId;
use techtrove_db::{DbError, Row, Tx, p};

use crate::domain::Rating;

/// The product's rating; nothing for one that was never reviewed.
///
/// # Errors
/// When the database fails.
pub fn lookup_rating(tx: &mut Tx<'_>, product: ProductId) -> Result<Option<Rating>, DbError> {
    tx.query_opt(
        "SELECT stars_1, stars_2, stars_3, stars_4, stars_5, revision FROM ratings \
         WHERE product_id = ?",
        p![product],
        read_rating,
    )
}

/// The product's rating, locked; nothing for one that was never reviewed.
///
/// # Errors
/// When the database fails.
pub fn lock_rating(tx: &mut Tx<'_>, product: ProductId) -> Result<Option<Rating>, DbError> {
    tx.query_opt(
        "SELECT stars_1, stars_2, stars_3, stars_4, stars_5, revision FROM ratings \
         WHERE product_id = ? FOR UPDATE",
        p![product],
        read_rating,
    )
}

/// Stores the first rating of a product.
///
/// # Errors
/// [`DbError::UniqueViolation`] when somebody else just did; or when the database fails.
pub fn insert_rating(tx: &mut Tx<'_>, product: ProductId, rating: Rating) -> Result<(), DbError> {
    let [one, two, three, four, five] = rating.stars;
    tx.execute(
        "INSERT INTO ratings (stars_1, stars_2, stars_3, stars_4, stars_5, revision, product_id) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        p![one, two, three, four, five, rating.revision, product],
    )?;
    Ok(())
}

/// Stores the rating of a product whose row is locked.
///
/// # Errors
/// When the database fails.
pub fn update_rating(tx: &mut Tx<'_>, product: ProductId, rating: Rating) -> Result<(), DbError> {
    let [one, two, three, four, five] = rating.stars;
    tx.execute(
        "UPDATE ratings SET stars_1 = ?, stars_2 = ?, stars_3 = ?, stars_4 = ?, stars_5 = ?, \
         revision = ? WHERE product_id = ?",
        p![one, two, three, four, five, rating.revision, product],
    )?;
    Ok(())
}

fn read_rating(row: &Row<'_>) -> Result<Rating, DbError> {
    let stars = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
    Ok(Rating { stars, revision: row.get(5)? })
}

//! What customers think of products. Whether a writer bought the product is not stored with the review but
//! looked up beside it, so that it makes no difference which of the two came first.

use techtrove_catalog_api::ProductId;
use techtrove_core::TypedId;
use techtrove_db::{DbError, Row, Tx, p};
use techtrove_identity_api::UserId;
use uuid::Uuid;

use crate::domain::{Review, ReviewCursor, ReviewId, ReviewList, ReviewSort, Stars, Votes};

/// The columns of a review, in the order of [`read_review`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.product_id, r.user_id, r.rating, r.title, r.body, r.helpful, \
             r.not_helpful, r.version, r.created_at, r.updated_at, \
             (SELECT COUNT(*) FROM purchases p \
             WHERE p.user_id = r.user_id AND p.product_id = r.product_id) FROM reviews r ",
            $rest
        )
    };
}

/// The review.
///
/// # Errors
/// When the database fails.
pub fn lookup_review(tx: &mut Tx<'_>, id: ReviewId) -> Result<Option<Review>, DbError> {
    tx.query_opt(select!("WHERE r.id = ?"), p![id], read_review)
}

/// The review, locked.
///
/// # Errors
/// When the database fails.
pub fn lock_review(tx: &mut Tx<'_>, id: ReviewId) -> Result<Option<Review>, DbError> {
    tx.query_opt(select!("WHERE r.id = ? FOR UPDATE"), p![id], read_review)
}

/// Whether the customer has reviewed the product.
///
/// # Errors
/// When the database fails.
pub fn has_reviewed(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<bool, DbError> {
    let found = tx.query_opt(
        "SELECT id FROM reviews WHERE product_id = ? AND user_id = ?",
        p![product, user],
        |row| row.get::<ReviewId>(0),
    )?;
    Ok(found.is_some())
}

/// Adds a review, on which nobody has voted.
///
/// # Errors
/// [`DbError::UniqueViolation`] when the customer has one of the product; or when the database fails.
pub fn insert_review(tx: &mut Tx<'_>, review: &Review) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO reviews (id, product_id, user_id, rating, title, body, helpful, not_helpful, \
         helpfulness, version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?)",
        p![
            review.id,
            review.product,
            review.user,
            review.rating.get(),
            &review.title,
            &review.body,
            review.version,
            review.created_at,
            review.updated_at
        ],
    )?;
    Ok(())
}

/// Stores an edit of a review that is locked.
///
/// # Errors
/// When the database fails.
pub fn update_review(tx: &mut Tx<'_>, review: &Review) -> Result<(), DbError> {
    let Review { id, rating, title, body, version, updated_at, .. } = review;
    tx.execute(
        "UPDATE reviews SET rating = ?, title = ?, body = ?, version = ?, updated_at = ? \
         WHERE id = ?",
        p![rating.get(), title, body, *version, *updated_at, *id],
    )?;
    Ok(())
}

/// Removes a review that is locked, and on which there are no votes any more.
///
/// # Errors
/// When the database fails.
pub fn delete_review(tx: &mut Tx<'_>, id: ReviewId) -> Result<(), DbError> {
    tx.execute("DELETE FROM reviews WHERE id = ?", p![id])?;
    Ok(())
}

/// At most `limit` reviews of the list, behind `after`.
///
/// # Errors
/// When the database fails.
pub fn list_reviews(
    tx: &mut Tx<'_>,
    list: ReviewList,
    after: Option<ReviewCursor>,
    limit: usize,
) -> Result<Vec<Review>, DbError> {
    let (key, id) = after.map_or((i64::MAX, Uuid::max()), |after| (after.key, after.id.uuid()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match list.sort {
        ReviewSort::Newest => tx.query(
            select!("WHERE r.product_id = ? AND r.id < ? ORDER BY r.id DESC LIMIT ?"),
            p![list.product, id, limit],
            read_review,
        ),
        ReviewSort::Helpful => tx.query(
            select!(
                "WHERE r.product_id = ? AND r.helpfulness <= ? AND (r.helpfulness < ? OR r.id < ?) \
                 ORDER BY r.helpfulness DESC, r.id DESC LIMIT ?"
            ),
            p![list.product, key, key, id, limit],
            read_review,
        ),
        ReviewSort::Rating => tx.query(
            select!(
                "WHERE r.product_id = ? AND r.rating <= ? AND (r.rating < ? OR r.id < ?) \
                 ORDER BY r.rating DESC, r.id DESC LIMIT ?"
            ),
            p![list.product, key, key, id, limit],
            read_review,
        ),
    }
}

fn read_review(row: &Row<'_>) -> Result<Review, DbError> {
    let stars = Stars::new(row.get(3)?).ok_or_else(|| DbError::decode("no such rating"))?;
    Ok(Review {
        id: row.get(0)?,
        product: row.get(1)?,
        user: row.get(2)?,
        rating: stars,
        title: row.get(4)?,
        body: row.get(5)?,
        votes: Votes { helpful: row.get(6)?, not_helpful: row.get(7)? },
        version: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
        verified_purchase: row.get::<i64>(11)? > 0,
    })
}

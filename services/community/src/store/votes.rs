//! Whether reviews helped. A review's row is locked before any vote on it is changed.

use techtrove_db::{DbError, Tx, p};
use techtrove_identity_api::UserId;

use crate::domain::{ReviewId, Votes};

/// What the voter says of the review; nothing when they say nothing.
///
/// # Errors
/// When the database fails.
pub fn lookup_vote(
    tx: &mut Tx<'_>,
    review: ReviewId,
    voter: UserId,
) -> Result<Option<bool>, DbError> {
    tx.query_opt(
        "SELECT helpful FROM review_votes WHERE review_id = ? AND user_id = ?",
        p![review, voter],
        |row| row.get(0),
    )
}

/// Stores what the voter says of the review, who said nothing so far.
///
/// # Errors
/// When the database fails.
pub fn insert_vote(
    tx: &mut Tx<'_>,
    review: ReviewId,
    voter: UserId,
    helpful: bool,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO review_votes (review_id, user_id, helpful) VALUES (?, ?, ?)",
        p![review, voter, helpful],
    )?;
    Ok(())
}

/// Stores that the voter says something else of the review.
///
/// # Errors
/// When the database fails.
pub fn update_vote(
    tx: &mut Tx<'_>,
    review: ReviewId,
    voter: UserId,
    helpful: bool,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE review_votes SET helpful = ? WHERE review_id = ? AND user_id = ?",
        p![helpful, review, voter],
    )?;
    Ok(())
}

/// Removes what the voter said of the review.
///
/// # Errors
/// When the database fails.
pub fn delete_vote(tx: &mut Tx<'_>, review: ReviewId, voter: UserId) -> Result<(), DbError> {
    let statement = "DELETE FROM review_votes WHERE review_id = ? AND user_id = ?";
    tx.execute(statement, p![review, voter])?;
    Ok(())
}

/// Removes all that was said of the review.
///
/// # Errors
/// When the database fails.
pub fn delete_votes(tx: &mut Tx<'_>, review: ReviewId) -> Result<(), DbError> {
    tx.execute("DELETE FROM review_votes WHERE review_id = ?", p![review])?;
    Ok(())
}

/// Stores how many said what of a review that is locked.
///
/// # Errors
/// When the database fails.
pub fn update_votes(tx: &mut Tx<'_>, review: ReviewId, votes: Votes) -> Result<(), DbError> {
    tx.execute(
        "UPDATE reviews SET helpful = ?, not_helpful = ?, helpfulness = ? WHERE id = ?",
        p![votes.helpful, votes.not_helpful, votes.helpfulness(), review],
    )?;
    Ok(())
}

//! Customers say whether another's review helped them, say otherwise, or say nothing any more. Repeated,
//! each changes nothing.

use techtrove_identity_api::UserId;

use super::App;
use crate::{
    domain::{ReviewId, Vote},
    error::Error,
    store,
};

/// Says whether the review helped `voter`, whatever they said before.
///
/// # Errors
/// [`Error::UnknownReview`], [`Error::OwnReview`], or when the database fails.
pub async fn vote(app: &App, voter: UserId, id: ReviewId, helpful: bool) -> Result<Vote, Error> {
    app.db
        .write_again("community.vote", move |tx| {
            let review = store::lock_review(tx, id)?.ok_or(Error::UnknownReview(id))?;
            if review.user == voter {
                return Err(Error::OwnReview);
            }
            let before = store::lookup_vote(tx, id, voter)?;
            let votes = review.votes.changed(before, Some(helpful));
            match before {
                None => store::insert_vote(tx, id, voter, helpful)?,
                Some(_) => store::update_vote(tx, id, voter, helpful)?,
            }
            store::update_votes(tx, id, votes)?;
            Ok(Vote { review_id: id, helpful, votes })
        })
        .await
}

/// Takes back what `voter` said of the review, if they said anything.
///
/// # Errors
/// [`Error::UnknownReview`], or when the database fails.
pub async fn take_vote_back(app: &App, voter: UserId, id: ReviewId) -> Result<(), Error> {
    app.db
        .write_again("community.take_vote_back", move |tx| {
            let review = store::lock_review(tx, id)?.ok_or(Error::UnknownReview(id))?;
            let before = store::lookup_vote(tx, id, voter)?;
            if before.is_some() {
                store::delete_vote(tx, id, voter)?;
                store::update_votes(tx, id, review.votes.changed(before, None))?;
            }
            Ok(())
        })
        .await
}

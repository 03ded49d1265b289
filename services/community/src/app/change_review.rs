//! A customer edits or removes what they said of a product; support removes what should not stand there.

use techtrove_db::Tx;
use techtrove_http::IfMatch;
use techtrove_identity_api::{Claims, Role, UserId};

use super::App;
use crate::{
    domain::{Rating, Review, ReviewChange, ReviewId},
    error::Error,
    events::rating_changed,
    store,
};

/// Edits the customer's own review, unless they saw another version and say so, and tells how the product
/// is rated now if that changed. An edit that changes nothing leaves the version as it is.
///
/// # Errors
/// [`Error::UnknownReview`], [`Error::ForeignReview`], [`Error::Invalid`], [`Error::Refused`] when the
/// version is another, or when the database fails.
pub async fn edit_review(
    app: &App,
    (user, id): (UserId, ReviewId),
    if_match: Option<IfMatch>,
    change: ReviewChange,
) -> Result<Review, Error> {
    let (written, now) = (change.checked()?, app.clock.now());
    let context = app.event_context();
    app.db
        .write_again("community.edit_review", move |tx| {
            let (review, rating) = lock(tx, id)?;
            if review.user != user {
                return Err(Error::ForeignReview);
            }
            if_match.as_ref().map_or(Ok(()), |seen| seen.check(review.version))?;
            let edited = review.edited(written.clone(), now);
            if edited.version == review.version {
                return Ok(edited);
            }
            store::update_review(tx, &edited)?;
            if edited.rating != review.rating {
                let rating = rating.instead(review.rating, edited.rating);
                store::update_rating(tx, edited.product, rating)?;
                techtrove_bus::record(tx, &context, &rating_changed(edited.product, rating))?;
            }
            Ok(edited)
        })
        .await
}

/// Removes a review with the votes on it, its writer's or whosever support asks for, unless they saw
/// another version and say so, and tells how the product is rated now.
///
/// # Errors
/// [`Error::UnknownReview`], [`Error::ForeignReview`], [`Error::Refused`] when the version is another, or
/// when the database fails.
pub async fn delete_review(
    app: &App,
    caller: &Claims,
    id: ReviewId,
    if_match: Option<IfMatch>,
) -> Result<(), Error> {
    let (user, moderates) = (caller.sub, caller.has(Role::Support));
    let context = app.event_context();
    app.db
        .write_again("community.delete_review", move |tx| {
            let (review, rating) = lock(tx, id)?;
            if review.user != user && !moderates {
                return Err(Error::ForeignReview);
            }
            if_match.as_ref().map_or(Ok(()), |seen| seen.check(review.version))?;
            let rating = rating.without(review.rating);
            store::delete_votes(tx, id)?;
            store::delete_review(tx, id)?;
            store::update_rating(tx, review.product, rating)?;
            techtrove_bus::record(tx, &context, &rating_changed(review.product, rating))?;
            Ok(())
        })
        .await
}

/// The review with its product's rating, the rating's row locked first: so that whoever changes reviews
/// of one product does it one after the other.
fn lock(tx: &mut Tx<'_>, id: ReviewId) -> Result<(Review, Rating), Error> {
    let unknown = || Error::UnknownReview(id);
    let product = store::lookup_review(tx, id)?.ok_or_else(unknown)?.product;
    let rating = store::lock_rating(tx, product)?.ok_or_else(unknown)?;
    let review = store::lock_review(tx, id)?.ok_or_else(unknown)?;
    Ok((review, rating))
}

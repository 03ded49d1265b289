//! Anybody reads what customers think of a product on sale.

use techtrove_core::{FieldError, Page, PageRequest, Problem, codes};

use super::App;
use crate::{
    domain::{Review, ReviewCursor, ReviewId, ReviewList, ReviewPage},
    error::Error,
    store,
};

/// A page of the list, and how the product is rated by all of them.
///
/// # Errors
/// [`Error::UnknownProduct`] when it is not on sale, [`Error::Refused`] when the page is not one of this
/// list, or when catalog or the database fails.
pub async fn list_reviews(
    app: &App,
    list: ReviewList,
    page: &PageRequest,
) -> Result<ReviewPage, Error> {
    let (limit, after) = (page.limit()?, page.after::<ReviewCursor>()?);
    if after.is_some_and(|after| !list.owns(&after)) {
        return Err(foreign_cursor().into());
    }
    if !app.catalog.is_on_sale(list.product).await? {
        return Err(Error::UnknownProduct(list.product));
    }
    let read = app.db.read("community.list_reviews", move |tx| {
        let rating = store::lookup_rating(tx, list.product)?.unwrap_or_default();
        Ok::<_, Error>((rating, store::list_reviews(tx, list, after, limit + 1)?))
    });
    let (rating, rows) = read.await?;
    let Page { items, next_cursor } = Page::from_surplus(rows, limit, |review| list.cursor(review));
    Ok(ReviewPage { items, next_cursor, rating: rating.into() })
}

/// One review, also of a product that has left the shop.
///
/// # Errors
/// [`Error::UnknownReview`], or when the database fails.
pub async fn get_review(app: &App, id: ReviewId) -> Result<Review, Error> {
    app.db
        .read("community.get_review", move |tx| {
            store::lookup_review(tx, id)?.ok_or(Error::UnknownReview(id))
        })
        .await
}

fn foreign_cursor() -> Problem {
    let detail = "the cursor belongs to another product's list or another order";
    let mut problem = Problem::new(codes::INVALID_CURSOR, detail);
    problem.errors.push(FieldError::new("/cursor", detail));
    problem
}

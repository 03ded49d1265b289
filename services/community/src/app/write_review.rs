//! A customer says what they think of a product.

use techtrove_catalog_api::ProductId;
use techtrove_core::Problem;
use techtrove_db::Tx;
use techtrove_http::idempotency::{Answer, Key, Once, Repeatable, once};
use techtrove_identity_api::UserId;

use super::App;
use crate::{
    domain::{NewReview, Occasion, Review},
    error::Error,
    events::rating_changed,
    store,
};

/// Adds the customer's review of `product`, once per key, and tells how the product is rated now.
///
/// # Errors
/// [`Error::UnknownProduct`] when it is not on sale, [`Error::AlreadyReviewed`], [`Error::Invalid`], or
/// when catalog or the database fails.
pub async fn write_review(
    app: &App,
    user: UserId,
    product: ProductId,
    new: NewReview,
    key: Option<Key>,
) -> Result<Once<Review>, Error> {
    let occasion = Occasion { id: app.ids.next(), product, user, now: app.clock.now() };
    let review = new.checked(occasion)?;
    let on_sale = app.catalog.is_on_sale(product).await?;
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| {
        // Asked within the claim: who repeats a request gets its answer, whatever became of the product.
        if !on_sale {
            return Err(Error::UnknownProduct(product));
        }
        let known = store::lock_rating(tx, product)?;
        if store::has_reviewed(tx, user, product)? {
            return Err(Error::AlreadyReviewed);
        }
        let rating = known.unwrap_or_default().with(review.rating);
        match known {
            Some(_) => store::update_rating(tx, product, rating)?,
            None => store::insert_rating(tx, product, rating)?,
        }
        store::insert_review(tx, &review)?;
        techtrove_bus::record(tx, &context, &rating_changed(product, rating))?;
        let verified_purchase = store::has_bought(tx, user, product)?;
        Ok(Review { verified_purchase, ..review.clone() })
    };
    app.db.write_again("community.write_review", move |tx| once(tx, key.as_ref(), &job)).await
}

impl Review {
    /// Where it is found.
    #[must_use]
    pub fn location(&self) -> String {
        format!("/api/v1/reviews/{}", self.id)
    }
}

impl Repeatable for Review {
    fn answer(&self) -> Result<Answer, Problem> {
        let answer = Answer::created(&self.location(), self)?;
        Ok(answer.in_version(self.version))
    }
}

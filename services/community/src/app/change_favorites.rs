//! A customer keeps a product in mind, or no longer. Repeated, either changes nothing.

use techtrove_catalog_api::ProductId;
use techtrove_identity_api::UserId;

use super::App;
use crate::{
    domain::{Favorite, count_with_another},
    error::Error,
    store,
};

/// Puts `product` on top of the customer's favourites; one that is among them stays where it is.
///
/// # Errors
/// [`Error::UnknownProduct`] when it is not on sale, [`Error::TooMany`], or when catalog or the
/// database fails.
pub async fn add_favorite(app: &App, user: UserId, product: ProductId) -> Result<(), Error> {
    if !app.catalog.is_on_sale(product).await? {
        return Err(Error::UnknownProduct(product));
    }
    let favorite = Favorite { id: app.ids.next(), user, product, added_at: app.clock.now() };
    app.db
        .write_again("community.add_favorite", move |tx| {
            let known = store::lock_count(tx, user)?;
            if store::is_favorite(tx, user, product)? {
                return Ok(());
            }
            let count = count_with_another(known.unwrap_or(0))?;
            match known {
                Some(_) => store::update_count(tx, user, count)?,
                None => store::insert_count(tx, user, count)?,
            }
            Ok(store::insert_favorite(tx, &favorite)?)
        })
        .await
}

/// Takes `product` from the customer's favourites, if it is among them.
///
/// # Errors
/// When the database fails.
pub async fn remove_favorite(app: &App, user: UserId, product: ProductId) -> Result<(), Error> {
    app.db
        .write_again("community.remove_favorite", move |tx| {
            let Some(count) = store::lock_count(tx, user)? else { return Ok(()) };
            if store::delete_favorite(tx, user, product)? {
                store::update_count(tx, user, count.saturating_sub(1))?;
            }
            Ok(())
        })
        .await
}

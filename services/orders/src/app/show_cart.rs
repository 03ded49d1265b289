//! Shows a cart to its owner, and finds a user's own.

use techtrove_identity_api::UserId;

use super::{
    App,
    cart_access::Shopper,
    cart_answer::{CartBody, priced},
};
use crate::{domain::cart::CartId, error::Error, store};

/// The cart with the prices of this moment.
///
/// # Errors
/// [`Error::NoCredential`], [`Error::NotFound`], or when catalog or the database fails.
pub(crate) async fn show_cart(app: &App, shopper: &Shopper, id: CartId) -> Result<CartBody, Error> {
    let access = shopper.access(app, id)?;
    let cart = app.db.lookup("orders.show_cart", move |tx| access.read(tx)).await?;
    priced(app, &cart).await
}

/// The user's newest cart that is open.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or when catalog or the database fails.
pub(crate) async fn current_cart(app: &App, user: UserId) -> Result<CartBody, Error> {
    let found = app.db.lookup("orders.current_cart", move |tx| -> Result<_, Error> {
        let current = store::lookup_current(tx, user)?.ok_or(Error::NotFound)?;
        store::lookup_cart(tx, current)?.ok_or(Error::NotFound)
    });
    priced(app, &found.await?).await
}

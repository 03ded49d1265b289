//! Makes an empty cart, of whoever is signed in or of a guest.

use techtrove_core::TypedId as _;
use techtrove_db::Tx;
use techtrove_http::idempotency::{Key, once};
use techtrove_identity_api::UserId;

use super::{
    App,
    cart_answer::{CartAnswer, CartBody, cart_token, priced, written},
};
use crate::{domain::cart::Cart, error::Error, store};

/// Makes a cart, once per key. A guest is given its token.
///
/// # Errors
/// When the key cannot be used or the database fails.
pub(crate) async fn create_cart(
    app: &App,
    user_id: Option<UserId>,
    key: Option<Key>,
) -> Result<CartAnswer, Error> {
    let cart = Cart::new(app.ids.next(), user_id, app.clock.now());
    let key = key.map(|key| key.for_resource(cart.id.uuid()));
    let job = move |tx: &mut Tx<'_>| {
        once(tx, key.as_ref(), |tx| {
            store::insert_cart(tx, &cart)?;
            Ok::<_, Error>(cart.clone())
        })
    };
    let made = written(app.db.write("orders.create_cart", job).await?)?;
    made.shown(async |cart: Cart| {
        let body = priced(app, &cart).await?;
        Ok(CartBody { cart_token: cart_token(app, &cart), ..body })
    })
    .await
}

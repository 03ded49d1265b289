//! Buys a cart: its lines as they are priced now become an order, and nothing else ever does. The cart
//! is locked in the transaction which stores the order, if it still is what was priced.

use std::sync::Arc;

use super::{
    App, PlaceOrder, Placed, cart_access::Shopper, earlier::answered_before,
    place_order::place_order, quote_cart::require_contents,
};
use crate::{
    domain::{cart::CartId, checkout::Wish},
    error::Error,
    store::CartAt,
};

/// How often a cart is priced again that was changed meanwhile.
const TRIES: usize = 16;

/// Buys the cart; `request` says all but the lines.
///
/// # Errors
/// As [`place_order`], and when there is no such cart or it cannot be bought.
pub(crate) async fn checkout_cart(
    app: &Arc<App>,
    shopper: &Shopper,
    id: CartId,
    request: PlaceOrder,
) -> Result<Placed, Error> {
    let access = shopper.access(app, id)?;
    for _ in 0..TRIES {
        let cart = app.db.lookup("orders.checkout_cart", move |tx| access.read(tx)).await?;
        if let Err(refusal) = require_contents(&cart) {
            return answered_before(app, request.key, refusal).await.map(Placed::again);
        }
        let wish = Wish { lines: cart.lines(), ..request.wish.clone() };
        let at = CartAt { id, revision: cart.revision };
        match place_order(app, PlaceOrder { wish, cart: Some(at), ..request.clone() }).await {
            Err(Error::CartMoved) => {}
            settled => return settled,
        }
    }
    Err(Error::CartMoved)
}

//! What a cart would cost if it were bought now: computed as checkout computes it.

use serde::Serialize;
use techtrove_orders_api::Totals;
use utoipa::ToSchema;

use super::{App, cart_access::Shopper, sellable::sellable};
use crate::{
    domain::{
        cart::{Cart, CartId},
        checkout::{self, Route},
    },
    error::Error,
};

/// What a cart would cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuoteBody {
    /// With tax and shipping; `totals.total` is what to expect at checkout.
    pub totals: Totals,
    /// Whether the tax is within the prices, and not added to them.
    pub prices_include_tax: bool,
}

/// Prices the cart for this route.
///
/// # Errors
/// When there is no such cart, it is not open, or it cannot be bought like this.
pub(crate) async fn quote_cart(
    app: &App,
    shopper: &Shopper,
    id: CartId,
    route: &Route,
) -> Result<QuoteBody, Error> {
    let access = shopper.access(app, id)?;
    let cart = app.db.lookup("orders.quote_cart", move |tx| access.read(tx)).await?;
    require_contents(&cart)?;
    let lines = cart.lines();
    let sold = sellable(app, lines.iter().map(|line| &line.sku)).await?;
    let priced = checkout::price(&app.config.pricing, &sold, route, "/items", &lines)?;
    Ok(QuoteBody { totals: priced.totals, prices_include_tax: priced.prices_include_tax })
}

/// That the cart is open and has something in it.
///
/// # Errors
/// Why it cannot be bought.
pub(super) fn require_contents(cart: &Cart) -> Result<(), Error> {
    cart.require_open()?;
    if cart.items.is_empty() {
        return Err(techtrove_core::Problem::invalid_field("/items", "the cart is empty").into());
    }
    Ok(())
}

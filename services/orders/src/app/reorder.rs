//! Makes a new cart of what was bought before, as far as it is still sold.

use serde::{Deserialize, Serialize};
use techtrove_catalog_api::SellableSku;
use techtrove_core::{Problem, Sku, TypedId as _};
use techtrove_db::Tx;
use techtrove_http::idempotency::{Answer, Key, Once, Repeatable, once};
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::{
    App, Viewer,
    cart_answer::{CartAnswer, CartBody, cart_token, location, priced_with, written},
    earlier::answered_before,
    sellable::sellable,
    show_order::show_order,
};
use crate::{
    domain::{
        Order,
        cart::{Cart, CartItem},
    },
    error::Error,
    store,
};

/// A new cart, and what is not in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CartOut)]
pub struct ReorderBody {
    /// The cart.
    #[serde(flatten)]
    pub cart: CartBody,
    /// What was bought then and is not sold any more.
    #[schema(max_items = 100)]
    pub unavailable: Vec<NotSold>,
}

/// Something that is not sold any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotSold {
    /// What.
    pub sku: Sku,
    /// Its name when it was bought.
    pub name: String,
}

/// What is stored and pinned.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reordered {
    cart: Cart,
    unavailable: Vec<NotSold>,
}

impl Repeatable for Reordered {
    fn answer(&self) -> Result<Answer, Problem> {
        Answer::created(&location(self.cart.id), self)
    }
}

/// Puts the order's lines into a new cart of the viewer's, once per key. A guest is given its token.
///
/// # Errors
/// When there is no such order for the viewer, or catalog or the database fails.
pub(crate) async fn reorder(
    app: &App,
    id: OrderId,
    viewer: &Viewer,
    key: Option<Key>,
) -> Result<CartAnswer<ReorderBody>, Error> {
    let order = show_order(app, id, viewer).await?;
    let skus: Vec<Sku> = order.lines.iter().map(|line| line.sku.clone()).collect();
    let (once, asked, sold) = match sellable(app, &skus).await {
        Ok(sold) => {
            let reordered = gather(app, &order, viewer, &sold)?;
            (store_new(app, reordered, key).await?, skus, sold)
        }
        Err(error) => {
            let answer = answered_before(app, key, error).await?;
            (Once::Replayed(answer), Vec::new(), Vec::new())
        }
    };
    let show = async |Reordered { cart, unavailable }| {
        let body = priced_with(app, &cart, &asked, sold).await?;
        let cart = CartBody { cart_token: cart_token(app, &cart), ..body };
        Ok(ReorderBody { cart, unavailable })
    };
    written(once)?.shown(show).await
}

fn gather(
    app: &App,
    order: &Order,
    viewer: &Viewer,
    sold: &[SellableSku],
) -> Result<Reordered, Error> {
    let now = app.clock.now();
    let mut cart = Cart::new(app.ids.next(), viewer.user_id, now);
    let mut unavailable = Vec::new();
    for line in &order.lines {
        if sold.iter().any(|item| item.sku == line.sku) {
            let (sku, quantity) = (line.sku.clone(), line.quantity);
            cart.fill(CartItem { id: app.ids.next(), sku, quantity }, now)?;
        } else {
            let missing = NotSold { sku: line.sku.clone(), name: line.name.clone() };
            if !unavailable.contains(&missing) {
                unavailable.push(missing);
            }
        }
    }
    Ok(Reordered { cart, unavailable })
}

async fn store_new(
    app: &App,
    reordered: Reordered,
    key: Option<Key>,
) -> Result<Once<Reordered>, Error> {
    let key = key.map(|key| key.for_resource(reordered.cart.id.uuid()));
    let job = move |tx: &mut Tx<'_>| {
        once(tx, key.as_ref(), |tx| {
            store::insert_cart(tx, &reordered.cart)?;
            Ok::<_, Error>(reordered.clone())
        })
    };
    app.db.write("orders.reorder", job).await
}

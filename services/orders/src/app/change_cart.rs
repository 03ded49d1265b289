//! Puts things into a cart, changes how many, and takes them out. Each is one transaction that locks
//! the cart, so that no two of them lose one another.

use techtrove_core::{Problem, Quantity, Sku};
use techtrove_db::Tx;
use techtrove_http::idempotency::{Key, Once, once};

use super::{
    App,
    cart_access::{Access, Shopper},
    cart_answer::{CartAnswer, CartBody, priced, priced_with, written},
    earlier::answered_before,
    sellable::sellable,
};
use crate::{
    domain::{
        cart::{Cart, CartId, CartItem, CartItemId, CartRefusal, ItemChange},
        checkout::WishedLine,
    },
    error::Error,
    store,
};

/// Adds pieces of a SKU that is for sale, once per key; a SKU that is there already adds up.
///
/// # Errors
/// When there is no such cart, the SKU is not for sale, or the cart refuses.
pub(crate) async fn add_item(
    app: &App,
    shopper: &Shopper,
    id: CartId,
    line: WishedLine,
    key: Option<Key>,
) -> Result<CartAnswer, Error> {
    let access = shopper.access(app, id)?;
    let cart = app.db.lookup("orders.show_cart", move |tx| access.read(tx)).await?;
    // All prices at once and before: what was added is then shown without asking again.
    let others = cart.items.into_iter().map(|item| item.sku);
    let asked: Vec<Sku> = others.chain([line.sku.clone()]).collect();
    let sold = match sellable(app, &asked).await {
        Ok(sold) if sold.iter().all(|item| item.sku != line.sku) => Err(not_for_sale()),
        answer => answer,
    };
    let (once, asked, sold) = match sold {
        Ok(sold) => {
            let item = CartItem { id: app.ids.next(), sku: line.sku, quantity: line.quantity };
            (store_item(app, access, item, key).await?, asked, sold)
        }
        Err(error) => {
            let answer = answered_before(app, key, error).await?;
            (Once::Replayed(answer), Vec::new(), Vec::new())
        }
    };
    written(once)?.shown(async |cart| priced_with(app, &cart, &asked, sold).await).await
}

fn not_for_sale() -> Error {
    let detail = "this is not for sale: no such SKU, or its product is not published";
    Problem::invalid_field("/sku", detail).into()
}

async fn store_item(
    app: &App,
    access: Access,
    item: CartItem,
    key: Option<Key>,
) -> Result<Once<Cart>, Error> {
    let now = app.clock.now();
    let job = move |tx: &mut Tx<'_>| {
        once(tx, key.as_ref(), |tx| edit(tx, access, |cart| cart.add(item.clone(), now)))
    };
    app.db.write("orders.add_item", job).await
}

/// Sets how many pieces of an item there are.
///
/// # Errors
/// When there is no such cart or item, or the cart is not open.
pub(crate) async fn set_quantity(
    app: &App,
    shopper: &Shopper,
    (id, item): (CartId, CartItemId),
    quantity: Quantity,
) -> Result<CartBody, Error> {
    let access = shopper.access(app, id)?;
    let now = app.clock.now();
    let job = move |tx: &mut Tx<'_>| edit(tx, access, |cart| cart.set(item, quantity, now));
    let cart = app.db.write("orders.set_quantity", job).await?;
    priced(app, &cart).await
}

/// Takes an item out.
///
/// # Errors
/// As [`set_quantity`].
pub(crate) async fn remove_item(
    app: &App,
    shopper: &Shopper,
    (id, item): (CartId, CartItemId),
) -> Result<(), Error> {
    let access = shopper.access(app, id)?;
    let now = app.clock.now();
    let job = move |tx: &mut Tx<'_>| edit(tx, access, |cart| cart.remove(item, now));
    app.db.write("orders.remove_item", job).await.map(drop)
}

/// Changes the cart, and gives it as it is then.
fn edit(
    tx: &mut Tx<'_>,
    access: Access,
    change: impl FnOnce(&mut Cart) -> Result<ItemChange, CartRefusal>,
) -> Result<Cart, Error> {
    let mut cart = access.lock(tx)?;
    let change = change(&mut cart)?;
    store::save_cart(tx, &cart, &[change])?;
    Ok(cart)
}

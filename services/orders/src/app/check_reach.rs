//! A manager who is limited to categories moves what is all of theirs: an order whole, or the lines that are
//! named. Catalog says what is theirs, and is asked of such managers alone. An order's lines never change,
//! so what was found holds when the order is locked behind it.

use std::collections::BTreeSet;

use techtrove_catalog_api::{ProductId, Reach, ReachRequest};
use techtrove_core::{Quantity, Sku};
use techtrove_http::ClientError;
use techtrove_orders_api::{OrderId, ReturnId};
use tokio::time::timeout;

use super::{
    App,
    move_return::{found, order_of},
};
use crate::{domain::Order, error::Error, store};

/// All of an order is the manager's.
///
/// # Errors
/// [`Error::OutOfReach`] when it is not, [`Error::NotFound`], or when catalog or the database fails.
pub(crate) async fn check_order(app: &App, reach: Reach, id: OrderId) -> Result<(), Error> {
    if reach.is_everything() {
        return Ok(());
    }
    let order = get_order(app, id).await?;
    check(app, reach, order.lines.iter().map(|line| line.product_id)).await
}

/// What is named of an order is the manager's; all of it, where nothing is. What it does not have is refused
/// by whoever packs the parcel.
///
/// # Errors
/// As [`check_order`].
pub(crate) async fn check_parcel(
    app: &App,
    reach: Reach,
    id: OrderId,
    lines: Option<&[(Sku, Quantity)]>,
) -> Result<(), Error> {
    let Some(named) = lines.filter(|_| !reach.is_everything()) else {
        return check_order(app, reach, id).await;
    };
    let order = get_order(app, id).await?;
    let lines = order.lines.iter().filter(|line| named.iter().any(|(sku, _)| *sku == line.sku));
    check(app, reach, lines.map(|line| line.product_id)).await
}

/// All that is sent back is the manager's.
///
/// # Errors
/// As [`check_order`].
pub(crate) async fn check_return(app: &App, reach: Reach, id: ReturnId) -> Result<(), Error> {
    if reach.is_everything() {
        return Ok(());
    }
    let order = get_order(app, order_of(app, id).await?).await?;
    let lines = found(&order, id)?.pieces.iter().filter_map(|pieces| order.lines.get(pieces.line));
    check(app, reach, lines.map(|line| line.product_id)).await
}

async fn get_order(app: &App, id: OrderId) -> Result<Order, Error> {
    let found = app.db.read("orders.check_reach", move |tx| store::lookup_order(tx, id));
    found.await?.ok_or(Error::NotFound)
}

async fn check(
    app: &App,
    reach: Reach,
    products: impl Iterator<Item = ProductId>,
) -> Result<(), Error> {
    let request = ReachRequest { reach, products: products.collect::<BTreeSet<_>>() };
    let after = app.config.deadlines.call;
    let late = |_| ClientError::Timeout { callee: "catalog", after };
    let within = timeout(after, app.catalog.reaches(&request)).await.map_err(late)??;
    if within { Ok(()) } else { Err(Error::OutOfReach) }
}

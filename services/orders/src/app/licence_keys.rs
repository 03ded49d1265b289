//! The licence keys that a buyer was given. Inventory keeps them; here they are only shown, to whom the
//! order concerns, and never stored, listed or logged.

use techtrove_http::ClientError;
use techtrove_orders_api::LicenceKey;
use tokio::time::timeout;

use super::{App, Viewer};
use crate::{domain::Order, error::Error};

/// The keys of the order that were revealed; none of an order without licences.
///
/// # Errors
/// When inventory cannot be reached.
pub(crate) async fn licence_keys(app: &App, order: &Order) -> Result<Vec<LicenceKey>, Error> {
    if !order.has_revealed_keys() {
        return Ok(Vec::new());
    }
    let after = app.config.deadlines.call;
    let late = |_| ClientError::Timeout { callee: "inventory", after };
    let call = app.inventory.sold_keys(order.reservation_id());
    let sold = timeout(after, call).await.map_err(late)??;
    let keys = sold.keys.into_iter().map(|sold| LicenceKey { sku: sold.sku, key: sold.key });
    Ok(keys.collect())
}

/// The keys which the viewer of the order, who may see it, is shown with it: the buyer's and support's.
/// While inventory cannot tell, the order is shown without.
pub(crate) async fn keys_for(app: &App, order: &Order, viewer: &Viewer) -> Option<Vec<LicenceKey>> {
    let own = viewer.check(app, order.id).is_ok_and(|viewer| viewer.owns(order));
    if !own && !viewer.support {
        return None;
    }
    match licence_keys(app, order).await {
        Ok(keys) => Some(keys).filter(|keys| !keys.is_empty()),
        Err(error) => {
            tracing::warn!(order = %order.id, %error, "an order is shown without its licence keys");
            None
        }
    }
}

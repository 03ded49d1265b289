//! Lists orders, newest first: all of them to staff, their own to everybody else. What a filter names
//! of somebody else's is not among one's own, so that it finds nothing, whether or not it exists.

use techtrove_core::{EmailAddress, Page, PageRequest, Timestamp};
use techtrove_http::ClientError;
use techtrove_identity_api::UserId;
use techtrove_orders_api::OrderStatus;
use tokio::time::timeout;

use super::App;
use crate::{
    domain::Order,
    error::Error,
    store::{self, ContactFilter, OrderCursor, OrderFilter},
};

/// Which orders are wanted; what is absent does not matter.
#[derive(Clone, Debug)]
pub(crate) struct WantedOrders {
    /// Of this buyer.
    pub user_id: Option<UserId>,
    /// With this contact, whatever its case.
    pub email: Option<EmailAddress>,
    /// With this number.
    pub number: Option<String>,
    /// Where they stand.
    pub status: Option<OrderStatus>,
    /// Placed then or later.
    pub from: Option<Timestamp>,
    /// Placed then or earlier.
    pub to: Option<Timestamp>,
}

/// A page of the orders that are `wanted`: of the buyer `own` alone, or of all, with the attempts
/// that were refused.
///
/// # Errors
/// When limit or cursor are not valid, identity cannot be reached, or the database fails.
pub(crate) async fn list_orders(
    app: &App,
    own: Option<UserId>,
    wanted: WantedOrders,
    page: &PageRequest,
) -> Result<Page<Order>, Error> {
    let (limit, after) = (page.limit()?, page.after::<OrderCursor>()?);
    if own.is_some() && wanted.user_id.is_some_and(|other| own != Some(other)) {
        return Ok(Page { items: Vec::new(), next_cursor: None });
    }
    let email = match wanted.email {
        Some(email) => Some(contact(app, email).await?),
        None => None,
    };
    let filter = OrderFilter {
        user_id: own.or(wanted.user_id),
        email,
        number: wanted.number,
        status: wanted.status,
        from: wanted.from,
        to: wanted.to,
        with_refused: own.is_none(),
    };
    let orders = app.db.read("orders.list", move |tx| {
        store::list_orders(tx, &filter, after, limit.saturating_add(1)).map_err(Error::from)
    });
    Ok(Page::from_surplus(orders.await?, limit, |order| (order.created_at, order.id)))
}

/// Whom the address finds: orders that have it, and those of the account that does.
async fn contact(app: &App, email: EmailAddress) -> Result<ContactFilter, Error> {
    let (folded, after) = (email.folded(), app.config.deadlines.call);
    let late = |_| ClientError::Timeout { callee: "identity", after };
    let found = timeout(after, app.identity.find_user(email)).await;
    Ok(ContactFilter { folded, account: found.map_err(late)?? })
}

//! The shop says whether a buyer may send something back.

use techtrove_bus::EventContext;
use techtrove_http::current_traceparent;
use techtrove_orders_api::{OrderId, ReturnId, ReturnStatus};

use super::{App, ReturnBody, ask_return::keep};
use crate::{
    domain::{Order, Return},
    error::Error,
    store,
};

/// The buyer may send it back.
///
/// # Errors
/// [`Error::Return`] unless it is asked for, [`Error::NotFound`], or when the database fails.
pub(crate) async fn approve_return(app: &App, id: ReturnId) -> Result<ReturnBody, Error> {
    move_return(app, id, ReturnStatus::Approved).await
}

/// The buyer is to keep it; its pieces may be asked for again.
///
/// # Errors
/// [`Error::Return`] unless it is asked for, [`Error::NotFound`], or when the database fails.
pub(crate) async fn reject_return(app: &App, id: ReturnId) -> Result<ReturnBody, Error> {
    move_return(app, id, ReturnStatus::Rejected).await
}

async fn move_return(app: &App, id: ReturnId, to: ReturnStatus) -> Result<ReturnBody, Error> {
    let order = order_of(app, id).await?;
    let now = app.clock.now();
    let context = EventContext::new(&*app.clock, &*app.ids).in_trace(current_traceparent());
    let job = app.db.write("orders.move_return", move |tx| -> Result<_, Error> {
        let mut order = store::lock_order(tx, order)?.ok_or(Error::NotFound)?.order;
        let moved = found(&order, id)?.moved(to, now)?;
        keep(tx, &mut order, moved, &context)?;
        Ok(order)
    });
    let order = job.await?;
    app.hub.tell(order.id);
    Ok(ReturnBody::of(&order, found(&order, id)?))
}

/// The order whose buyer sends this back.
///
/// # Errors
/// [`Error::NotFound`], or when the database fails.
pub(super) async fn order_of(app: &App, id: ReturnId) -> Result<OrderId, Error> {
    let found = app.db.read("orders.order_of_return", move |tx| {
        store::lookup_order_of_return(tx, id).map_err(Error::from)
    });
    found.await?.ok_or(Error::NotFound)
}

/// The return of this id, which is one of the order's.
///
/// # Errors
/// [`Error::NotFound`] when it is not.
pub(super) fn found(order: &Order, id: ReturnId) -> Result<&Return, Error> {
    order.returns.iter().find(|back| back.id == id).ok_or(Error::NotFound)
}

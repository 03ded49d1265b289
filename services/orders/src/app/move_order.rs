//! A manager says that an order is being packed, or that it has arrived: one station at a time, and
//! never one that is about to be cancelled.

use techtrove_bus::EventContext;
use techtrove_http::current_traceparent;
use techtrove_orders_api::{OrderId, OrderStatus};

use super::App;
use crate::{
    domain::{InvalidTransition, Order, saga::Change, way},
    error::Error,
    events, store,
};

/// The order is being packed.
///
/// # Errors
/// [`Error::InvalidTransition`] unless it is confirmed, [`Error::NotFound`], or when the database fails.
pub(crate) async fn process_order(app: &App, id: OrderId) -> Result<Order, Error> {
    move_order(app, id, OrderStatus::Processing).await
}

/// All goods have arrived.
///
/// # Errors
/// [`Error::InvalidTransition`] unless all are shipped, [`Error::NotFound`], or when the database fails.
pub(crate) async fn deliver_order(app: &App, id: OrderId) -> Result<Order, Error> {
    move_order(app, id, OrderStatus::Delivered).await
}

async fn move_order(app: &App, id: OrderId, to: OrderStatus) -> Result<Order, Error> {
    let now = app.clock.now();
    let context = EventContext::new(&*app.clock, &*app.ids).in_trace(current_traceparent());
    let job = app.db.write("orders.move", move |tx| -> Result<_, Error> {
        let mut order = store::lock_order(tx, id)?.ok_or(Error::NotFound)?.order;
        if order.cancel_asked.is_some() || way(order.status, to)?.len() != 1 {
            return Err(InvalidTransition { from: order.status, to }.into());
        }
        let (change, stations) =
            (Change { status: Some(to), ..Change::default() }, order.history.len());
        order.apply(&change, now);
        store::store_moved(tx, &order, &change, stations)?;
        if let Some(event) = events::status_changed(&order, to) {
            techtrove_bus::record(tx, &context, &event)?;
        }
        Ok(order)
    });
    let order = job.await?;
    app.hub.tell(id);
    Ok(order)
}

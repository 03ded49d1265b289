//! A buyer asks to send something back: pieces that left, each in one return, and within the shop's time.

use techtrove_bus::EventContext;
use techtrove_core::{Problem, Quantity, Sku, Timestamp};
use techtrove_db::Tx;
use techtrove_http::{
    current_traceparent,
    idempotency::{Answer, Key, Once, Repeatable, once},
};
use techtrove_orders_api::{OrderId, ReturnId, ReturnStatus};

use super::{App, Viewer, answer, show_order::may_see};
use crate::{
    domain::{Booking, Order, Return, saga::Change},
    error::Error,
    events, store,
};

/// A request to send something back.
#[derive(Clone, Debug)]
pub(crate) struct AskReturn {
    /// Which order.
    pub id: OrderId,
    /// Who asks, whose token was checked.
    pub viewer: Viewer,
    /// What.
    pub lines: Vec<(Sku, Quantity)>,
    /// Why.
    pub reason: String,
    /// The request's idempotency key.
    pub key: Option<Key>,
}

/// A return that was asked for, and its order with it.
#[derive(Debug)]
pub(crate) struct AskedReturn {
    order: Order,
    id: ReturnId,
}

impl Repeatable for AskedReturn {
    fn answer(&self) -> Result<Answer, Problem> {
        answer::asked_return(&self.order, self.id)
    }
}

/// Asks for a return; it waits for the shop from then on.
///
/// # Errors
/// [`Error::Return`] when nothing of the order can be sent back, 422 for pieces that cannot,
/// [`Error::NotFound`] for whom it does not concern.
pub(crate) async fn ask_return(app: &App, asked: AskReturn) -> Result<Once<AskedReturn>, Error> {
    let (order, id) = (asked.id, app.ids.next());
    let (now, window) = (app.clock.now(), app.config.return_window);
    let context = EventContext::new(&*app.clock, &*app.ids).in_trace(current_traceparent());
    let job = app.db.write("orders.ask_return", move |tx| {
        once(tx, asked.key.as_ref(), |tx| {
            let mut order = store::lock_order(tx, asked.id)?.ok_or(Error::NotFound)?.order;
            may_see(&order, &asked.viewer)?;
            order.may_be_returned(window, now)?;
            let back = new_return(&order, &asked, id, now)?;
            keep(tx, &mut order, back, &context)?;
            Ok::<_, Error>(AskedReturn { order, id })
        })
    });
    let made = job.await?;
    app.hub.tell(order);
    Ok(made)
}

fn new_return(
    order: &Order,
    asked: &AskReturn,
    id: ReturnId,
    now: Timestamp,
) -> Result<Return, Error> {
    let pieces = order.send_back(&asked.lines).map_err(Problem::invalid)?;
    Ok(Return {
        id,
        status: ReturnStatus::Requested,
        pieces,
        reason: asked.reason.clone(),
        restock: None,
        booking: Booking::None,
        refund: None,
        received_under: None,
        created_at: now,
        updated_at: now,
    })
}

/// Stores the return as it is from now on, with its event; the order is locked.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    order: &mut Order,
    back: Return,
    context: &EventContext,
) -> Result<(), Error> {
    let now = back.updated_at;
    let event = events::return_moved(order, &back);
    let change = Change { returns: vec![back], ..Change::default() };
    order.apply(&change, now);
    store::store_moved(tx, order, &change, order.history.len())?;
    Ok(techtrove_bus::record(tx, context, &event)?)
}

//! Cancels an order, as its buyer or staff asks: at once when nothing is under way, else as soon as the
//! step that is has its answer. Once a piece has left the building it is too late.

use std::{sync::Arc, time::Duration};

use techtrove_core::planted;
use techtrove_db::Tx;
use techtrove_http::idempotency::{self, Answer, Key};
use techtrove_orders_api::{OrderId, OrderStatus};

use super::{
    App, Viewer,
    asked::{Ask, ask, wait_for},
    show_order::may_see,
};
use crate::{
    domain::{InvalidTransition, Order, saga::Change},
    error::Error,
    store,
};

/// How long the request waits for the cancellation to be done.
const PATIENCE: Duration = Duration::from_secs(2);

/// A request to cancel an order.
#[derive(Clone, Debug)]
pub(crate) struct CancelOrder {
    /// Which order.
    pub id: OrderId,
    /// Who asks.
    pub viewer: Viewer,
    /// Why, when staff says so.
    pub reason: Option<String>,
    /// The request's idempotency key.
    pub key: Option<Key>,
}

/// What became of it, so far.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// The stock is released, and the order cancelled.
    Done(Box<Order>),
    /// It is written down, and carried out once a step has its answer.
    Asked(Box<Order>),
    /// It was refused for good before, under the same key.
    Refused(Answer),
}

/// Cancels the order.
///
/// # Errors
/// [`Error::InvalidTransition`] when it is too late, [`Error::NotFound`] for whom it does not concern.
pub(crate) async fn cancel_order(app: &Arc<App>, request: CancelOrder) -> Result<Cancelled, Error> {
    let id = request.id;
    let request = CancelOrder { viewer: request.viewer.check(app, id)?, ..request };
    let watch = app.hub.watch(id);
    if let Some(before) = ask(app, id, request).await?
        && before.status != Answer::accepted().status
    {
        return Ok(Cancelled::Refused(before));
    }
    let (order, done) = wait_for(app, watch, id, PATIENCE, outcome).await?;
    match done {
        Some(Ok(())) => Ok(Cancelled::Done(Box::new(order))),
        Some(Err(refused)) => Err(refused.into()),
        None => Ok(Cancelled::Asked(Box::new(order))),
    }
}

/// How the cancellation ended, if it has.
fn outcome(order: &Order) -> Option<Result<(), InvalidTransition>> {
    if order.status == OrderStatus::Cancelled {
        return Some(Ok(()));
    }
    order.may_be_cancelled().err().map(Err)
}

impl Ask for CancelOrder {
    fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    fn write_down(&self, tx: &mut Tx<'_>, order: &mut Order) -> Result<(), Error> {
        if !planted("cancelled-by-strangers") {
            may_see(order, &self.viewer)?;
        }
        if !planted("cancellation-unchecked") {
            order.may_be_cancelled()?;
        }
        // Asked for again while it is under way: the first one stands.
        if order.cancel_asked.is_none() {
            order.cancel_asked = Some(self.note());
            store::store_moved(tx, order, &Change::default(), order.history.len())?;
        }
        if let Some(key) = &self.key {
            idempotency::finish(tx, &key.hash, &Answer::accepted())?;
        }
        Ok(())
    }
}

impl CancelOrder {
    fn note(&self) -> String {
        let who =
            if self.viewer.staff { "cancelled by the shop" } else { "cancelled by the buyer" };
        match &self.reason {
            Some(reason) => format!("{who}: {reason}"),
            None => who.to_owned(),
        }
    }
}

//! What a buyer sent back is here: its money is given back and inventory is told, each as a step of the
//! order's saga. What is owed for it is stored under the order's lock in one transaction with the news,
//! so that a return is received once, whoever asks how often.

use std::{sync::Arc, time::Duration};

use techtrove_bus::EventContext;
use techtrove_core::{Money, Problem, Timestamp, codes, planted};
use techtrove_db::Tx;
use techtrove_http::{
    current_traceparent,
    idempotency::{self, Key},
};
use techtrove_orders_api::{OrderId, ReturnId, ReturnStatus};
use techtrove_payments_api::RefundId;

use super::{
    App, ReturnBody,
    asked::{Ask, ask, wait_for},
    move_return::{found, order_of},
};
use crate::{
    domain::{Booking, Order, Refund, RefundStatus, Return, saga::Change, worth},
    error::Error,
    events, store,
};

/// How long the request waits for stock and money.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// News of a return that is here.
#[derive(Clone, Debug)]
pub(crate) struct ReceiveReturn {
    /// Which return.
    pub id: ReturnId,
    /// Whether it can be sold again.
    pub restock: bool,
    /// How much is given back; what its pieces are worth, when absent.
    pub refund: Option<Money>,
    /// The request's idempotency key.
    pub key: Option<Key>,
}

/// What became of it, so far.
#[derive(Debug)]
pub(crate) enum Received {
    /// The return as it stands.
    Now(Box<ReturnBody>),
    /// It was refused for good before, under the same key.
    Refused(idempotency::Answer),
}

#[derive(Debug)]
struct Asked {
    request: ReceiveReturn,
    refund: RefundId,
    now: Timestamp,
    context: EventContext,
}

/// Receives a return; answers once stock and money are certain, or with the refund `pending`.
///
/// # Errors
/// [`Error::Return`] unless it was approved, [`Error::RefundExceeds`] for more than it is worth or is
/// left, [`Error::NotFound`], or when the database fails.
pub(crate) async fn receive_return(
    app: &Arc<App>,
    request: ReceiveReturn,
) -> Result<Received, Error> {
    let id = request.id;
    let order: OrderId = order_of(app, id).await?;
    let watch = app.hub.watch(order);
    let context = EventContext::new(&*app.clock, &*app.ids).in_trace(current_traceparent());
    let asked = Asked { request, refund: app.ids.next(), now: app.clock.now(), context };
    if let Some(before) = ask(app, order, asked).await? {
        return Ok(Received::Refused(before));
    }
    let settled = |order: &Order| {
        let back = order.returns.iter().find(|back| back.id == id)?;
        order.has_settled(back).then_some(())
    };
    let (order, _) = wait_for(app, watch, order, PATIENCE, settled).await?;
    Ok(Received::Now(Box::new(ReturnBody::of(&order, found(&order, id)?))))
}

impl Ask for Asked {
    fn key(&self) -> Option<&Key> {
        self.request.key.as_ref()
    }

    fn write_down(&self, tx: &mut Tx<'_>, order: &mut Order) -> Result<(), Error> {
        let back = found(order, self.request.id)?;
        if !self.is_again(back)? {
            let received = self.received(order, back)?;
            self.store(tx, order, &received)?;
        }
        // The answer is not pinned: whoever asks again under the key is told how the return stands.
        if let Some(key) = &self.request.key {
            idempotency::forget(tx, &key.hash)?;
        }
        Ok(())
    }
}

impl Asked {
    /// Whether the return was received by this very request before.
    fn is_again(&self, back: &Return) -> Result<bool, Error> {
        let under = self.request.key.as_ref().map(|key| key.hash);
        if under.is_none() || back.received_under != under {
            return Ok(false);
        }
        if back.restock != Some(self.request.restock) {
            let detail = "this idempotency-key was used to receive the return in another way";
            return Err(Problem::new(codes::IDEMPOTENCY_KEY_REUSED, detail).into());
        }
        Ok(true)
    }

    /// The return as it is once it is here, and its refund.
    fn received(&self, order: &Order, back: &Return) -> Result<Change, Error> {
        let moved = back.moved(ReturnStatus::Received, self.now)?;
        let amount = if planted("return-unpaid") { 0 } else { self.amount(order, back)? };
        let refund = (amount > 0).then(|| Refund {
            id: self.refund,
            status: RefundStatus::Pending,
            amount,
            reason: "goods were sent back".to_owned(),
            claim: None,
            failure_code: None,
            created_at: self.now,
            updated_at: self.now,
            ask_at: self.now,
        });
        let received = Return {
            restock: Some(self.request.restock),
            booking: Booking::Pending,
            refund: refund.as_ref().map(|refund| refund.id),
            received_under: self.request.key.as_ref().map(|key| key.hash),
            ..moved
        };
        let refunds = refund.into_iter().collect();
        Ok(Change { returns: vec![received], refunds, ..Change::default() })
    }

    /// What is given back: never more than the pieces are worth, nor than is left of what was taken.
    fn amount(&self, order: &Order, back: &Return) -> Result<i64, Error> {
        let most = worth(order, back).min(order.refundable()).max(0);
        match self.request.refund {
            Some(wanted) if wanted.amount > most => {
                let left = Money::new(most, order.totals.total.currency);
                Err(Error::RefundExceeds { left })
            }
            Some(wanted) => Ok(wanted.amount),
            None => Ok(most),
        }
    }

    fn store(&self, tx: &mut Tx<'_>, order: &mut Order, change: &Change) -> Result<(), Error> {
        let news: Vec<_> =
            change.returns.iter().map(|back| events::return_moved(order, back)).collect();
        order.apply(change, self.now);
        store::store_moved(tx, order, change, order.history.len())?;
        for event in &news {
            techtrove_bus::record(tx, &self.context, event)?;
        }
        Ok(())
    }
}

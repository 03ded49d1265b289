//! Gives money back, in part or whole. What is promised is stored under the order's lock against what
//! was taken, so that refunds at once never promise more; the saga carries them out one by one.

use std::{sync::Arc, time::Duration};

use techtrove_core::{Money, Timestamp, planted};
use techtrove_db::Tx;
use techtrove_http::idempotency::Key;
use techtrove_orders_api::{OrderId, OrderStatus};
use techtrove_payments_api::RefundId;

use super::{
    App, Placed, answer,
    asked::{Ask, answer_now, ask, wait_for},
};
use crate::{
    domain::{Order, Refund, RefundStatus, saga::Change},
    error::Error,
    store,
};

/// How long the request waits for the money to be given back.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// A request to give money back.
#[derive(Clone, Debug)]
pub(crate) struct RefundOrder {
    /// Which order.
    pub id: OrderId,
    /// How much; all that is left, when absent.
    pub amount: Option<Money>,
    /// Why.
    pub reason: String,
    /// The request's idempotency key.
    pub key: Option<Key>,
}

#[derive(Debug)]
struct Asked {
    request: RefundOrder,
    refund: RefundId,
    now: Timestamp,
    /// What was left when it was last looked at, for the planted bug that does not look again.
    seen: Option<i64>,
}

/// Gives money back; answers with the refund `succeeded`, or `pending` while nobody can tell yet.
///
/// # Errors
/// [`Error::RefundExceeds`] and [`Error::NothingCaptured`]; [`Error::RefundRefused`] when payments
/// refuses for good.
pub(crate) async fn refund_order(app: &Arc<App>, request: RefundOrder) -> Result<Placed, Error> {
    let (id, refund, key) = (request.id, app.ids.next(), request.key.clone());
    let watch = app.hub.watch(id);
    let seen = if planted("refund-checked-apart") { Some(left_of(app, id).await?) } else { None };
    let asked = Asked { request, refund, now: app.clock.now(), seen };
    if let Some(before) = ask(app, id, asked).await? {
        return Ok(Placed::again(before));
    }
    let ended = |order: &Order| {
        let found = order.refunds.iter().find(|known| known.id == refund);
        found.filter(|known| known.status != RefundStatus::Pending).map(|_| ())
    };
    let (order, over) = wait_for(app, watch, id, PATIENCE, ended).await?;
    let known = order.refunds.iter().find(|known| known.id == refund).ok_or(Error::NotFound)?;
    let told = answer::refund(&order, known)?;
    if key.is_none() || over.is_some() && told.is_ok() {
        return told.map(Placed::new);
    }
    // What failed may have been made before, and is so by its key.
    answer_now(app, key, answer::finally(told)).await
}

async fn left_of(app: &App, id: OrderId) -> Result<i64, Error> {
    let order = app.db.lookup("orders.refundable", move |tx| store::lookup_order(tx, id)).await?;
    Ok(order.ok_or(Error::NotFound)?.refundable())
}

impl Ask for Asked {
    fn key(&self) -> Option<&Key> {
        self.request.key.as_ref()
    }

    fn write_down(&self, tx: &mut Tx<'_>, order: &mut Order) -> Result<(), Error> {
        if order.payment.captured == 0 {
            return Err(Error::NothingCaptured);
        }
        // What is left of an order that is cancelled is asked back anyway, unless that was refused before.
        if order.cancel_asked.is_some() && order.status != OrderStatus::Cancelled {
            return Err(Error::BeingCancelled);
        }
        let left = self.seen.unwrap_or_else(|| order.refundable());
        let amount = self.request.amount.map_or(left, |amount| amount.amount);
        if amount <= 0 || amount > left && !planted("refund-unchecked") {
            let left = Money::new(left, order.totals.total.currency);
            return Err(Error::RefundExceeds { left });
        }
        let refund = Refund {
            id: self.refund,
            status: RefundStatus::Pending,
            amount,
            reason: self.request.reason.clone(),
            claim: self.request.key.as_ref().map(|key| key.hash),
            failure_code: None,
            created_at: self.now,
            updated_at: self.now,
            ask_at: self.now,
        };
        let change = Change { refunds: vec![refund], ..Change::default() };
        order.apply(&change, self.now);
        Ok(store::store_moved(tx, order, &change, order.history.len())?)
    }
}

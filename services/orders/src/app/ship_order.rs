//! Lets a parcel leave: some of the order's pieces, or all that are left. Prepared under the order's
//! lock, so that no piece is in two parcels, and shipped by the saga, once the money is taken.

use std::{sync::Arc, time::Duration};

use techtrove_core::{FieldError, Problem, Quantity, Sku, Timestamp, planted};
use techtrove_db::Tx;
use techtrove_http::idempotency::Key;
use techtrove_orders_api::{OrderId, OrderStatus, ShipmentId};

use super::{
    App, Placed, answer,
    asked::{Ask, answer_now, ask, wait_for},
};
use crate::{
    domain::{
        CapturePolicy, InvalidTransition, Order, Shipment, ShipmentStatus, pack, saga::Change,
    },
    error::Error,
    store,
};

/// How long the request waits for the parcel to leave.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// A request to ship.
#[derive(Clone, Debug)]
pub(crate) struct ShipOrder {
    /// Which order.
    pub id: OrderId,
    /// Which pieces; all that are left of what ships, when absent.
    pub lines: Option<Vec<(Sku, Quantity)>>,
    /// Who carries the parcel.
    pub carrier: String,
    /// By which number it can be followed.
    pub tracking_number: String,
    /// The request's idempotency key.
    pub key: Option<Key>,
}

#[derive(Debug)]
struct Asked {
    request: ShipOrder,
    shipment: ShipmentId,
    capture: CapturePolicy,
    now: Timestamp,
}

/// Ships; answers with the parcel `shipped`, or `preparing` while nobody can tell yet.
///
/// # Errors
/// [`Error::InvalidTransition`], [`Error::NotCaptured`], [`Error::GivenBack`], 422 for pieces that are not to be had, and
/// [`Error::ShipmentRefused`] when inventory refuses.
pub(crate) async fn ship_order(app: &Arc<App>, request: ShipOrder) -> Result<Placed, Error> {
    let (id, shipment, key) = (request.id, app.ids.next(), request.key.clone());
    let watch = app.hub.watch(id);
    let asked = Asked { request, shipment, capture: app.config.capture, now: app.clock.now() };
    if let Some(before) = ask(app, id, asked).await? {
        return Ok(Placed::again(before));
    }
    let ended = |order: &Order| {
        let found = order.shipments.iter().find(|known| known.id == shipment);
        found.filter(|known| known.status != ShipmentStatus::Preparing).map(|_| ())
    };
    let (order, over) = wait_for(app, watch, id, PATIENCE, ended).await?;
    let known = order.shipments.iter().find(|known| known.id == shipment).ok_or(Error::NotFound)?;
    let answer = answer::shipment(&order, known)??;
    if over.is_some() { Ok(Placed::new(answer)) } else { answer_now(app, key, answer).await }
}

impl Ask for Asked {
    fn key(&self) -> Option<&Key> {
        self.request.key.as_ref()
    }

    fn write_down(&self, tx: &mut Tx<'_>, order: &mut Order) -> Result<(), Error> {
        let packing = matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing);
        if !packing || order.cancel_asked.is_some() {
            let (from, to) = (order.status, OrderStatus::Shipped);
            return Err(InvalidTransition { from, to }.into());
        }
        let late = self.capture == CapturePolicy::Shipment && !order.cannot_be_paid();
        if order.payment.captured == 0 && !late {
            return Err(Error::NotCaptured);
        }
        let given_back = order.payment.captured > 0 && order.refundable() == 0;
        if given_back && !planted("packed-though-given-back") {
            return Err(Error::GivenBack);
        }
        let pieces = pack(order, self.request.lines.as_deref()).map_err(Problem::invalid)?;
        if pieces.is_empty() {
            let nothing = FieldError::new("/lines", "nothing is left to be shipped");
            return Err(Problem::invalid(vec![nothing]).into());
        }
        let shipment = Shipment {
            id: self.shipment,
            status: ShipmentStatus::Preparing,
            carrier: self.request.carrier.clone(),
            tracking_number: Some(self.request.tracking_number.clone()),
            pieces,
            withdrawn_for: None,
            claim: self.request.key.as_ref().map(|key| key.hash),
            created_at: self.now,
            shipped_at: None,
        };
        let change = Change { shipments: vec![shipment], ..Change::default() };
        order.apply(&change, self.now);
        Ok(store::store_moved(tx, order, &change, order.history.len())?)
    }
}

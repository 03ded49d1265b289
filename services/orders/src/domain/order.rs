//! An order: its lines, prices and totals frozen when it was placed, and what has become of it since.
//! Only [`Order::apply`] moves it, by a change that [`super::saga`] decided, and [`Order::move_to`],
//! by what [`super::way`] allows.

use serde::Serialize;
use techtrove_catalog_api::{Fulfilment, ProductId, VariantId};
use techtrove_core::{EmailAddress, Money, Quantity, Sku, Timestamp, planted};
use techtrove_identity_api::UserId;
use techtrove_inventory_api::ReservationId;
use techtrove_orders_api::{OrderId, OrderStatus, StockClaim, Totals};
use techtrove_payments_api::{NextAction, PaymentId, PaymentStatus, RefundId};

use super::{
    Address, InvalidTransition, OrderNumber, Refund, RefundStatus, Return, Shipment,
    ShipmentStatus,
    cart::CartId,
    saga::{Change, PaymentReport, Step},
    way,
};

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// Its number for people; none for an attempt that was refused.
    pub number: Option<OrderNumber>,
    /// Who bought, when signed in.
    pub user_id: Option<UserId>,
    /// Where to write to; none when only identity knows, or for an attempt that was refused.
    pub email: Option<EmailAddress>,
    /// Which languages the buyer's browser said that they read, the most wanted first.
    pub languages: Vec<String>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whether the buyer was told that there is no order: then it is kept for staff alone.
    pub refused: bool,
    /// The money.
    pub payment: PaymentState,
    /// How it gets to the buyer.
    pub delivery: Delivery,
    /// What was bought, in the buyer's order.
    pub lines: Vec<Line>,
    /// What it costs.
    pub totals: Totals,
    /// What the buyer had to say.
    pub note: Option<String>,
    /// What became of it, from the beginning.
    pub history: Vec<HistoryEntry>,
    /// Which attempt of the reservation was committed; 1 until one was.
    pub attempt: u32,
    /// The note of the cancellation that was asked for, if one was.
    pub cancel_asked: Option<String>,
    /// Its parcels, in the order in which they were prepared.
    pub shipments: Vec<Shipment>,
    /// Its refunds, in the order in which they were asked for.
    pub refunds: Vec<Refund>,
    /// What its buyer sends back, in the order in which it was asked for.
    pub returns: Vec<Return>,
    /// Raised by edits only.
    pub version: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The cart that it was made from.
    pub cart_id: Option<CartId>,
    /// Whether the tax is within the prices, and not added to them.
    pub prices_include_tax: bool,
}

/// What orders knows of its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentState {
    /// The payment; chosen with the order, so that every call may be repeated.
    pub id: PaymentId,
    /// Who holds the money.
    pub provider: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
    /// What the buyer has to do, while the status is `requires_action`.
    pub next_action: Option<NextAction>,
}

/// How an order gets to the buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The shipping method; none when nothing ships.
    pub method: Option<String>,
    /// Where goods go.
    pub shipping_address: Option<Address>,
    /// Where the bill goes, when it is not the same.
    pub billing_address: Option<Address>,
}

/// One line, frozen when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What was bought.
    pub sku: Sku,
    /// Its product.
    pub product_id: ProductId,
    /// Its variant.
    pub variant_id: VariantId,
    /// Its name at that time.
    pub name: String,
    /// How it reaches the buyer.
    pub fulfilment: Fulfilment,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub unit_price: Money,
    /// The price of all pieces, without tax.
    pub total: Money,
    /// The tax on it.
    pub tax: Money,
    /// How many pieces have left the building.
    pub shipped: u32,
    /// How many of them are on their way back, or back.
    pub returned: u32,
}

/// One station of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Where it stood from then on.
    pub status: OrderStatus,
    /// Since when.
    pub at: Timestamp,
    /// Why, fit for the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Order {
    /// The reservation of its stock: the same UUID.
    #[must_use]
    pub fn reservation_id(&self) -> ReservationId {
        use techtrove_core::TypedId as _;
        ReservationId::from_uuid(self.id.uuid())
    }

    /// Whether it has licence keys that its buyer was given.
    #[must_use]
    pub fn has_revealed_keys(&self) -> bool {
        self.lines.iter().any(|line| !line.ships() && line.shipped > 0)
    }

    /// Moves the order along the way to `to`; the note belongs to the last station.
    ///
    /// # Errors
    /// When there is no way.
    pub fn move_to(
        &mut self,
        to: OrderStatus,
        note: Option<&str>,
        now: Timestamp,
    ) -> Result<(), InvalidTransition> {
        for status in way(self.status, to)? {
            let note = note.filter(|_| *status == to).map(str::to_owned);
            self.history.push(HistoryEntry { status: *status, at: now, note });
            self.status = *status;
        }
        self.updated_at = now;
        Ok(())
    }

    /// Moves the order as the saga decided.
    pub fn apply(&mut self, change: &Change, now: Timestamp) {
        if let Some(status) = change.status {
            let moved = self.move_to(status, change.note.as_deref(), now);
            debug_assert_eq!(moved, Ok(()), "the saga goes no way that there is not");
        }
        if let Some(payment) = &change.payment {
            self.payment.status = payment.status;
            self.payment.captured = payment.captured;
            self.payment.refunded = payment.refunded;
            self.payment.next_action = payment.next_action.clone();
        }
        self.attempt = change.attempt.unwrap_or(self.attempt);
        change.refunds.iter().for_each(|refund| self.take_refund(refund));
        change.shipments.iter().for_each(|shipment| self.take_shipment(shipment));
        change.returns.iter().for_each(|back| self.take_return(back));
        if change.forgets_buyer {
            self.refused = true;
            self.number = None;
            self.email = None;
            self.languages = Vec::new();
            self.delivery = Delivery::default();
            self.note = None;
        }
        self.updated_at = now;
    }

    /// The refund as it is from now on.
    pub fn take_refund(&mut self, refund: &Refund) {
        match self.refunds.iter_mut().find(|known| known.id == refund.id) {
            Some(known) => *known = refund.clone(),
            None => self.refunds.push(refund.clone()),
        }
    }

    /// The parcel as it is from now on; its pieces have left with it.
    pub fn take_shipment(&mut self, shipment: &Shipment) {
        let known = self.shipments.iter_mut().find(|known| known.id == shipment.id);
        let had_left = known.as_ref().is_some_and(|known| known.status == ShipmentStatus::Shipped);
        match known {
            Some(known) => *known = shipment.clone(),
            None => self.shipments.push(shipment.clone()),
        }
        if shipment.status == ShipmentStatus::Shipped && !had_left {
            for pieces in &shipment.pieces {
                if let Some(line) = self.lines.get_mut(pieces.line) {
                    line.shipped = line.shipped.saturating_add(pieces.quantity.get());
                }
            }
            // The parcel was faster than the cancellation, which is refused.
            self.cancel_asked =
                self.cancel_asked.take().filter(|_| planted("cancellation-left-asked"));
        }
    }

    /// The next refund to be carried out: of those that are pending the one to be asked about first.
    #[must_use]
    pub fn pending_refund(&self) -> Option<&Refund> {
        let pending = self.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
        pending.min_by_key(|refund| refund.ask_at)
    }

    /// Whether a refund is to be carried out, or asked about again, by now.
    #[must_use]
    pub fn owes_refund(&self, now: Timestamp) -> bool {
        self.pending_refund().is_some_and(|refund| refund.ask_at <= now)
    }

    /// Puts the next question about a refund off until then.
    pub fn put_off(&mut self, id: RefundId, until: Timestamp) {
        for refund in self.refunds.iter_mut().filter(|refund| refund.id == id) {
            refund.ask_at = until;
        }
    }

    /// The parcels to be shipped, the next one first.
    pub fn preparing(&self) -> impl Iterator<Item = &Shipment> {
        self.shipments.iter().filter(|parcel| parcel.status == ShipmentStatus::Preparing)
    }

    /// The minor units which may still be asked back: taken, and neither given back nor promised.
    #[must_use]
    pub fn refundable(&self) -> i64 {
        let pending = self.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
        let promised =
            pending.filter(|_| !planted("promised-twice")).map(|refund| refund.amount).sum::<i64>();
        self.payment.captured - self.payment.refunded - promised
    }

    /// Whether any piece has left the building.
    #[must_use]
    pub fn has_shipped(&self) -> bool {
        self.lines.iter().any(|line| line.shipped > 0)
    }

    /// Whether every piece has left the building.
    #[must_use]
    pub fn has_shipped_all(&self) -> bool {
        self.lines.iter().all(|line| line.shipped >= line.quantity.get())
    }

    /// How many pieces of a line, counted from 0, are neither shipped nor in a parcel.
    #[must_use]
    pub fn left_to_ship(&self, line: usize) -> u32 {
        let packing = self.preparing().filter(|_| !planted("packed-again"));
        let packed = packing.flat_map(|parcel| &parcel.pieces);
        let packed: u32 =
            packed.filter(|pieces| pieces.line == line).map(|pieces| pieces.quantity.get()).sum();
        self.lines.get(line).map_or(0, |line| {
            line.quantity.get().saturating_sub(line.shipped).saturating_sub(packed)
        })
    }

    /// Whether a live order's money is gone: what its provider had reserved has lapsed before it was taken,
    /// and nobody can reserve it again. Nothing of such an order has left, since money comes first.
    #[must_use]
    pub fn cannot_be_paid(&self) -> bool {
        let live = matches!(self.status, OrderStatus::Confirmed | OrderStatus::Processing);
        let gone = matches!(self.payment.status, PaymentStatus::Voided | PaymentStatus::Failed);
        live && gone && !planted("lapse-ignored")
    }

    /// What it changes that the provider has ended the reservation of the order's money by itself; nothing
    /// where that is known, or a cancellation gives the money up anyhow.
    #[must_use]
    pub fn lapsed(&self) -> Option<Change> {
        let reserved = self.payment.status == PaymentStatus::Authorized;
        let needed = matches!(
            self.status,
            OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing
        );
        let payment = Some(PaymentReport::none(PaymentStatus::Voided));
        (reserved && needed && self.cancel_asked.is_none())
            .then(|| Change { payment, ..Change::default() })
    }

    /// Whether the order is to be cancelled: that was asked for, or it cannot be paid any more.
    #[must_use]
    pub fn is_to_be_cancelled(&self) -> bool {
        (self.cancel_asked.is_some() || self.cannot_be_paid()) && self.may_be_cancelled().is_ok()
    }

    /// Whether the order may still be cancelled.
    ///
    /// # Errors
    /// When it has ended, or a piece has left the building: then it is sent back instead.
    pub fn may_be_cancelled(&self) -> Result<(), InvalidTransition> {
        let to = OrderStatus::Cancelled;
        way(self.status, to)?;
        if self.has_shipped() && !planted("cancelled-once-shipped") {
            Err(InvalidTransition { from: self.status, to })
        } else {
            Ok(())
        }
    }
}

impl Line {
    /// Whether it reaches the buyer in a parcel.
    #[must_use]
    pub fn ships(&self) -> bool {
        self.fulfilment == Fulfilment::Physical
    }
}

/// What inventory's books must show for an order of this status with this step in hand, and a payment that waits for
/// the buyer or does not.
#[must_use]
pub fn stock_claim(status: OrderStatus, step: Option<Step>, awaits_buyer: bool) -> StockClaim {
    match status {
        OrderStatus::Pending if awaits_buyer && step == Some(Step::Authorize) => StockClaim::Held,
        OrderStatus::Pending => StockClaim::InFlight,
        // It may be done already, and not be known.
        _ if matches!(step, Some(Step::Release | Step::Ship)) => StockClaim::InFlight,
        OrderStatus::Confirmed | OrderStatus::Processing => StockClaim::Committed,
        OrderStatus::Shipped | OrderStatus::Delivered => StockClaim::Left,
        OrderStatus::PaymentFailed | OrderStatus::Cancelled => StockClaim::Nothing,
    }
}

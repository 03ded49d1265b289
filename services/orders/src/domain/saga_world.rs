//! The small world of the saga's property tests: a stock and a till which keep books of their own and
//! cry out at what must never happen.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_catalog_api::{Fulfilment, ProductId, VariantId};
use techtrove_core::{Currency, Money, Quantity, Timestamp, TypedId as _};
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders_api::{OrderId, OrderStatus, ReturnId, ShipmentId, Totals};
use techtrove_payments_api::{PaymentId, PaymentStatus, RefundId};
use uuid::Uuid;

use super::{
    Delivery, HistoryEntry, Line, Order, PaymentState, Refund, Return, Shipment,
    saga::{Outcome, PaymentReport, Task},
};

/// What the order costs.
pub const TOTAL: i64 = 100;

/// How many calls place an order: hold, authorise, commit.
pub const CALLS: usize = 3;

/// How many pieces it has, in two lines.
pub const PIECES: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    Held,
    Committed,
    Ended,
}

/// Stock and money as inventory and payments keep them.
#[derive(Clone, Debug)]
pub struct World {
    pub stock: BTreeMap<u32, Stock>,
    pub parcels: BTreeMap<ShipmentId, u32>,
    pub returns: BTreeMap<ReturnId, u32>,
    pub money: Option<PaymentStatus>,
    pub refunds: BTreeMap<RefundId, i64>,
    pub scarce: bool,
    pub declines: bool,
    /// The provider asks the buyer for something first.
    pub asks: bool,
    /// What was refused or has failed, and stays so.
    pub lost: BTreeSet<RefundId>,
    /// So many refunds are refused before one is made.
    pub refuses: u32,
    /// So many refunds wait for their bank before one is made at once.
    pub waits: u32,
    /// Those that wait for it.
    pub waiting: BTreeMap<RefundId, i64>,
    /// The provider does not tell what it did, at first.
    pub silent_for: u32,
    /// A request for money that was not taken on comes once more, before it is given up.
    pub comes_again: bool,
    /// The first hold ends by itself before it is committed, as only a bug could make it.
    pub first_hold_ends: bool,
}

impl World {
    fn hold(&mut self, attempt: u32) -> Outcome {
        match self.stock.get(&attempt) {
            Some(Stock::Held) => Outcome::Held,
            Some(_) => Outcome::ReservationEnded,
            None if self.scarce => Outcome::OutOfStock(Vec::<OutOfStockLine>::new()),
            None => {
                self.stock.insert(attempt, Stock::Held);
                Outcome::Held
            }
        }
    }

    /// The first so many `calls` of hold, authorise and commit as the driver makes them, each arriving
    /// so many `times`.
    pub fn place(&mut self, attempt: u32, calls: usize, times: usize) -> Outcome {
        let held = self.arriving(times, |world| world.hold(attempt));
        if held != Outcome::Held || calls < 2 {
            return if held == Outcome::Held { Outcome::NotAsked } else { held };
        }
        match self.arriving(times, Self::authorize) {
            Outcome::Payment(report) if report.status == PaymentStatus::Authorized => {
                let stock = match calls {
                    CALLS.. => self.arriving(times, |world| world.commit(attempt)),
                    _ => Outcome::Unknown,
                };
                Outcome::Paid { report, stock: Box::new(stock) }
            }
            told => told,
        }
    }

    /// The same, when payments does not take on what is asked of it.
    pub fn place_unbegun(&mut self, attempt: u32) -> Outcome {
        match self.hold(attempt) {
            Outcome::Held => Outcome::NotTakenOn,
            refused => refused,
        }
    }

    fn arriving(&mut self, times: usize, call: impl Fn(&mut Self) -> Outcome) -> Outcome {
        for _ in 1..times {
            call(self);
        }
        call(self)
    }

    fn authorize(&mut self) -> Outcome {
        let status = match (self.declines, self.asks) {
            (true, _) => PaymentStatus::Failed,
            (false, true) => PaymentStatus::RequiresAction,
            (false, false) => PaymentStatus::Authorized,
        };
        self.money.get_or_insert(status);
        self.told()
    }

    /// What payments tells, which may be that it does not know.
    fn told(&mut self) -> Outcome {
        let silent = self.silent_for > 0;
        self.silent_for = self.silent_for.saturating_sub(1);
        if silent { self.report(PaymentStatus::Unknown) } else { self.report(self.money()) }
    }

    fn money(&self) -> PaymentStatus {
        self.money.unwrap_or(PaymentStatus::Voided)
    }

    fn report(&self, status: PaymentStatus) -> Outcome {
        let refunded: i64 = self.refunds.values().sum();
        let captured = if status == PaymentStatus::Captured { TOTAL } else { 0 };
        let status = match refunded {
            0 => status,
            TOTAL => PaymentStatus::Refunded,
            _ => PaymentStatus::PartiallyRefunded,
        };
        let report = PaymentReport { captured, refunded, ..PaymentReport::none(status) };
        Outcome::Payment(report)
    }

    fn reconcile(&mut self) -> Outcome {
        self.money.get_or_insert(PaymentStatus::Voided);
        self.told()
    }

    fn commit(&mut self, attempt: u32) -> Outcome {
        if attempt == 1 && self.first_hold_ends {
            self.stock.insert(1, Stock::Ended);
        }
        match self.stock.get_mut(&attempt) {
            Some(stock @ (Stock::Held | Stock::Committed)) => {
                *stock = Stock::Committed;
                Outcome::Committed
            }
            _ => Outcome::ReservationEnded,
        }
    }

    fn capture(&mut self) -> Outcome {
        if self.money == Some(PaymentStatus::Authorized) {
            self.money = Some(PaymentStatus::Captured);
        }
        self.report(self.money())
    }

    /// The provider ends the reservation by itself.
    pub fn lapse(&mut self) {
        if self.money == Some(PaymentStatus::Authorized) {
            self.money = Some(PaymentStatus::Voided);
        }
    }

    fn void(&mut self) -> Outcome {
        if std::mem::take(&mut self.comes_again) {
            self.authorize();
        }
        if self.money != Some(PaymentStatus::Failed) {
            assert_ne!(self.money, Some(PaymentStatus::Captured), "captured money was given up");
            self.money = Some(PaymentStatus::Voided);
        }
        self.told()
    }

    fn release(&mut self, attempts: u32, status: OrderStatus) -> Outcome {
        let known = status != OrderStatus::Pending;
        let reserved = matches!(
            self.money,
            Some(
                PaymentStatus::Authorized | PaymentStatus::Captured | PaymentStatus::RequiresAction
            )
        );
        assert!(known || !reserved, "stock was given back while money was reserved");
        assert!(self.parcels.is_empty(), "what was shipped was given back");
        for attempt in 1..=attempts {
            self.stock.insert(attempt, Stock::Ended);
        }
        Outcome::Released
    }

    fn refund(&mut self, refund: &Refund) -> Outcome {
        assert_eq!(self.money, Some(PaymentStatus::Captured), "nothing was taken");
        let id = refund.id;
        let is_new = !self.refunds.contains_key(&id) && !self.lost.contains(&id);
        if is_new && self.waits > 0 && !self.waiting.contains_key(&id) {
            self.waits -= 1;
            self.waiting.insert(id, refund.amount);
            self.check_given();
        }
        if self.waiting.contains_key(&id) {
            return Outcome::Unknown;
        }
        if self.refuses > 0 && !self.refunds.contains_key(&id) && self.lost.insert(id) {
            self.refuses -= 1;
        }
        if self.lost.contains(&id) {
            return Outcome::RefundRefused { refund: id, code: "card_is_gone".into() };
        }
        self.refunds.insert(id, refund.amount);
        self.check_given();
        Outcome::Refunded(id)
    }

    fn check_given(&self) {
        let given: i64 = self.refunds.values().chain(self.waiting.values()).sum();
        assert!(given <= TOTAL, "more is given back than was taken");
    }

    /// The bank decides of the first refund that waits for it.
    pub fn decide(&mut self, made: bool) {
        let Some((id, amount)) = self.waiting.pop_first() else { return };
        if made {
            self.refunds.insert(id, amount);
        } else {
            self.lost.insert(id);
        }
    }

    /// The bank takes back that it gave the first refund back; which that was.
    pub fn lose_refund(&mut self) -> Option<RefundId> {
        let (id, _) = self.refunds.pop_first()?;
        self.lost.insert(id);
        Some(id)
    }

    fn ship(&mut self, attempt: u32, parcel: &Shipment) -> Outcome {
        assert_eq!(self.money, Some(PaymentStatus::Captured), "goods leave that are not paid");
        if self.stock.get(&attempt) != Some(&Stock::Committed) {
            return Outcome::ReservationEnded;
        }
        let pieces = parcel.pieces.iter().map(|pieces| pieces.quantity.get()).sum();
        self.parcels.insert(parcel.id, pieces);
        assert!(self.parcels.values().sum::<u32>() <= PIECES, "more is shipped than was bought");
        Outcome::Shipped
    }

    fn take_back(&mut self, back: &Return) -> Outcome {
        let pieces = back.pieces.iter().map(|pieces| pieces.quantity.get()).sum();
        self.returns.insert(back.id, pieces);
        let left = self.parcels.values().sum::<u32>();
        assert!(self.returns.values().sum::<u32>() <= left, "more comes back than left");
        Outcome::TakenBack
    }

    pub fn take(&mut self, task: Task, order: &Order) -> Outcome {
        match task {
            Task::Authorize { attempt } => self.place(attempt, CALLS, 1),
            Task::Hold { attempt } => self.hold(attempt),
            Task::Reconcile => self.reconcile(),
            Task::Commit { attempt } => self.commit(attempt),
            Task::Capture => self.capture(),
            Task::Void => self.void(),
            Task::Release { attempts } => self.release(attempts, order.status),
            Task::Refund => match order.pending_refund() {
                Some(pending) => self.refund(pending),
                None => Outcome::Unknown,
            },
            Task::Ship { attempt } => {
                self.ship(attempt, order.preparing().next().expect("a parcel is prepared"))
            }
            Task::TakeBack { .. } => {
                self.take_back(order.to_take_back().expect("a return was received"))
            }
        }
    }

    pub fn holds_stock(&self) -> Vec<Stock> {
        self.stock.values().copied().filter(|stock| *stock != Stock::Ended).collect()
    }
}

fn line(sku: &str, quantity: u32) -> Line {
    let usd = |amount| Money::new(amount, Currency::USD);
    Line {
        sku: sku.parse().expect("a SKU"),
        product_id: ProductId::from_uuid(Uuid::nil()),
        variant_id: VariantId::from_uuid(Uuid::nil()),
        name: sku.to_owned(),
        fulfilment: Fulfilment::Physical,
        quantity: Quantity::new(quantity).expect("a quantity"),
        unit_price: usd(20),
        total: usd(20 * i64::from(quantity)),
        tax: usd(0),
        shipped: 0,
        returned: 0,
    }
}

/// The order as it is placed.
pub fn placed() -> Order {
    let usd = |amount| Money::new(amount, Currency::USD);
    let at = Timestamp::from_micros(1);
    Order {
        id: OrderId::from_uuid(Uuid::nil()),
        number: None,
        user_id: None,
        email: None,
        languages: Vec::new(),
        status: OrderStatus::Pending,
        refused: false,
        payment: PaymentState {
            id: PaymentId::from_uuid(Uuid::nil()),
            provider: "sandbox".into(),
            status: PaymentStatus::Unknown,
            captured: 0,
            refunded: 0,
            next_action: None,
        },
        delivery: Delivery::default(),
        lines: vec![line("GPU", 3), line("CPU", PIECES - 3)],
        totals: Totals {
            subtotal: usd(TOTAL),
            discount: usd(0),
            shipping: usd(0),
            tax: usd(0),
            total: usd(TOTAL),
        },
        note: None,
        history: vec![HistoryEntry { status: OrderStatus::Pending, at, note: None }],
        attempt: 1,
        cancel_asked: None,
        shipments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        version: 1,
        created_at: at,
        updated_at: at,
        cart_id: None,
        prices_include_tax: false,
    }
}

/// Worlds in which nothing speaks against the order.
pub fn friendly() -> World {
    World {
        stock: BTreeMap::new(),
        parcels: BTreeMap::new(),
        returns: BTreeMap::new(),
        money: None,
        refunds: BTreeMap::new(),
        scarce: false,
        declines: false,
        asks: false,
        lost: BTreeSet::new(),
        refuses: 0,
        waits: 0,
        waiting: BTreeMap::new(),
        silent_for: 0,
        comes_again: false,
        first_hold_ends: false,
    }
}

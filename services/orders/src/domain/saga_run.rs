//! One order on its way through the small world of the saga's property tests: each step meets a fate, and
//! what is stored must hold at every step.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use techtrove_core::{Quantity, Timestamp, TypedId as _};
use techtrove_orders_api::{OrderStatus, ReturnId, ReturnStatus, ShipmentId};
use techtrove_payments_api::{PaymentStatus, RefundId};
use uuid::Uuid;

use super::{
    Booking, CapturePolicy, Order, Refund, RefundStatus, Return, Shipment, ShipmentStatus, pack,
    saga::{Change, Facts, Hand, Outcome, Pin, Reply, Saga, Step, Task},
    saga_world::{CALLS, PIECES, Stock, TOTAL, World, placed},
    worth,
};

pub const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to one step.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    /// The driver dies after the step was taken and before the next is stored.
    CrashAfter,
    /// Of the calls that place the order only so many are made; then the driver dies, or goes on.
    Cut(usize, bool),
    /// The step arrives a second time, later.
    Twice,
    /// Payments does not take the request for money on; it may come to it once more, before it is given up.
    Unbegun(bool),
    /// Somebody asks for something while the step is on its way.
    Asked(Wish),
    /// The same, and the step's answer is lost.
    AskedUnheard(Wish),
}

/// What is asked of an order.
#[derive(Clone, Copy, Debug)]
pub enum Wish {
    Cancel,
    Refund(i64),
    Ship(u32),
    /// So many pieces come back, and are received.
    SendBack(u32),
    /// The buyer does what the provider asked of them.
    Complete,
    /// A refund that was made fails at its bank, and payments tells of it.
    LoseRefund,
    /// The bank decides of a refund that waits for it: whether it is made.
    Decide(bool),
    /// The provider ends the reservation by itself.
    Lapse,
    /// Payments tells of it.
    HearOfLapse,
}

/// An order being driven, as far as it is stored.
#[derive(Debug)]
pub struct Run {
    pub world: World,
    pub order: Arc<Order>,
    pub saga: Option<Saga>,
    /// Whether nobody drives it until its time has come.
    pub is_waiting: bool,
    pub hand: Hand,
    pub capture: CapturePolicy,
    pub seconds: u64,
    pub ids: u128,
    /// What became of the idempotency key, each time it was not kept.
    pub pins: Vec<Pin>,
    pub replies: Vec<Reply>,
}

impl Run {
    pub fn new(world: World) -> Self {
        Self {
            world,
            order: Arc::new(placed()),
            saga: Some(begun()),
            is_waiting: false,
            hand: Hand::Buyer,
            capture: CapturePolicy::Confirmation,
            seconds: 0,
            ids: 0,
            pins: Vec::new(),
            replies: Vec::new(),
        }
    }

    fn fresh(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1).plus(Duration::from_secs(self.seconds))
    }

    /// Writes a wish down as the use cases do, where the order allows it.
    pub fn ask(&mut self, wish: Wish) {
        let (fresh, now) = (self.fresh(), self.now());
        let order = Arc::make_mut(&mut self.order);
        let cancelling = order.cancel_asked.is_some() || order.status == OrderStatus::Cancelled;
        match wish {
            Wish::Cancel if order.may_be_cancelled().is_ok() => {
                order.cancel_asked = Some("cancelled by the buyer".into());
            }
            Wish::Refund(amount)
                if amount <= order.refundable()
                    && (!cancelling || order.status == OrderStatus::Cancelled) =>
            {
                order.take_refund(&refund_of(fresh, amount, now));
            }
            Wish::SendBack(pieces) => send_back(order, fresh, pieces, now),
            Wish::Ship(pieces) if !cancelling => {
                let packing =
                    matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing);
                let late = self.capture == CapturePolicy::Shipment && !order.cannot_be_paid();
                let payable = order.payment.captured > 0 || late;
                let wanted =
                    [("GPU".parse().expect("a SKU"), Quantity::new(pieces).expect("some"))];
                let Ok(pieces) = pack(order, Some(&wanted)).or_else(|_| pack(order, None)) else {
                    return;
                };
                if packing && payable && !pieces.is_empty() {
                    order.take_shipment(&Shipment {
                        id: ShipmentId::from_uuid(fresh),
                        status: ShipmentStatus::Preparing,
                        carrier: "DHL".into(),
                        tracking_number: None,
                        pieces,
                        withdrawn_for: None,
                        claim: None,
                        created_at: now,
                        shipped_at: None,
                    });
                }
            }
            Wish::LoseRefund => {
                let lost = self.world.lose_refund();
                let change = lost.and_then(|id| order.refund_lost(id, "card_is_gone", now));
                if let Some(change) = change {
                    order.apply(&change, now);
                }
            }
            Wish::Decide(made) => self.world.decide(made),
            Wish::Lapse => self.world.lapse(),
            Wish::HearOfLapse => hear_of_lapse(&self.world, order, now),
            Wish::Complete if self.world.money == Some(PaymentStatus::RequiresAction) => {
                self.world.money = Some(PaymentStatus::Authorized);
            }
            _ => {}
        }
        let turned = self.saga.as_ref().filter(|_| self.is_waiting);
        if let Some(turned) = turned.and_then(|saga| saga.turned(&self.order, self.capture, now)) {
            self.saga = Some(turned);
        }
        if self.saga.is_none() {
            self.saga = Saga::resume(&self.order, self.capture, now);
            self.hand = Hand::Recovery;
        }
    }

    pub fn step(&mut self, fate: Fate) {
        let Some(saga) = self.saga.clone() else {
            if let Fate::Asked(wish) | Fate::AskedUnheard(wish) = fate {
                self.ask(wish);
            }
            return;
        };
        let task = saga.task(self.hand);
        let order = Arc::clone(&self.order);
        let outcome = match fate {
            Fate::RequestLost => Outcome::Unknown,
            Fate::AnswerLost => {
                self.world.take(task, &order);
                Outcome::Unknown
            }
            Fate::CrashAfter => {
                self.world.take(task, &order);
                return self.crash();
            }
            Fate::Cut(calls, crashes) if let Task::Authorize { attempt } = task => {
                let outcome = self.world.place(attempt, calls, 1);
                if crashes {
                    return self.crash();
                }
                outcome
            }
            Fate::Unbegun(comes_again) if let Task::Authorize { attempt } = task => {
                self.world.comes_again = comes_again;
                self.world.place_unbegun(attempt)
            }
            Fate::Twice if let Task::Authorize { attempt } = task => {
                self.world.place(attempt, CALLS, 2)
            }
            Fate::Twice => {
                self.world.take(task, &order);
                self.world.take(task, &order)
            }
            Fate::Asked(wish) => {
                let outcome = self.world.take(task, &order);
                self.ask(wish);
                outcome
            }
            Fate::AskedUnheard(wish) => {
                self.world.take(task, &order);
                self.ask(wish);
                Outcome::Unknown
            }
            _ => self.world.take(task, &order),
        };
        let facts = Facts {
            hand: self.hand,
            now: self.now(),
            patience: PATIENCE,
            action: PATIENCE,
            capture: self.capture,
            fresh: self.fresh(),
        };
        let (change, order) = saga.follow(&self.order, &outcome, &facts);
        self.store(&saga, change, order);
    }

    fn crash(&mut self) {
        self.hand = Hand::Recovery;
        self.seconds += 5;
    }

    fn store(&mut self, before: &Saga, change: Change, order: Arc<Order>) {
        if change.pin != Pin::Keep {
            self.pins.push(change.pin);
        }
        self.replies.extend(change.reply);
        if let Some(next) = &change.next {
            assert!(!before.answered || next.answered, "an answer is never taken back");
            assert!(next.attempt <= 2);
            let late =
                matches!(next.step, Step::Capture | Step::Refund | Step::Ship | Step::TakeBack);
            assert!(!late || order.status != OrderStatus::Pending, "{:?} too early", next.step);
        }
        self.is_waiting = change.waits;
        if change.waits {
            let backoff = change.next.as_ref().map_or(Duration::ZERO, Saga::backoff);
            let wait = change.due.map_or(backoff, |due| due.since(self.now()));
            self.seconds += wait.as_secs();
            self.hand = Hand::Recovery;
        }
        assert!(order.payment.refunded <= order.payment.captured);
        assert!(order.refundable() >= 0, "more is promised back than was taken");
        self.order = order;
        self.saga = change.next;
    }

    pub fn status(&self) -> OrderStatus {
        self.order.status
    }

    pub fn finish(&mut self) {
        self.world.silent_for = 0;
        self.world.waits = 0;
        while !self.world.waiting.is_empty() {
            self.world.decide(true);
        }
        for _ in 0..4 {
            for _ in 0..40 {
                self.step(Fate::Arrives);
            }
            // What has lapsed is told of in the end.
            self.ask(Wish::HearOfLapse);
            // What was refused too often waits for staff.
            let left = self.order.refundable();
            if self.saga.is_some() && left > 0 {
                self.ask(Wish::Refund(left));
            }
        }
    }

    /// Lets everything be done but what banks have to decide.
    pub fn finish_but_for_banks(&mut self) {
        (0..60).for_each(|_| self.step(Fate::Arrives));
    }

    /// Nothing is left to do but what banks have to decide.
    pub fn check_but_for_banks(&self) {
        let pending = self.order.refunds.iter().filter(|it| it.status == RefundStatus::Pending);
        let pending: BTreeMap<_, _> = pending.map(|it| (it.id, it.amount)).collect();
        assert_eq!(pending, self.world.waiting);
        let step = self.saga.as_ref().map(|saga| saga.step);
        assert_eq!(step, (!pending.is_empty()).then_some(Step::Refund));
        assert_eq!(self.order.preparing().count(), 0, "a parcel was held up");
        assert_eq!(self.order.to_take_back(), None, "a return was held up");
        let cancelled = self.status() == OrderStatus::Cancelled;
        assert!(cancelled || self.order.cancel_asked.is_none(), "a cancellation was held up");
        assert!(!cancelled || self.order.refundable() == 0, "a refund was held up");
    }

    pub fn check(&self) {
        assert_eq!(self.saga, None, "without faults every order is settled");
        assert_ne!(self.status(), OrderStatus::Pending);
        self.check_money();
        let shipped: u32 = self.world.parcels.values().sum();
        assert_eq!(shipped, self.order.lines.iter().map(|line| line.shipped).sum::<u32>());
        match self.status() {
            OrderStatus::Cancelled | OrderStatus::PaymentFailed => {
                assert_eq!(self.world.holds_stock(), []);
                assert_eq!(shipped, 0, "shipped and cancelled");
            }
            OrderStatus::Shipped => assert_eq!(shipped, PIECES),
            status => {
                assert_eq!(self.world.holds_stock(), [Stock::Committed]);
                assert_eq!(shipped > 0, status == OrderStatus::Processing);
                assert_eq!(self.order.cancel_asked, None, "a cancellation was forgotten");
            }
        }
        assert_eq!(self.order.preparing().count(), 0, "a parcel was forgotten");
        assert_eq!(self.order.pending_refund(), None, "a refund was forgotten");
        assert_eq!(self.order.to_take_back(), None, "a return was forgotten");
        let returned = self.order.lines.iter().map(|line| line.returned).sum::<u32>();
        assert_eq!(self.world.returns.values().sum::<u32>(), returned);
        assert_eq!(self.pins.len(), 1, "the key's fate is decided once: {:?}", self.pins);
        // Once told that there is an order, the buyer is never told otherwise.
        if let Some(first) = self.replies.first() {
            assert!(self.replies.iter().all(|reply| reply == first), "{:?}", self.replies);
        }
    }

    fn check_money(&self) {
        let (money, payment) = (self.world.money, &self.order.payment);
        let refunded: i64 = self.world.refunds.values().sum();
        assert_eq!(payment.refunded, refunded);
        let made = self.order.refunds.iter().filter(|it| it.status == RefundStatus::Succeeded);
        assert_eq!(
            made.map(|it| (it.id, it.amount)).collect::<BTreeMap<_, _>>(),
            self.world.refunds
        );
        let taken = if money == Some(PaymentStatus::Captured) { TOTAL } else { 0 };
        assert_eq!(payment.captured, taken);
        match self.status() {
            OrderStatus::PaymentFailed => assert_eq!(money, Some(PaymentStatus::Failed)),
            OrderStatus::Cancelled => {
                let none =
                    matches!(money, None | Some(PaymentStatus::Failed | PaymentStatus::Voided));
                assert!(none || refunded == TOTAL, "{money:?}, {refunded} given back");
            }
            _ if self.capture == CapturePolicy::Confirmation => assert_eq!(taken, TOTAL),
            OrderStatus::Confirmed => assert!(
                matches!(money, Some(PaymentStatus::Authorized | PaymentStatus::Captured)),
                "an order that cannot be paid any more waits: {money:?}"
            ),
            _ => assert_eq!(taken, TOTAL),
        }
    }
}

/// Payments tells that the reservation has lapsed, if it has.
fn hear_of_lapse(world: &World, order: &mut Order, now: Timestamp) {
    if let (Some(PaymentStatus::Voided), Some(change)) = (world.money, order.lapsed()) {
        order.apply(&change, now);
    }
}

fn refund_of(id: Uuid, amount: i64, now: Timestamp) -> Refund {
    Refund {
        id: RefundId::from_uuid(id),
        status: RefundStatus::Pending,
        amount,
        reason: String::new(),
        claim: None,
        failure_code: None,
        created_at: now,
        updated_at: now,
        ask_at: now,
    }
}

/// Receives up to so many pieces, with the refund of what they are worth, as the use case does.
fn send_back(order: &mut Order, fresh: Uuid, pieces: u32, now: Timestamp) {
    let wanted = [("GPU".parse().expect("a SKU"), Quantity::new(pieces).expect("some"))];
    if order.may_be_returned(PATIENCE, now).is_err() {
        return;
    }
    let Ok(pieces) = order.send_back(&wanted) else { return };
    let back = Return {
        id: ReturnId::from_uuid(fresh),
        status: ReturnStatus::Received,
        pieces,
        reason: String::new(),
        restock: Some(true),
        booking: Booking::Pending,
        refund: None,
        received_under: None,
        created_at: now,
        updated_at: now,
    };
    let amount = worth(order, &back).min(order.refundable());
    if amount > 0 {
        let refund = refund_of(fresh, amount, now);
        order.take_refund(&refund);
        order.take_return(&Return { refund: Some(refund.id), ..back });
    } else {
        order.take_return(&back);
    }
}

pub fn begun() -> Saga {
    Saga::begin(Timestamp::from_micros(1))
}

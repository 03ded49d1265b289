//! The saga against a small world in which every message may be lost, every step repeated, every driver
//! crash, and cancellations, refunds and parcels be asked for at any moment, at random; then the faults
//! end. What the world holds must then agree with the order.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use techtrove_core::{Quantity, Timestamp, TypedId as _};
use techtrove_orders_api::{OrderStatus, ShipmentId};
use techtrove_payments_api::{PaymentStatus, RefundId};
use uuid::Uuid;

use super::{
    CapturePolicy, Order, Refund, RefundStatus, Shipment, ShipmentStatus, pack,
    saga::{Change, Facts, Hand, Outcome, Pin, Reply, Saga, Step, Task},
    saga_world::{CALLS, PIECES, Stock, TOTAL, World, friendly, placed},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to one step.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    /// The driver dies after the step was taken and before the next is stored.
    CrashAfter,
    /// Of the calls that place the order only so many are made; then the driver dies, or goes on.
    Cut(usize, bool),
    /// The step arrives a second time, later.
    Twice,
    /// Somebody asks for something while the step is on its way.
    Asked(Wish),
}

/// What is asked of an order.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Cancel,
    Refund(i64),
    Ship(u32),
    /// The buyer does what the provider asked of them.
    Complete,
}

/// An order being driven, as far as it is stored.
#[derive(Debug)]
struct Run {
    world: World,
    order: Arc<Order>,
    saga: Option<Saga>,
    hand: Hand,
    capture: CapturePolicy,
    seconds: u64,
    ids: u128,
    /// What became of the idempotency key, each time it was not kept.
    pins: Vec<Pin>,
    replies: Vec<Reply>,
}

impl Run {
    fn new(world: World) -> Self {
        Self {
            world,
            order: Arc::new(placed()),
            saga: Some(begun()),
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
    fn ask(&mut self, wish: Wish) {
        let (fresh, now) = (self.fresh(), self.now());
        let order = Arc::make_mut(&mut self.order);
        let cancelling = order.cancel_asked.is_some() || order.status == OrderStatus::Cancelled;
        match wish {
            Wish::Cancel if order.may_be_cancelled().is_ok() => {
                order.cancel_asked = Some("cancelled by the buyer".into());
            }
            Wish::Refund(amount) if amount <= order.refundable() && !cancelling => {
                order.take_refund(&Refund {
                    id: RefundId::from_uuid(fresh),
                    status: RefundStatus::Pending,
                    amount,
                    reason: String::new(),
                    claim: None,
                    created_at: now,
                    updated_at: now,
                });
            }
            Wish::Ship(pieces) if !cancelling => {
                let packing =
                    matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing);
                let payable = order.payment.captured > 0 || self.capture == CapturePolicy::Shipment;
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
            Wish::Complete if self.world.money == Some(PaymentStatus::RequiresAction) => {
                self.world.money = Some(PaymentStatus::Authorized);
            }
            _ => {}
        }
        if self.saga.is_none() {
            self.saga = Saga::resume(&self.order, self.capture);
            self.hand = Hand::Recovery;
        }
    }

    fn step(&mut self, fate: Fate) {
        let Some(saga) = self.saga.clone() else {
            if let Fate::Asked(wish) = fate {
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
            let late = matches!(next.step, Step::Capture | Step::Refund | Step::Ship);
            assert!(!late || order.status != OrderStatus::Pending, "{:?} too early", next.step);
        }
        if change.waits {
            let wait = change.next.as_ref().map_or(Duration::ZERO, Saga::backoff);
            self.seconds += wait.as_secs();
            self.hand = Hand::Recovery;
        }
        assert!(order.payment.refunded <= order.payment.captured);
        assert!(order.refundable() >= 0, "more is promised back than was taken");
        self.order = order;
        self.saga = change.next;
    }

    fn status(&self) -> OrderStatus {
        self.order.status
    }

    fn finish(&mut self) {
        self.world.silent_for = 0;
        for _ in 0..40 {
            self.step(Fate::Arrives);
        }
    }

    fn check(&self) {
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
            OrderStatus::Confirmed => assert!(money.is_some()),
            _ => assert_eq!(taken, TOTAL),
        }
    }
}

fn begun() -> Saga {
    Saga::begin(Timestamp::from_micros(1))
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Arrives),
        1 => Just(Fate::RequestLost),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::CrashAfter),
        2 => (1..CALLS, any::<bool>()).prop_map(|(calls, crashes)| Fate::Cut(calls, crashes)),
        1 => Just(Fate::Twice),
        2 => any_wish().prop_map(Fate::Asked),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Cancel),
        2 => (1..=TOTAL).prop_map(Wish::Refund),
        2 => (1..=3_u32).prop_map(Wish::Ship),
        1 => Just(Wish::Complete),
    ]
}

prop_compose! {
    fn any_world()(
        scarce: bool, declines: bool, asks: bool, keeps_all: bool, silent_for in 0..4_u32,
        first_hold_ends: bool,
    ) -> World {
        World { scarce, declines, asks, keeps_all, silent_for, first_hold_ends, ..friendly() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_ends_and_the_books_agree(
        world in any_world(), late: bool, fates in prop::collection::vec(any_fate(), 0..40),
    ) {
        let mut run = Run::new(world);
        run.capture = if late { CapturePolicy::Shipment } else { CapturePolicy::Confirmation };

        fates.into_iter().for_each(|fate| run.step(fate));
        run.finish();

        run.check();
    }

    /// What nobody should answer changes nothing for the worse: no step is left out by it.
    #[test]
    fn an_answer_out_of_place_never_confirms_nor_gives_back(step in 0..6_usize, answered: bool, odd in 0..3_usize) {
        let steps = [Step::Hold, Step::Authorize, Step::Commit, Step::Capture, Step::Void, Step::Release];
        let saga = Saga { step: steps[step], answered, ..begun() };
        let outcome = [Outcome::Refused, Outcome::Unknown, Outcome::NotAsked][odd].clone();
        let run = Run::new(friendly());
        let facts = Facts {
            hand: Hand::Recovery,
            now: Timestamp::from_micros(2),
            patience: PATIENCE,
            action: PATIENCE,
            capture: CapturePolicy::Confirmation,
            fresh: Uuid::nil(),
        };

        let (change, _) = saga.follow(&run.order, &outcome, &facts);

        prop_assert_eq!(change.status, None);
        prop_assert!(change.waits);
    }
}

#[test]
fn a_friendly_world_confirms_and_captures_in_two_steps() {
    let mut run = Run::new(friendly());

    (0..2).for_each(|_| run.step(Fate::Arrives));

    run.check();
    assert_eq!((run.status(), run.replies), (OrderStatus::Confirmed, vec![Reply::Order]));
}

#[test]
fn a_crash_before_money_was_asked_for_ends_in_nothing() {
    let mut run = Run::new(friendly());

    run.step(Fate::Cut(1, true));
    run.finish();

    run.check();
    assert_eq!((run.status(), run.pins), (OrderStatus::Cancelled, vec![Pin::Forget]));
}

#[test]
fn a_crash_after_the_money_was_reserved_is_finished_by_whoever_finds_it() {
    for fate in [Fate::Cut(2, true), Fate::CrashAfter] {
        let mut run = Run::new(friendly());

        run.step(fate);
        run.finish();

        run.check();
        assert_eq!((run.status(), run.pins), (OrderStatus::Confirmed, vec![Pin::Order]));
    }
}

#[test]
fn a_charge_whose_answer_was_lost_is_asked_for_and_confirmed() {
    let mut run = Run::new(friendly());

    run.step(Fate::AnswerLost);
    assert_eq!(run.replies, [Reply::Order]);
    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Confirmed);
}

#[test]
fn a_payment_unknown_for_too_long_is_given_up_before_stock_is_freed() {
    let mut run = Run::new(World { silent_for: 100, ..friendly() });

    (0..30).for_each(|_| run.step(Fate::Arrives));
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Void));
    assert_eq!(run.world.holds_stock(), [Stock::Held]);
    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Cancelled);
}

#[test]
fn a_hold_that_ended_is_made_again_once() {
    let mut run = Run::new(World { first_hold_ends: true, ..friendly() });

    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Confirmed);
    assert_eq!(run.world.stock.get(&2), Some(&Stock::Committed));
}

#[test]
fn waiting_grows_to_a_minute() {
    let waits: Vec<u64> =
        (1..=8).map(|tries| Saga { tries, ..begun() }.backoff().as_secs()).collect();

    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn only_the_buyers_hand_asks_for_money() {
    assert_eq!(begun().task(Hand::Buyer), Task::Authorize { attempt: 1 });
    assert_eq!(begun().task(Hand::Recovery), Task::Reconcile);
}

#[test]
fn a_buyer_who_never_does_what_is_asked_gets_nothing_and_pays_nothing() {
    let mut run = Run::new(World { asks: true, ..friendly() });

    (0..30).for_each(|_| run.step(Fate::Arrives));

    run.check();
    assert_eq!(run.status(), OrderStatus::Cancelled);
    assert!(run.seconds >= PATIENCE.as_secs(), "given up after {} s", run.seconds);
}

#[test]
fn a_buyer_who_does_what_is_asked_is_confirmed() {
    let mut run = Run::new(World { asks: true, ..friendly() });

    (0..4).for_each(|_| run.step(Fate::Arrives));
    run.step(Fate::Asked(Wish::Complete));
    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Confirmed);
}

#[test]
fn a_cancellation_at_any_step_leaves_neither_goods_nor_money() {
    for number in 0..6 {
        let mut run = Run::new(friendly());

        (0..number).for_each(|_| run.step(Fate::Arrives));
        run.step(Fate::Asked(Wish::Cancel));
        run.finish();

        run.check();
        assert_eq!(run.status(), OrderStatus::Cancelled, "asked at step {number}");
    }
}

#[test]
fn what_was_shipped_in_part_is_not_cancelled() {
    let mut run = Run::new(friendly());
    run.finish();

    run.step(Fate::Asked(Wish::Ship(2)));
    run.step(Fate::Asked(Wish::Cancel));
    run.finish();

    assert_eq!((run.status(), run.order.history.len()), (OrderStatus::Processing, 3));
    assert_eq!(run.world.parcels.values().sum::<u32>(), 2);
}

#[test]
fn the_last_parcel_makes_it_shipped_by_way_of_the_packing() {
    let mut run = Run::new(friendly());
    run.finish();

    run.step(Fate::Asked(Wish::Ship(9)));
    run.finish();

    run.check();
    let stations: Vec<_> = run.order.history.iter().map(|entry| entry.status).collect();
    assert_eq!(stations[2..], [OrderStatus::Processing, OrderStatus::Shipped]);
}

#[test]
fn money_is_taken_before_the_first_parcel_where_that_is_the_policy() {
    let mut run = Run::new(friendly());
    run.capture = CapturePolicy::Shipment;
    run.finish();
    assert_eq!(run.world.money, Some(PaymentStatus::Authorized));

    run.step(Fate::Asked(Wish::Ship(1)));
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Capture));
    run.finish();

    run.check();
    assert_eq!(run.world.money, Some(PaymentStatus::Captured));
}

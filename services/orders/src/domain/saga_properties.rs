//! The saga against a small world in which every message may be lost, every step repeated and every
//! driver crash, at random; then the faults end. What the world holds must then agree with the order.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use techtrove_core::Timestamp;
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;

use super::saga::{Change, Facts, Hand, Outcome, PaymentReport, Pin, Reply, Saga, Step, Task};

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stock {
    Held,
    Committed,
    Ended,
}

/// What happens to one step.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    /// The driver dies after the step was taken and before the next is stored.
    CrashAfter,
    /// The step arrives a second time, later.
    Twice,
}

/// Stock and money as inventory and payments keep them.
#[derive(Clone, Debug)]
struct World {
    stock: BTreeMap<u32, Stock>,
    money: Option<PaymentStatus>,
    scarce: bool,
    declines: bool,
    /// The provider does not tell what it did, at first.
    silent_for: u32,
    /// The first hold ends by itself before it is committed, as only a bug could make it.
    first_hold_ends: bool,
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

    fn authorize(&mut self, attempt: u32) -> Outcome {
        if self.stock.get(&attempt) != Some(&Stock::Held) {
            return Outcome::ReservationEnded;
        }
        let status = if self.declines { PaymentStatus::Failed } else { PaymentStatus::Authorized };
        self.money.get_or_insert(status);
        self.told()
    }

    /// What payments tells, which may be that it does not know.
    fn told(&mut self) -> Outcome {
        let silent = self.silent_for > 0;
        self.silent_for = self.silent_for.saturating_sub(1);
        report(if silent { PaymentStatus::Unknown } else { self.money() })
    }

    fn money(&self) -> PaymentStatus {
        self.money.unwrap_or(PaymentStatus::Voided)
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
        report(self.money())
    }

    fn void(&mut self) -> Outcome {
        if self.money != Some(PaymentStatus::Failed) {
            assert_ne!(self.money, Some(PaymentStatus::Captured), "captured money was given up");
            self.money = Some(PaymentStatus::Voided);
        }
        self.told()
    }

    fn release(&mut self, attempts: u32) -> Outcome {
        let reserved =
            matches!(self.money, Some(PaymentStatus::Authorized | PaymentStatus::Captured));
        assert!(!reserved, "stock was given back while money was reserved");
        for attempt in 1..=attempts {
            self.stock.insert(attempt, Stock::Ended);
        }
        Outcome::Released
    }

    fn take(&mut self, task: Task) -> Outcome {
        match task {
            Task::Abandon => Outcome::Abandoned,
            Task::Hold { attempt, .. } => self.hold(attempt),
            Task::Authorize { attempt } => self.authorize(attempt),
            Task::Reconcile => self.reconcile(),
            Task::Commit { attempt } => self.commit(attempt),
            Task::Capture => self.capture(),
            Task::Void => self.void(),
            Task::Release { attempts } => self.release(attempts),
        }
    }

    fn holds_stock(&self) -> Vec<Stock> {
        self.stock.values().copied().filter(|stock| *stock != Stock::Ended).collect()
    }
}

fn report(status: PaymentStatus) -> Outcome {
    Outcome::Payment(PaymentReport { status, captured: 0, decline_code: None })
}

/// An order being driven, as far as it is stored.
#[derive(Debug)]
struct Run {
    world: World,
    saga: Option<Saga>,
    hand: Hand,
    status: OrderStatus,
    seconds: u64,
    /// What became of the idempotency key, each time it was not kept.
    pins: Vec<Pin>,
    replies: Vec<Reply>,
}

impl Run {
    fn new(world: World) -> Self {
        Self {
            world,
            saga: Some(Saga::begin()),
            hand: Hand::Buyer,
            status: OrderStatus::Pending,
            seconds: 0,
            pins: Vec::new(),
            replies: Vec::new(),
        }
    }

    fn step(&mut self, fate: Fate) {
        let Some(saga) = self.saga.clone() else { return };
        let task = saga.task(self.hand);
        let outcome = match fate {
            Fate::RequestLost if task != Task::Abandon => Outcome::Unknown,
            Fate::AnswerLost if task != Task::Abandon => {
                self.world.take(task);
                Outcome::Unknown
            }
            Fate::CrashAfter => {
                self.world.take(task);
                self.hand = Hand::Recovery;
                self.seconds += 5;
                return;
            }
            Fate::Twice => {
                self.world.take(task);
                self.world.take(task)
            }
            _ => self.world.take(task),
        };
        let now = Timestamp::from_micros(1).plus(Duration::from_secs(self.seconds));
        let change = saga.decide(&outcome, &Facts { hand: self.hand, now, patience: PATIENCE });
        self.store(&saga, change);
    }

    fn store(&mut self, before: &Saga, change: Change) {
        if let Some(status) = change.status {
            assert_eq!(self.status, OrderStatus::Pending, "an order is confirmed or ended once");
            self.status = status;
        }
        if change.pin != Pin::Keep {
            self.pins.push(change.pin);
        }
        self.replies.extend(change.reply);
        if let Some(next) = &change.next {
            assert!(!before.answered || next.answered, "an answer is never taken back");
            assert!(next.attempt <= 2);
            assert!(next.step != Step::Capture || self.status == OrderStatus::Confirmed);
        }
        if change.waits {
            let wait = change.next.as_ref().map_or(Duration::ZERO, Saga::backoff);
            self.seconds += wait.as_secs();
            self.hand = Hand::Recovery;
        }
        self.saga = change.next;
    }

    fn finish(&mut self) {
        self.world.silent_for = 0;
        for _ in 0..20 {
            self.step(Fate::Arrives);
        }
    }

    fn check(&self) {
        assert_eq!(self.saga, None, "without faults every order is settled");
        assert_ne!(self.status, OrderStatus::Pending);
        if self.status == OrderStatus::Confirmed {
            assert_eq!(self.world.holds_stock(), [Stock::Committed]);
            assert_eq!(self.world.money, Some(PaymentStatus::Captured));
            assert_eq!(self.pins, [Pin::Order]);
        } else {
            assert_eq!(self.world.holds_stock(), []);
            let money = self.world.money;
            assert!(matches!(money, None | Some(PaymentStatus::Failed | PaymentStatus::Voided)));
            assert_eq!(self.pins.len(), 1, "the key's fate is decided once: {:?}", self.pins);
        }
        if self.status == OrderStatus::PaymentFailed {
            assert_eq!(self.world.money, Some(PaymentStatus::Failed));
        }
        // Once told that there is an order, the buyer is never told otherwise.
        if let Some(first) = self.replies.first() {
            assert!(self.replies.iter().all(|reply| reply == first), "{:?}", self.replies);
        }
    }
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Arrives),
        1 => Just(Fate::RequestLost),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::CrashAfter),
        1 => Just(Fate::Twice),
    ]
}

prop_compose! {
    fn any_world()(scarce: bool, declines: bool, silent_for in 0..4_u32, first_hold_ends: bool) -> World {
        World { stock: BTreeMap::new(), money: None, scarce, declines, silent_for, first_hold_ends }
    }
}

/// Worlds in which nothing speaks against the order.
fn friendly() -> World {
    World {
        stock: BTreeMap::new(),
        money: None,
        scarce: false,
        declines: false,
        silent_for: 0,
        first_hold_ends: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_ends_and_the_books_agree(world in any_world(), fates in prop::collection::vec(any_fate(), 0..40)) {
        let mut run = Run::new(world);

        fates.into_iter().for_each(|fate| run.step(fate));
        run.finish();

        run.check();
    }

    /// What nobody should answer changes nothing for the worse: no step is left out by it.
    #[test]
    fn an_answer_out_of_place_never_confirms_nor_gives_back(step in 0..6_usize, answered: bool, odd in 0..4_usize) {
        let steps = [Step::Hold, Step::Authorize, Step::Commit, Step::Capture, Step::Void, Step::Release];
        let asked_at = (step > 0).then(|| Timestamp::from_micros(1));
        let saga = Saga { step: steps[step], asked_at, answered, ..Saga::begin() };
        let outcome = [Outcome::Refused, Outcome::Unknown, Outcome::Abandoned, Outcome::NotAsked][odd].clone();
        let facts = Facts { hand: Hand::Recovery, now: Timestamp::from_micros(2), patience: PATIENCE };

        let change = saga.decide(&outcome, &facts);

        prop_assert_eq!(change.status, None);
        prop_assert!(change.waits || saga.step == Step::Hold);
    }
}

#[test]
fn a_friendly_world_confirms_in_four_steps() {
    let mut run = Run::new(friendly());

    (0..4).for_each(|_| run.step(Fate::Arrives));

    run.check();
    assert_eq!((run.status, run.replies), (OrderStatus::Confirmed, vec![Reply::Order]));
}

#[test]
fn a_crash_before_money_was_asked_for_ends_in_nothing() {
    let mut run = Run::new(friendly());

    run.step(Fate::CrashAfter);
    run.finish();

    run.check();
    assert_eq!((run.status, run.pins), (OrderStatus::Cancelled, vec![Pin::Forget]));
}

#[test]
fn a_charge_whose_answer_was_lost_is_asked_for_and_confirmed() {
    let mut run = Run::new(friendly());

    run.step(Fate::Arrives);
    run.step(Fate::AnswerLost);
    assert_eq!(run.replies, [Reply::Order]);
    run.finish();

    run.check();
    assert_eq!(run.status, OrderStatus::Confirmed);
}

#[test]
fn a_payment_unknown_for_too_long_is_given_up_before_stock_is_freed() {
    let mut run = Run::new(World { silent_for: 100, ..friendly() });

    (0..30).for_each(|_| run.step(Fate::Arrives));
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Void));
    assert_eq!(run.world.holds_stock(), [Stock::Held]);
    run.finish();

    run.check();
    assert_eq!(run.status, OrderStatus::Cancelled);
}

#[test]
fn a_hold_that_ended_is_made_again_once() {
    let mut run = Run::new(World { first_hold_ends: true, ..friendly() });

    run.finish();

    run.check();
    assert_eq!(run.status, OrderStatus::Confirmed);
    assert_eq!(run.world.stock.get(&2), Some(&Stock::Committed));
}

#[test]
fn waiting_grows_to_a_minute() {
    let waits: Vec<u64> =
        (1..=8).map(|tries| Saga { tries, ..Saga::begin() }.backoff().as_secs()).collect();

    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn only_the_buyers_hand_asks_for_money_and_a_hold_behind_it_lasts() {
    let placed = Saga::begin();
    let asked = Saga { asked_at: Some(Timestamp::from_micros(1)), attempt: 2, ..Saga::begin() };
    let authorizing = Saga { step: Step::Authorize, ..asked.clone() };

    assert_eq!(placed.task(Hand::Buyer), Task::Hold { attempt: 1, lasting: false });
    assert_eq!(placed.task(Hand::Recovery), Task::Abandon);
    for hand in [Hand::Buyer, Hand::Recovery] {
        assert_eq!(asked.task(hand), Task::Hold { attempt: 2, lasting: true });
    }
    assert_eq!(authorizing.task(Hand::Buyer), Task::Authorize { attempt: 2 });
    assert_eq!(authorizing.task(Hand::Recovery), Task::Reconcile);
}

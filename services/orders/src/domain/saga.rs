//! The order of money and goods: which step follows which answer. A step is stored before it is
//! taken, every step may be taken twice, and an answer may never come; so `Saga::decide` accepts
//! every outcome at every step. It must never give stock back while money may be reserved for an order
//! that is not known to be paid or not, never take silence for an answer, never confirm without both,
//! and never ship what it cancels. How an order is placed or undone stands in `placing`, what follows
//! for one that was placed in `fulfilling` and [`super::next_step`]. Who carries it out: `app/drive.rs`.
//! In the buyer's hand the first step is three calls, hold, authorise and commit, with nothing stored
//! between them: whoever finds it stored asks what became of the money, and the rest follows from that.
//!
//! ```text
//! authorize → commit ─(confirmed)→ what is owed: capture, refund, ship, or, when cancelled,
//!   ↓           ↓↑ hold again, once              release ─(cancelled)→ void or refund
//!   ↓         void
//!   ↓           ↓
//!   └───────→ release → settled (payment_failed, cancelled), once more void where payments had not begun
//! ```

mod fulfilling;
mod placing;

use std::{sync::Arc, time::Duration};

use techtrove_core::Timestamp;
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::{NextAction, PaymentStatus, RefundId};
use uuid::Uuid;

use super::{
    CapturePolicy, Order, Refund, Refusal, Return, Shipment,
    duties::{NextRefund, digital_parcel, next_refund, next_step, refund_of_the_rest},
};

/// The step to be taken next. An order without one is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Set the stock aside and reserve the money; what is paid for is sold at once.
    Authorize,
    /// Set the stock aside once more, the first time having been in vain.
    Hold,
    /// Turn the held stock into sold.
    Commit,
    /// Take the reserved money.
    Capture,
    /// Give the money up.
    Void,
    /// Give the stock back.
    Release,
    /// Give money back: the pending refund that is to be asked about first.
    Refund,
    /// Let the order's first prepared parcel leave.
    Ship,
    /// Have inventory take back the order's first return that was received.
    TakeBack,
}

/// Who takes the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// The buyer's request, which alone has the token for the means of payment.
    Buyer,
    /// The recovery worker.
    Recovery,
}

/// How far an order has come; stored with each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saga {
    /// The step to be taken next.
    pub step: Step,
    /// Which reservation of the order: 1, or 2 when it was held again.
    pub attempt: u32,
    /// How often this step brought no certain answer.
    pub tries: u32,
    /// When money may first have been asked for. Once the order was placed: since when a refund has its turn while
    /// a parcel is under way, which may have left.
    pub asked_at: Option<Timestamp>,
    /// Whether the buyer's answer is certain.
    pub answered: bool,
    /// Until when the buyer may do what the provider asks of them.
    pub deadline: Option<Timestamp>,
    /// Why everything is undone, when it is.
    pub refusal: Option<Refusal>,
}

/// What to do for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Hold, authorise behind the hold, and commit what is paid for.
    Authorize {
        /// Which attempt.
        attempt: u32,
    },
    /// Hold.
    Hold {
        /// Which attempt.
        attempt: u32,
    },
    /// Ask what became of the money.
    Reconcile,
    /// Commit.
    Commit {
        /// Which attempt's hold.
        attempt: u32,
    },
    /// Capture.
    Capture,
    /// Void.
    Void,
    /// Release every attempt up to this one.
    Release {
        /// The last attempt.
        attempts: u32,
    },
    /// Give back the pending refund that is to be asked about first.
    Refund,
    /// Ship the first prepared parcel.
    Ship {
        /// Which attempt was committed.
        attempt: u32,
    },
    /// Have the first return that was received taken back.
    TakeBack {
        /// Which attempt was committed.
        attempt: u32,
    },
}

/// What a payment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentReport {
    /// Where it stands.
    pub status: PaymentStatus,
    /// Minor units taken.
    pub captured: i64,
    /// Minor units given back.
    pub refunded: i64,
    /// What the buyer has to do first.
    pub next_action: Option<NextAction>,
    /// The provider's reason when it refused.
    pub decline_code: Option<String>,
}

/// What a step brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The stock is set aside.
    Held,
    /// Not enough is available; nothing was set aside.
    OutOfStock(Vec<OutOfStockLine>),
    /// The reservation had ended before.
    ReservationEnded,
    /// The stock is sold.
    Committed,
    /// The stock is given back.
    Released,
    /// The parcel has left.
    Shipped,
    /// The return is taken back.
    TakenBack,
    /// The payment as it stands.
    Payment(PaymentReport),
    /// The money is reserved, and this came of selling the stock that was set aside before.
    Paid {
        /// The payment as it stands.
        report: PaymentReport,
        /// What the commit brought.
        stock: Box<Outcome>,
    },
    /// Money was certainly not asked for.
    NotAsked,
    /// Payments could not take the request on, so it asked for no money; it knows nothing of the payment, and
    /// would ask for money should the request come to it once more.
    NotTakenOn,
    /// Payments refused the request itself; money was not asked for.
    Rejected(Refusal),
    /// This refund is made.
    Refunded(RefundId),
    /// The refund is not made, and never will be under its id.
    RefundRefused {
        /// Which refund.
        refund: RefundId,
        /// Why.
        code: String,
    },
    /// No certain answer.
    Unknown,
}

/// What a decision may look at besides.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Who asks.
    pub hand: Hand,
    /// The time.
    pub now: Timestamp,
    /// How long a payment may be unknown before it is given up.
    pub patience: Duration,
    /// How long a buyer may take for what the provider asks of them.
    pub action: Duration,
    /// When the reserved money is taken.
    pub capture: CapturePolicy,
    /// An id for what the decision may make: a refund or a parcel.
    pub fresh: Uuid,
}

/// What the buyer is told, if they still wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The order as it stands: confirmed, or pending.
    Order,
    /// The refusal.
    Refusal,
}

/// What becomes of the idempotency key of the buyer's request, in the same transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// Nothing: the request is not over, or its answer was pinned before.
    #[default]
    Keep,
    /// The order as it stands is the answer for good.
    Order,
    /// The refusal is the answer for good.
    Refusal,
    /// The key is free again.
    Forget,
}

/// What is stored next, in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The next step; none when the order is settled.
    pub next: Option<Saga>,
    /// Whether this work is done, so that whatever is owed to the order comes next.
    pub done: bool,
    /// The order's new status, with an entry in its history and an event.
    pub status: Option<OrderStatus>,
    /// The entry's note.
    pub note: Option<String>,
    /// What is new about the payment.
    pub payment: Option<PaymentReport>,
    /// Which attempt of the reservation was committed.
    pub attempt: Option<u32>,
    /// The refunds as they are from now on, where they are new or changed.
    pub refunds: Vec<Refund>,
    /// The refund of which nobody can tell yet, and when it is asked about again.
    pub put_off: Option<(RefundId, Timestamp)>,
    /// The parcels as they are from now on, where they are new or changed.
    pub shipments: Vec<Shipment>,
    /// The returns as they are from now on, where they are new or changed.
    pub returns: Vec<Return>,
    /// Why everything is undone, when it is.
    pub refusal: Option<Refusal>,
    /// Whether the step is to be taken again later, by whoever then has time.
    pub waits: bool,
    /// When the step is taken again, where that is not after the usual pause.
    pub due: Option<Timestamp>,
    /// What the buyer is told now.
    pub reply: Option<Reply>,
    /// What becomes of the idempotency key.
    pub pin: Pin,
    /// Whether number, e-mail and addresses are wiped: the buyer was told that there is no order.
    pub forgets_buyer: bool,
    /// What somebody should look at.
    pub alert: Option<&'static str>,
}

impl PaymentReport {
    /// A payment of which nothing was taken.
    #[must_use]
    pub fn none(status: PaymentStatus) -> Self {
        Self { status, captured: 0, refunded: 0, next_action: None, decline_code: None }
    }
}

impl Saga {
    /// An order that was just placed; from then on money may be asked for.
    #[must_use]
    pub fn begin(now: Timestamp) -> Self {
        Self {
            step: Step::Authorize,
            attempt: 1,
            tries: 0,
            asked_at: Some(now),
            answered: false,
            deadline: None,
            refusal: None,
        }
    }

    /// What is owed to an order that was placed before, if anything is.
    #[must_use]
    pub fn resume(order: &Order, capture: CapturePolicy, now: Timestamp) -> Option<Self> {
        Some(Self {
            step: next_step(order, capture, now)?,
            attempt: order.attempt,
            tries: 0,
            asked_at: None,
            answered: true,
            deadline: None,
            refusal: None,
        })
    }

    /// The same, turned to what is owed to the order by now, where it waits for no more than a refund.
    #[must_use]
    pub fn turned(&self, order: &Order, capture: CapturePolicy, now: Timestamp) -> Option<Self> {
        let waits = self.step == Step::Refund;
        let next = self.owed(order, capture, now).filter(|next| next.step != Step::Refund)?;
        waits.then(|| Self { step: next.step, tries: 0, ..self.clone() })
    }

    /// What `hand` has to do for the step.
    #[must_use]
    pub fn task(&self, hand: Hand) -> Task {
        let attempt = self.attempt;
        match (self.step, hand) {
            (Step::Authorize, Hand::Buyer) => Task::Authorize { attempt },
            (Step::Authorize, Hand::Recovery) => Task::Reconcile,
            (Step::Hold, _) => Task::Hold { attempt },
            (Step::Commit, _) => Task::Commit { attempt },
            (Step::Capture, _) => Task::Capture,
            (Step::Void, _) => Task::Void,
            (Step::Release, _) => Task::Release { attempts: attempt },
            (Step::Refund, _) => Task::Refund,
            (Step::Ship, _) => Task::Ship { attempt },
            (Step::TakeBack, _) => Task::TakeBack { attempt },
        }
    }

    /// How long to wait before the step is taken again: 1 s, doubled each time, at most a minute.
    #[must_use]
    pub fn backoff(&self) -> Duration {
        Duration::from_secs(1 << self.tries.saturating_sub(1).min(6)).min(Duration::from_secs(60))
    }

    /// When the step is taken again: after the backoff, and no later than at the deadline.
    #[must_use]
    pub fn due_at(&self, now: Timestamp) -> Timestamp {
        let due = now.plus(self.backoff());
        self.deadline.filter(|end| now < *end).map_or(due, |end| due.min(end))
    }

    /// How long the step has been waited for, by its backoffs.
    #[must_use]
    pub fn waited(&self) -> Duration {
        let doubled = (1_u64 << self.tries.min(6)) - 1;
        let minutes = u64::from(self.tries.saturating_sub(6));
        Duration::from_secs(doubled + 60 * minutes)
    }

    /// What follows from `outcome`, and the order as it is then.
    #[must_use]
    pub fn follow(
        &self,
        order: &Arc<Order>,
        outcome: &Outcome,
        facts: &Facts,
    ) -> (Change, Arc<Order>) {
        let mut change = self.decide(order, outcome, facts);
        let mut order = Arc::clone(order);
        if change.touches_order() {
            Arc::make_mut(&mut order).apply(&change, facts.now);
        }
        if let Some((refund, until)) = change.put_off {
            Arc::make_mut(&mut order).put_off(refund, until);
        }
        if change.done {
            open_what_is_owed(&mut change, &mut order, facts);
            change.next = self.owed(&order, facts.capture, facts.now);
            self.wait_for_refund(&mut change, &order, facts.now);
        } else if change.waits {
            self.refund_meanwhile(&mut change, &order, facts.now);
        }
        (change, order)
    }

    /// Waits when nothing is left but a refund that is to be asked about later.
    fn wait_for_refund(&self, change: &mut Change, order: &Order, now: Timestamp) {
        let Some(next) = &mut change.next else { return };
        if change.put_off.is_some() {
            // Another step may wait as well, by turns with this one.
            next.tries = self.tries;
        }
        let later = order.pending_refund().filter(|refund| refund.ask_at > now);
        if let Some(refund) = later.filter(|_| next.step == Step::Refund) {
            (change.waits, change.due) = (true, Some(refund.ask_at));
        }
    }

    /// Gives money back while another step waits.
    fn refund_meanwhile(&self, change: &mut Change, order: &Order, now: Timestamp) {
        let turns = self.step != Step::Refund && order.owes_refund(now);
        if let Some(next) = change.next.as_mut().filter(|_| turns) {
            if self.step == Step::Ship {
                next.asked_at.get_or_insert(now);
            }
            next.step = Step::Refund;
            change.waits = false;
        }
    }

    /// What is owed to the order once this step is done. After a refund that had its turn while a parcel was under
    /// way, that parcel comes first: it may have left, and then nothing is cancelled.
    fn owed(&self, order: &Order, capture: CapturePolicy, now: Timestamp) -> Option<Self> {
        let next = Self::resume(order, capture, now)?;
        let asked_at = self.asked_at.filter(|_| self.step == Step::Refund);
        let none = asked_at.is_none() || order.preparing().next().is_none();
        if none {
            return Some(next);
        }
        let step = if next.step == Step::Release { Step::Ship } else { next.step };
        Some(Self { step, asked_at, ..next })
    }

    fn decide(&self, order: &Order, outcome: &Outcome, facts: &Facts) -> Change {
        let placing = order.status == OrderStatus::Pending;
        match self.step {
            Step::Authorize => self.after_authorize(order, outcome, facts),
            Step::Hold => self.after_hold(order, outcome),
            Step::Commit => self.after_commit(order, outcome),
            Step::Void if placing => self.after_void(outcome),
            Step::Void => self.after_late_void(outcome),
            Step::Release if placing => self.after_release(order, outcome),
            Step::Release => self.after_late_release(order, outcome),
            Step::Capture => self.after_capture(order, outcome),
            Step::Refund => self.after_refund(order, outcome, facts),
            Step::Ship => self.after_ship(order, outcome, facts),
            Step::TakeBack => self.after_take_back(order, outcome, facts),
        }
    }

    fn wait(&self, alert: Option<&'static str>) -> Change {
        let next = Self { tries: self.tries.saturating_add(1), ..self.clone() };
        let undoing = next.refusal.is_some() && !next.answered;
        let reply = undoing.then_some(Reply::Refusal);
        let refusal = next.refusal.clone();
        Change { next: Some(next), waits: true, reply, refusal, alert, ..Change::default() }
    }
}

/// Makes the refund or the parcel that an order needs though nobody asks for it by name.
fn open_what_is_owed(change: &mut Change, order: &mut Arc<Order>, facts: &Facts) {
    if let Some(refund) = refund_of_the_rest(order, facts.fresh, facts.now) {
        Arc::make_mut(order).take_refund(&refund);
        change.refunds.push(refund);
    }
    if let Some(parcel) = digital_parcel(order, facts.fresh, facts.now) {
        Arc::make_mut(order).take_shipment(&parcel);
        change.shipments.push(parcel);
    }
}

impl Change {
    /// Whether the order itself is changed, and not only how far it has come.
    #[must_use]
    pub fn touches_order(&self) -> bool {
        self.status.is_some()
            || self.payment.is_some()
            || self.forgets_buyer
            || !self.refunds.is_empty()
            || !self.shipments.is_empty()
            || !self.returns.is_empty()
    }
}

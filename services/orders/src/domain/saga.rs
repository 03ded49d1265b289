//! The order of money and goods: which step follows which answer. A step is stored before it is
//! taken, every step may be taken twice, and an answer may never come; so [`Saga::decide`] accepts
//! every outcome at every step. It must never give stock back while money may be reserved, never
//! take silence for an answer, and never confirm without both. Who carries it out: `app/drive.rs`.
//!
//! ```text
//! hold → authorize → commit ─(confirmed)→ capture → settled
//!   ↓        ↓          ↓↑ hold again, once
//!   ↓        ↓        void
//!   ↓        ↓          ↓
//!   └────────┴──────→ release → settled (payment_failed, cancelled)
//! ```

use std::time::Duration;

use techtrove_core::Timestamp;
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;

use super::Refusal;

/// The step to be taken next. An order without one is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Set the stock aside.
    Hold,
    /// Make the hold lasting, then reserve the money.
    Authorize,
    /// Turn the held stock into sold.
    Commit,
    /// Take the reserved money.
    Capture,
    /// Give the money up.
    Void,
    /// Give the stock back.
    Release,
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
    /// When money may first have been asked for.
    pub asked_at: Option<Timestamp>,
    /// Whether the buyer's answer is certain.
    pub answered: bool,
    /// Why everything is undone, when it is.
    pub refusal: Option<Refusal>,
}

/// What to do for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Nothing can be asked any more: [`Outcome::Abandoned`].
    Abandon,
    /// Hold; without expiry once money was asked for.
    Hold {
        /// Which attempt.
        attempt: u32,
        /// Whether it never ends by itself.
        lasting: bool,
    },
    /// Make the hold lasting, then authorise.
    Authorize {
        /// Which attempt's hold.
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
}

/// What a payment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentReport {
    /// Where it stands.
    pub status: PaymentStatus,
    /// Minor units taken.
    pub captured: i64,
    /// The provider's reason when it refused.
    pub decline_code: Option<String>,
}

/// What a step brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The step was not taken, since nobody has the token any more.
    Abandoned,
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
    /// The payment as it stands.
    Payment(PaymentReport),
    /// Money was certainly not asked for.
    NotAsked,
    /// Payments refused the request itself; money was not asked for.
    Rejected(String),
    /// The neighbour says that this can never be.
    Refused,
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
    /// The order's new status, with an entry in its history and an event.
    pub status: Option<OrderStatus>,
    /// The entry's note.
    pub note: Option<String>,
    /// What is new about the payment.
    pub payment: Option<PaymentReport>,
    /// Why everything is undone, when it is.
    pub refusal: Option<Refusal>,
    /// Whether the step is to be taken again later, by whoever then has time.
    pub waits: bool,
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
    fn none(status: PaymentStatus) -> Self {
        Self { status, captured: 0, decline_code: None }
    }
}

impl Saga {
    /// An order that was just placed.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            step: Step::Hold,
            attempt: 1,
            tries: 0,
            asked_at: None,
            answered: false,
            refusal: None,
        }
    }

    /// What `hand` has to do for the step.
    #[must_use]
    pub fn task(&self, hand: Hand) -> Task {
        let attempt = self.attempt;
        match (self.step, hand) {
            (Step::Hold, Hand::Recovery) if !self.may_have_asked() => Task::Abandon,
            (Step::Hold, _) => Task::Hold { attempt, lasting: self.may_have_asked() },
            (Step::Authorize, Hand::Buyer) => Task::Authorize { attempt },
            (Step::Authorize, Hand::Recovery) => Task::Reconcile,
            (Step::Commit, _) => Task::Commit { attempt },
            (Step::Capture, _) => Task::Capture,
            (Step::Void, _) => Task::Void,
            (Step::Release, _) => Task::Release { attempts: attempt },
        }
    }

    /// How long to wait before the step is taken again: 1 s, doubled each time, at most a minute.
    #[must_use]
    pub fn backoff(&self) -> Duration {
        Duration::from_secs(1 << self.tries.saturating_sub(1).min(6)).min(Duration::from_secs(60))
    }

    /// What follows from `outcome`.
    #[must_use]
    pub fn decide(&self, outcome: &Outcome, facts: &Facts) -> Change {
        match self.step {
            Step::Hold if self.may_have_asked() => self.after_second_hold(outcome),
            Step::Hold => self.after_first_hold(outcome, facts),
            Step::Authorize => self.after_authorize(outcome, facts),
            Step::Commit => self.after_commit(outcome),
            Step::Capture => self.after_capture(outcome),
            Step::Void => self.after_void(outcome),
            Step::Release => self.after_release(outcome),
        }
    }

    /// Whether money may have been asked for.
    fn may_have_asked(&self) -> bool {
        self.asked_at.is_some()
    }

    fn after_first_hold(&self, outcome: &Outcome, facts: &Facts) -> Change {
        match outcome {
            Outcome::Held => {
                let mut change = self.go(Step::Authorize);
                if let Some(next) = &mut change.next {
                    next.asked_at = Some(facts.now);
                }
                change
            }
            Outcome::OutOfStock(lines) => {
                let refused = self.refused(Refusal::OutOfStock { lines: lines.clone() });
                Change {
                    payment: Some(PaymentReport::none(PaymentStatus::Voided)),
                    ..refused.settle()
                }
            }
            // Whether or not it was held: what is remembered as released is never held again.
            _ => self.release_unpaid(Refusal::Unavailable),
        }
    }

    fn after_second_hold(&self, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Held => self.go(Step::Commit),
            Outcome::OutOfStock(lines) => {
                self.refused(Refusal::OutOfStock { lines: lines.clone() }).go(Step::Void)
            }
            Outcome::ReservationEnded => self.refused(Refusal::Unavailable).go(Step::Void),
            _ => self.wait_pending(None),
        }
    }

    fn after_authorize(&self, outcome: &Outcome, facts: &Facts) -> Change {
        let buyer = facts.hand == Hand::Buyer;
        match outcome {
            Outcome::Payment(report) => self.after_report(report, facts),
            // Nobody but the buyer's request can ask for money, so what it did not ask nobody did.
            Outcome::NotAsked | Outcome::ReservationEnded if buyer => {
                self.release_unpaid(Refusal::Unavailable)
            }
            Outcome::Rejected(detail) if buyer => {
                self.release_unpaid(Refusal::PaymentRejected { detail: detail.clone() })
            }
            _ => self.unsettled(facts),
        }
    }

    fn after_report(&self, report: &PaymentReport, facts: &Facts) -> Change {
        let known = |change| Change { payment: Some(report.clone()), ..change };
        match report.status {
            PaymentStatus::Authorized | PaymentStatus::Captured => known(self.go(Step::Commit)),
            PaymentStatus::Failed => {
                let code = report.decline_code.clone();
                known(self.refused(Refusal::PaymentDeclined { code }).go(Step::Release))
            }
            PaymentStatus::Voided => known(self.give_up().go(Step::Release)),
            PaymentStatus::Unknown | PaymentStatus::RequiresAction => self.unsettled(facts),
            PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
                self.wait_pending(Some("a payment was refunded before it was captured"))
            }
        }
    }

    /// Nobody can tell yet whether the money is reserved: asked again later, and one day given up.
    /// Even then the stock stays until the provider has told that there will be no money.
    fn unsettled(&self, facts: &Facts) -> Change {
        let waited = self.asked_at.map_or(Duration::ZERO, |asked| facts.now.since(asked));
        let change = if facts.hand == Hand::Recovery && waited >= facts.patience {
            self.refused(Refusal::PaymentUnsettled).go(Step::Void)
        } else {
            self.wait_pending(None)
        };
        Change { payment: Some(PaymentReport::none(PaymentStatus::Unknown)), ..change }
    }

    fn after_commit(&self, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Committed => self.confirm(),
            Outcome::ReservationEnded if self.attempt == 1 => {
                let mut change = self.go(Step::Hold);
                if let Some(next) = &mut change.next {
                    next.attempt = 2;
                }
                change
            }
            Outcome::ReservationEnded => self.refused(Refusal::Unavailable).go(Step::Void),
            _ => self.wait_pending(None),
        }
    }

    fn after_capture(&self, outcome: &Outcome) -> Change {
        let Outcome::Payment(report) = outcome else {
            let alert = (*outcome == Outcome::Refused).then_some("a capture was refused");
            return self.wait(alert);
        };
        let known = |change| Change { payment: Some(report.clone()), ..change };
        match report.status {
            PaymentStatus::Captured
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded => known(self.settle()),
            PaymentStatus::Authorized | PaymentStatus::Unknown | PaymentStatus::RequiresAction => {
                self.wait(None)
            }
            PaymentStatus::Voided | PaymentStatus::Failed => {
                known(self.wait(Some("the money of a confirmed order is gone")))
            }
        }
    }

    fn after_void(&self, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Payment(report) => match report.status {
                PaymentStatus::Voided | PaymentStatus::Failed => {
                    Change { payment: Some(report.clone()), ..self.go(Step::Release) }
                }
                PaymentStatus::Authorized
                | PaymentStatus::Unknown
                | PaymentStatus::RequiresAction => self.wait(None),
                PaymentStatus::Captured
                | PaymentStatus::PartiallyRefunded
                | PaymentStatus::Refunded => {
                    self.wait(Some("money was captured that was to be given up"))
                }
            },
            Outcome::Refused => self.wait(Some("a void was refused")),
            _ => self.wait(None),
        }
    }

    fn after_release(&self, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Released => self.settle(),
            _ => self.wait(None),
        }
    }

    /// The same saga, being undone because of `refusal`.
    fn refused(&self, refusal: Refusal) -> Self {
        Self { refusal: Some(self.refusal.clone().unwrap_or(refusal)), ..self.clone() }
    }

    /// The payment was given up: by us after a crash, or by staff.
    fn give_up(&self) -> Self {
        let refusal = if self.answered { Refusal::PaymentUnsettled } else { Refusal::Unavailable };
        self.refused(refusal)
    }

    /// No money was asked for: the stock can be given back at once.
    fn release_unpaid(&self, refusal: Refusal) -> Change {
        let payment = Some(PaymentReport::none(PaymentStatus::Voided));
        Change { payment, ..self.refused(refusal).go(Step::Release) }
    }

    fn go(&self, step: Step) -> Change {
        let next = Self { step, tries: 0, ..self.clone() };
        // An answer that may be asked for again does not wait for the undoing, which is stored now.
        let certain = next.refusal.as_ref().is_some_and(|refusal| !refusal.is_final());
        let reply = (certain && !next.answered).then_some(Reply::Refusal);
        let refusal = next.refusal.clone();
        Change { next: Some(next), reply, refusal, ..Change::default() }
    }

    fn confirm(&self) -> Change {
        let mut change = self.go(Step::Capture);
        change.status = Some(OrderStatus::Confirmed);
        change.note = Some("stock is set aside and the payment authorised".to_owned());
        change.answer_with_order();
        change
    }

    fn wait(&self, alert: Option<&'static str>) -> Change {
        let next = Self { tries: self.tries.saturating_add(1), ..self.clone() };
        let undoing = next.refusal.is_some() && !next.answered;
        let reply = undoing.then_some(Reply::Refusal);
        let refusal = next.refusal.clone();
        Change { next: Some(next), waits: true, reply, refusal, alert, ..Change::default() }
    }

    /// Waits with the buyer told that the order is pending.
    fn wait_pending(&self, alert: Option<&'static str>) -> Change {
        let mut change = self.wait(alert);
        change.answer_with_order();
        change
    }

    /// Nothing is left to do.
    fn settle(&self) -> Change {
        let Some(refusal) = &self.refusal else { return Change::default() };
        let mut change = Change {
            status: Some(refusal.status()),
            note: Some(refusal.note()),
            refusal: Some(refusal.clone()),
            ..Change::default()
        };
        if !self.answered {
            change.reply = Some(Reply::Refusal);
            change.pin = if refusal.is_final() { Pin::Refusal } else { Pin::Forget };
            change.forgets_buyer = true;
        }
        change
    }
}

impl Change {
    /// Whether the order itself is changed, and not only how far it has come.
    #[must_use]
    pub fn touches_order(&self) -> bool {
        self.status.is_some() || self.payment.is_some() || self.forgets_buyer
    }

    /// Makes the order as it stands the buyer's answer, unless they have one.
    fn answer_with_order(&mut self) {
        if let Some(next) = self.next.as_mut().filter(|next| !next.answered) {
            next.answered = true;
            self.reply = Some(Reply::Order);
            self.pin = Pin::Order;
        }
    }
}

//! Placing an order, and undoing one that cannot be kept: from the hold to the confirmation, or to the
//! release after which nothing is left of it.

use std::time::Duration;

use techtrove_core::planted;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;

use super::{
    super::{Order, Refusal},
    Change, Facts, Hand, Outcome, PaymentReport, Pin, Reply, Saga, Step,
};

impl Saga {
    pub(super) fn after_hold(&self, order: &Order, outcome: &Outcome) -> Change {
        match outcome {
            _ if self.can_call_off(order) => self.call_off(order, Step::Void),
            Outcome::Held => self.go(Step::Commit),
            Outcome::OutOfStock(lines) => {
                self.refused(Refusal::OutOfStock { lines: lines.clone() }).go(Step::Void)
            }
            Outcome::ReservationEnded => self.refused(Refusal::Unavailable).go(Step::Void),
            _ => self.wait_pending(None),
        }
    }

    pub(super) fn after_authorize(
        &self,
        order: &Order,
        outcome: &Outcome,
        facts: &Facts,
    ) -> Change {
        let buyer = facts.hand == Hand::Buyer;
        match outcome {
            Outcome::Payment(report) => self.after_report(order, report, facts),
            Outcome::Paid { report, stock } => {
                let committing = Self { step: Step::Commit, tries: 0, ..self.clone() };
                Change { payment: Some(report.clone()), ..committing.after_commit(order, stock) }
            }
            Outcome::OutOfStock(lines) if buyer => {
                let refused = self.refused(Refusal::OutOfStock { lines: lines.clone() });
                let payment = Some(PaymentReport::none(PaymentStatus::Voided));
                Change { payment, ..refused.settle() }
            }
            // Nobody but the buyer's request can ask for money, so what it did not ask nobody did.
            Outcome::NotAsked | Outcome::ReservationEnded if buyer => {
                self.release_unpaid(Refusal::Unavailable)
            }
            // Given up by its id once the stock is back.
            Outcome::NotTakenOn if buyer => self.refused(Refusal::Unavailable).go(Step::Release),
            Outcome::Rejected(refusal) if buyer => self.release_unpaid(refusal.clone()),
            _ => self.unsettled(order, &PaymentReport::none(PaymentStatus::Unknown), facts),
        }
    }

    fn after_report(&self, order: &Order, report: &PaymentReport, facts: &Facts) -> Change {
        let known = |change| Change { payment: Some(report.clone()), ..change };
        match report.status {
            PaymentStatus::Authorized if order.cancel_asked.is_some() => {
                known(self.call_off(order, Step::Void))
            }
            PaymentStatus::Authorized if planted("capture-before-commit") => {
                known(self.go(Step::Capture))
            }
            PaymentStatus::Authorized | PaymentStatus::Captured => known(self.go(Step::Commit)),
            PaymentStatus::Failed => {
                let code = report.decline_code.clone();
                let refused = self.refused(Refusal::PaymentDeclined { code });
                if planted("hold-kept-on-decline") {
                    return known(refused.settle());
                }
                known(refused.go(Step::Release))
            }
            PaymentStatus::Voided if order.cancel_asked.is_some() => {
                known(self.call_off(order, Step::Release))
            }
            PaymentStatus::Voided => known(self.give_up().go(Step::Release)),
            PaymentStatus::Unknown | PaymentStatus::RequiresAction => {
                self.unsettled(order, report, facts)
            }
            PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
                self.wait_pending(Some("a payment was refunded before it was captured"))
            }
        }
    }

    /// Nobody can tell yet whether the money is reserved, or the buyer has to do something for it: asked
    /// again later, and one day given up. Even then the stock stays until the provider has told that
    /// there will be no money.
    fn unsettled(&self, order: &Order, report: &PaymentReport, facts: &Facts) -> Change {
        let payment = Some(report.clone());
        if self.can_call_off(order) {
            return Change { payment, ..self.call_off(order, Step::Void) };
        }
        if planted("hold-released-while-unknown") && report.status == PaymentStatus::Unknown {
            return Change { payment, ..self.refused(Refusal::PaymentUnsettled).go(Step::Release) };
        }
        if facts.hand == Hand::Recovery && self.is_out_of_time(report, facts) {
            return Change { payment, ..self.refused(Refusal::PaymentUnsettled).go(Step::Void) };
        }
        let mut change = self.wait_pending(None);
        if report.status == PaymentStatus::RequiresAction
            && let Some(next) = &mut change.next
        {
            next.deadline = next.deadline.filter(|_| !planted("time-begins-anew"));
            next.deadline.get_or_insert(facts.now.plus(facts.action));
        }
        Change { payment, ..change }
    }

    fn is_out_of_time(&self, report: &PaymentReport, facts: &Facts) -> bool {
        if let Some(deadline) = self.deadline {
            return deadline <= facts.now;
        }
        let waited = self.asked_at.map_or(Duration::ZERO, |asked| facts.now.since(asked));
        report.status != PaymentStatus::RequiresAction && waited >= facts.patience
    }

    pub(super) fn after_commit(&self, order: &Order, outcome: &Outcome) -> Change {
        match outcome {
            _ if self.can_call_off(order) => self.call_off(order, Step::Void),
            Outcome::Committed => self.confirm(),
            _ if planted("confirm-without-commit") => self.confirm(),
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

    pub(super) fn after_void(&self, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Unknown if planted("release-before-void") => self.go(Step::Release),
            Outcome::Payment(report) => match report.status {
                PaymentStatus::Unknown if planted("void-under-way-taken-as-void") => {
                    self.go(Step::Release)
                }
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
            _ => self.wait(None),
        }
    }

    /// The stock is back. A payment that payments did not take on is then given up by its id, which nobody waits
    /// for: nothing of the order is left that it could pay.
    pub(super) fn after_release(&self, order: &Order, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Released if order.payment.status == PaymentStatus::Unknown => {
                let next = Self { step: Step::Void, tries: 0, answered: true, ..self.clone() };
                Change { next: Some(next), ..self.settle() }
            }
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
        let certain = next.refusal.as_ref().is_some_and(Refusal::is_told_early);
        let reply = (certain && !next.answered).then_some(Reply::Refusal);
        let refusal = next.refusal.clone();
        Change { next: Some(next), reply, refusal, ..Change::default() }
    }

    fn confirm(&self) -> Change {
        let mut change = Change {
            done: true,
            status: Some(OrderStatus::Confirmed),
            note: Some("stock is set aside and the payment authorised".to_owned()),
            attempt: Some(self.attempt),
            ..Change::default()
        };
        self.answer_with_order(&mut change);
        change
    }

    /// Waits with the buyer told that the order is pending.
    fn wait_pending(&self, alert: Option<&'static str>) -> Change {
        let mut change = self.wait(alert);
        self.answer_with_order(&mut change);
        change
    }

    /// Makes the order as it stands the buyer's answer, unless they have one.
    fn answer_with_order(&self, change: &mut Change) {
        if self.answered {
            return;
        }
        if let Some(next) = &mut change.next {
            next.answered = true;
        }
        change.reply = Some(Reply::Order);
        change.pin = Pin::Order;
    }

    /// Whether a cancellation that was asked for may begin now: the order is not being undone already,
    /// and no money was taken, which could only be given back once the order is confirmed.
    fn can_call_off(&self, order: &Order) -> bool {
        order.cancel_asked.is_some()
            && self.refusal.is_none()
            && order.payment.status != PaymentStatus::Captured
    }

    /// Undoes the order because that was asked for; a buyer who still waits is shown it as it stands.
    fn call_off(&self, order: &Order, step: Step) -> Change {
        let note = order.cancel_asked.clone().unwrap_or_default();
        let undone = Self { answered: true, ..self.refused(Refusal::Cancelled { note }) };
        let mut change = undone.go(step);
        self.answer_with_order(&mut change);
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

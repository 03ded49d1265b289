//! The steps as calls: what to ask inventory and payments, and what their answers mean. Each call has
//! a deadline and may be repeated, except the one which carries the buyer's token; inventory's are, at
//! once. What is not said in so many words is [`Outcome::Unknown`]; silence is never taken for an answer.

use std::{future::Future, time::Duration};

use techtrove_catalog_api::Fulfilment;
use techtrove_core::{ErrorCode, Money, Problem, TypedId as _, planted};
use techtrove_http::ClientError;
use techtrove_inventory_api::{
    HoldRequest, Line, OUT_OF_STOCK, OutOfStockLine, RESERVATION_ENDED, RESERVATION_MISMATCH,
    Reservation, ReservationState, ShipRequest, TakeBackRequest,
};
use techtrove_payments_api::{
    AMOUNT_NOT_SUPPORTED, AuthorizeRequest, FAILURE_CODE, INVALID_TRANSITION, PAYMENT_MISMATCH,
    PAYMENT_NOT_BEGUN, Payment, PaymentStatus, REFUND_EXCEEDS_PAYMENT, REFUND_REFUSED,
    RefundRequest,
};
use tokio::time::timeout;

use super::{App, drive::Drive, drivers::Turn};
use crate::domain::{
    Order, Pieces, Refund, Refusal, Return, Shipment,
    saga::{Outcome, PaymentReport, Task},
};

/// The buyer's token for the means of payment: handed on once, never stored, never shown.
#[derive(Clone)]
pub struct PaymentToken(pub String);

impl std::fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentToken(…)")
    }
}

/// Why a call brought nothing.
#[derive(Debug)]
enum Failure {
    /// The neighbour's own word (4xx).
    Refused(Box<Problem>),
    /// Certainly never sent.
    NotSent,
    /// Payments has not begun with it, by its own word.
    NotTakenOn,
    /// It may have been done: no answer.
    Silence,
    /// It may have been done: a failure (5xx), or an answer that cannot be read.
    Failed,
}

/// Takes the order's next step.
pub(super) async fn take(app: &App, drive: &mut Drive) -> Outcome {
    let turn = drive.turn.take();
    let order = &drive.order;
    match drive.saga.task(drive.hand) {
        Task::Authorize { attempt } => match &drive.token {
            Some(token) => authorize(app, order, attempt, token, turn).await,
            None => Outcome::Unknown,
        },
        Task::Hold { attempt } => hold(app, order, attempt).await,
        Task::Reconcile => reconcile(app, order).await,
        Task::Commit { attempt } => commit(app, order, attempt).await,
        Task::Capture => {
            let call = app.payments.capture(order.payment.id);
            moved_money(app, order, once("capture", app.config.deadlines.payment, call).await).await
        }
        Task::Void => {
            let call = app.payments.void(order.payment.id);
            moved_money(app, order, once("void", app.config.deadlines.payment, call).await).await
        }
        Task::Release { attempts } => release(app, order, attempts).await,
        Task::Refund => match order.pending_refund() {
            Some(next) => refund(app, order, next).await,
            None => Outcome::Unknown,
        },
        Task::Ship { attempt } => match order.preparing().next() {
            Some(parcel) => ship(app, order, attempt, parcel).await,
            None => Outcome::Unknown,
        },
        Task::TakeBack { attempt } => match order.to_take_back() {
            Some(back) => take_back(app, order, attempt, back).await,
            None => Outcome::Unknown,
        },
    }
}

pub(super) async fn hold(app: &App, order: &Order, attempt: u32) -> Outcome {
    let line = |line: &crate::domain::Line| Line { sku: line.sku.clone(), quantity: line.quantity };
    let digital = order.lines.iter().filter(|line| line.fulfilment == Fulfilment::Digital);
    let request = HoldRequest {
        reservation_id: order.reservation_id(),
        attempt,
        lines: order.lines.iter().map(line).collect(),
        digital: digital.map(|line| line.sku.clone()).collect(),
        // It never ends by itself: money may be asked for behind it, and until that is known the stock
        // stays. The stored step sees to its end.
        expires_at: planted("ended-hold-committed")
            .then(|| app.clock.now().plus(Duration::from_secs(2))),
    };
    match twice("hold", app.config.deadlines.call, || app.inventory.hold(&request)).await {
        Ok(reservation) => reserved(&reservation, ReservationState::Held, Outcome::Held),
        Err(Failure::Refused(problem)) if problem.is(OUT_OF_STOCK) => {
            Outcome::OutOfStock(lines_of(&problem))
        }
        Err(failure) => ended_or_unknown(&failure),
    }
}

/// The lines that a refusal tells of; none when it does not.
fn lines_of(problem: &Problem) -> Vec<OutOfStockLine> {
    let lines = problem.members.get("lines").cloned().unwrap_or_default();
    serde_json::from_value(lines).unwrap_or_default()
}

/// Holds, asks for money behind the hold, and sells what is paid for. The turn ends with the hold:
/// however long the provider takes, the next buyer asks for stock.
async fn authorize(
    app: &App,
    order: &Order,
    attempt: u32,
    token: &PaymentToken,
    turn: Option<Turn>,
) -> Outcome {
    let held = hold(app, order, attempt).await;
    drop(turn);
    match held {
        Outcome::Held => {}
        refused @ (Outcome::OutOfStock(_) | Outcome::ReservationEnded) => return refused,
        _ => return Outcome::NotAsked,
    }
    // Two calls may be made, within the time of one.
    let asked = timeout(app.config.deadlines.payment, ask_for_money(app, order, token));
    match asked.await.unwrap_or(Outcome::Unknown) {
        Outcome::Payment(report) if report.status == PaymentStatus::Authorized => {
            let stock = Box::new(commit(app, order, attempt).await);
            Outcome::Paid { report, stock }
        }
        asked => asked,
    }
}

async fn ask_for_money(app: &App, order: &Order, token: &PaymentToken) -> Outcome {
    let request = AuthorizeRequest {
        payment_id: order.payment.id,
        reference: order.id.uuid(),
        owner: order.user_id.map(|user| user.uuid()),
        amount: asked_for(order),
        provider: order.payment.provider.clone(),
        token: token.0.clone(),
    };
    let call = app.payments.authorize(&request);
    match once("authorize", app.config.deadlines.payment, call).await {
        Ok(payment) => report(order, payment),
        Err(Failure::NotSent) => Outcome::NotAsked,
        Err(Failure::NotTakenOn) => Outcome::NotTakenOn,
        Err(Failure::Refused(problem)) if matches!(problem.status, 400 | 422) => {
            Outcome::Rejected(rejection(*problem))
        }
        Err(Failure::Silence) if planted("timeout-taken-as-decline") => {
            Outcome::Payment(PaymentReport::none(PaymentStatus::Failed))
        }
        Err(Failure::Silence) if planted("timeout-taken-as-success") => {
            Outcome::Payment(PaymentReport::none(PaymentStatus::Authorized))
        }
        Err(Failure::Silence) => Outcome::Unknown,
        Err(Failure::Failed) if planted("failure-taken-as-not-asked") => Outcome::NotAsked,
        // It answered, so it may well know.
        Err(Failure::Refused(_) | Failure::Failed) => reconcile(app, order).await,
    }
}

/// What the order was frozen with.
fn asked_for(order: &Order) -> Money {
    if planted("total-recomputed") { order.totals.subtotal } else { order.totals.total }
}

/// What payments finds fault with: the amount, or the buyer's token.
fn rejection(problem: Problem) -> Refusal {
    if problem.is(AMOUNT_NOT_SUPPORTED) {
        return Refusal::AmountNotSupported;
    }
    let said = problem.errors.into_iter().find(|error| error.pointer == "/token");
    Refusal::PaymentRejected { detail: said.map_or(problem.detail, |error| error.detail) }
}

async fn reconcile(app: &App, order: &Order) -> Outcome {
    let call = app.payments.reconcile(order.payment.id);
    match once("reconcile", app.config.deadlines.payment, call).await {
        Ok(payment) => report(order, payment),
        Err(_) => Outcome::Unknown,
    }
}

async fn commit(app: &App, order: &Order, attempt: u32) -> Outcome {
    let call = || app.inventory.commit(order.reservation_id(), attempt);
    match twice("commit", app.config.deadlines.call, call).await {
        Ok(reservation) => reserved(&reservation, ReservationState::Committed, Outcome::Committed),
        Err(failure) => ended_or_unknown(&failure),
    }
}

async fn release(app: &App, order: &Order, attempts: u32) -> Outcome {
    for attempt in 1..=attempts {
        let call = || app.inventory.release(order.reservation_id(), attempt);
        let released = twice("release", app.config.deadlines.call, call).await.is_ok_and(|given| {
            matches!(given.state, ReservationState::Released | ReservationState::Expired)
        });
        if !released {
            return Outcome::Unknown;
        }
    }
    Outcome::Released
}

async fn refund(app: &App, order: &Order, refund: &Refund) -> Outcome {
    const FOR_GOOD: [ErrorCode; 4] =
        [REFUND_REFUSED, REFUND_EXCEEDS_PAYMENT, INVALID_TRANSITION, PAYMENT_MISMATCH];
    let request = RefundRequest {
        refund_id: if planted("refund-without-key") { app.ids.next() } else { refund.id },
        amount: Money::new(refund.amount, order.totals.total.currency),
        reason: refund.reason.clone(),
    };
    let call = app.payments.refund(order.payment.id, &request);
    match once("refund", app.config.deadlines.payment, call).await {
        // An answer which does not have it in its sum is none.
        Ok(payment) if payment.refunded < order.payment.refunded + refund.amount => {
            Outcome::Unknown
        }
        Err(Failure::Refused(problem)) if FOR_GOOD.into_iter().any(|code| problem.is(code)) => {
            let reason = problem.members.get(FAILURE_CODE).and_then(|code| code.as_str());
            let code = reason.unwrap_or(&problem.code).to_owned();
            Outcome::RefundRefused { refund: refund.id, code }
        }
        Ok(payment) => match report(order, payment) {
            Outcome::Payment(_) => Outcome::Refunded(refund.id),
            other => other,
        },
        Err(_) => Outcome::Unknown,
    }
}

async fn ship(app: &App, order: &Order, attempt: u32, parcel: &Shipment) -> Outcome {
    let lines = lines_in(order, &parcel.pieces);
    let request = ShipRequest { shipment_id: parcel.id.uuid(), lines };
    let call = || app.inventory.ship(order.reservation_id(), attempt, &request);
    match twice("ship", app.config.deadlines.call, call).await {
        Ok(reservation) => match reservation.state {
            ReservationState::Committed | ReservationState::Shipped => Outcome::Shipped,
            ReservationState::Held | ReservationState::Released | ReservationState::Expired => {
                Outcome::Unknown
            }
        },
        Err(failure) => ended_or_unknown(&failure),
    }
}

async fn take_back(app: &App, order: &Order, attempt: u32, back: &Return) -> Outcome {
    let lines = lines_in(order, &back.pieces);
    let restock = back.restock.unwrap_or_default();
    let request = TakeBackRequest { return_id: back.id.uuid(), lines, restock };
    let call = || app.inventory.take_back(order.reservation_id(), attempt, &request);
    match twice("take_back", app.config.deadlines.call, call).await {
        Ok(_) => Outcome::TakenBack,
        Err(failure) => ended_or_unknown(&failure),
    }
}

/// Pieces of the order as inventory is told of them.
fn lines_in(order: &Order, pieces: &[Pieces]) -> Vec<Line> {
    let lines = pieces.iter().filter_map(|pieces| {
        let sku = order.lines.get(pieces.line)?.sku.clone();
        Some(Line { sku, quantity: pieces.quantity })
    });
    lines.collect()
}

/// `outcome` when the reservation is as it was wished.
fn reserved(reservation: &Reservation, wanted: ReservationState, outcome: Outcome) -> Outcome {
    match reservation.state {
        state if state == wanted => outcome,
        ReservationState::Released | ReservationState::Expired => Outcome::ReservationEnded,
        ReservationState::Held | ReservationState::Committed | ReservationState::Shipped => {
            Outcome::Unknown
        }
    }
}

fn ended_or_unknown(failure: &Failure) -> Outcome {
    match failure {
        Failure::Refused(problem)
            if problem.is(RESERVATION_ENDED) || problem.is(RESERVATION_MISMATCH) =>
        {
            Outcome::ReservationEnded
        }
        _ => Outcome::Unknown,
    }
}

/// A refusal only says that the payment does not stand as it was thought to: how it stands is asked.
async fn moved_money(app: &App, order: &Order, answer: Result<Payment, Failure>) -> Outcome {
    match answer {
        Ok(payment) => report(order, payment),
        Err(Failure::Refused(problem)) if problem.is(INVALID_TRANSITION) => {
            reconcile(app, order).await
        }
        Err(_) => Outcome::Unknown,
    }
}

/// What payments says, when it speaks of this order's money.
fn report(order: &Order, payment: Payment) -> Outcome {
    let never_asked = payment.status == PaymentStatus::Voided && payment.amount.amount == 0;
    let ours = payment.id == order.payment.id
        && (payment.amount == asked_for(order) || never_asked)
        && (0..=order.totals.total.amount).contains(&payment.captured)
        && (0..=payment.captured).contains(&payment.refunded);
    if !ours {
        let status = payment.status;
        tracing::error!(order = %order.id, ?status, "payments tells of other money than the order's");
        return Outcome::Unknown;
    }
    let Payment { status, captured, refunded, next_action, decline_code, .. } = payment;
    Outcome::Payment(PaymentReport { status, captured, refunded, next_action, decline_code })
}

/// Makes a call, and again at once when it brought no answer: every step but one may be repeated.
async fn twice<T, F>(what: &str, deadline: Duration, call: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, ClientError>>,
{
    match once(what, deadline, call()).await {
        Err(Failure::NotSent) => once(what, deadline, call()).await,
        Err(Failure::Silence | Failure::Failed | Failure::NotTakenOn) => {
            match once(what, deadline, call()).await {
                // The first may have arrived.
                Err(Failure::NotSent) => Err(Failure::Silence),
                second => second,
            }
        }
        first => first,
    }
}

async fn once<T>(
    what: &str,
    deadline: Duration,
    call: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, Failure> {
    let Ok(answer) = timeout(deadline, call).await else {
        tracing::warn!(what, ?deadline, "a neighbour did not answer in time");
        return Err(Failure::Silence);
    };
    answer.map_err(|error| {
        let failure = match error {
            ClientError::Refused(problem) if problem.status < 500 => {
                return Failure::Refused(Box::new(problem));
            }
            ClientError::Refused(ref problem) if problem.is(PAYMENT_NOT_BEGUN) => {
                Failure::NotTakenOn
            }
            ClientError::Unavailable { sent: false, .. } => Failure::NotSent,
            ClientError::Unavailable { .. } | ClientError::Timeout { .. } => Failure::Silence,
            ClientError::Refused(_) | ClientError::Malformed { .. } => Failure::Failed,
        };
        tracing::warn!(what, %error, "a neighbour failed");
        failure
    })
}

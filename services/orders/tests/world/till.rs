//! A till that keeps payments as payments does, with the provider's own view behind it: what it was
//! asked, what it tells, and how often money moved.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use techtrove_core::{Currency, Money, Problem, codes};
use techtrove_http::HttpError;
use techtrove_payments_api::{
    AMOUNT_NOT_SUPPORTED, AuthorizeRequest, FAILURE_CODE, INVALID_TRANSITION, NextAction,
    OPERATION_IN_PROGRESS, PAYMENT_NOT_BEGUN, Payment, PaymentId, PaymentStatus,
    REFUND_EXCEEDS_PAYMENT, REFUND_REFUSED, RefundId, RefundRequest,
};

#[derive(Clone, Debug)]
pub struct Charge {
    pub amount: Money,
    /// What the provider holds.
    pub status: PaymentStatus,
    /// How often money was reserved and taken.
    pub reserved: u32,
    pub captured: u32,
    /// How many more times the provider does not tell.
    pub silent: u32,
    /// What was given back, each once.
    pub refunds: BTreeMap<RefundId, i64>,
    /// What was not, and never will be.
    pub lost: BTreeSet<RefundId>,
    /// What waits for its bank.
    pub waiting: Option<(RefundId, i64)>,
}

impl Charge {
    pub fn refunded(&self) -> i64 {
        self.refunds.values().sum()
    }
}

#[derive(Debug, Default)]
pub struct Till {
    pub charges: BTreeMap<PaymentId, Charge>,
    /// How often a provider stays silent about a `tok_timeout`, the first answer included.
    pub silence: Option<u32>,
    /// How many captures are taken note of, and not made yet.
    pub slow_captures: u32,
    /// So many authorisations are not taken on before one is.
    pub unbegun: u32,
    /// So many refunds are refused before one is made.
    pub refuses: u32,
    /// So many refunds wait for their bank before one is made at once.
    pub waits: u32,
}

impl Till {
    fn authorize(&mut self, request: &AuthorizeRequest) -> Result<PaymentId, Problem> {
        if self.unbegun > 0 {
            self.unbegun -= 1;
            return Err(Problem::new(PAYMENT_NOT_BEGUN, "not begun"));
        }
        if request.token == "tok_too_much" {
            return Err(Problem::new(AMOUNT_NOT_SUPPORTED, "no such amount"));
        }
        if request.token == "tok_rejected" {
            return Err(Problem::invalid_field("/token", "no such token"));
        }
        let silence = self.silence.unwrap_or(1);
        self.charges.entry(request.payment_id).or_insert_with(|| {
            let declined = matches!(&*request.token, "tok_declined" | "tok_insufficient_funds");
            Charge {
                amount: request.amount,
                status: match &*request.token {
                    _ if declined => PaymentStatus::Failed,
                    "tok_requires_action" => PaymentStatus::RequiresAction,
                    _ => PaymentStatus::Authorized,
                },
                reserved: u32::from(!declined),
                captured: 0,
                silent: if request.token == "tok_timeout" { silence } else { 0 },
                refunds: BTreeMap::new(),
                lost: BTreeSet::new(),
                waiting: None,
            }
        });
        Ok(request.payment_id)
    }

    fn change(&mut self, id: PaymentId, verb: &str) -> Result<PaymentId, Problem> {
        let never = Charge {
            amount: Money::zero(Currency::USD),
            status: PaymentStatus::Voided,
            reserved: 0,
            captured: 0,
            silent: 0,
            refunds: BTreeMap::new(),
            lost: BTreeSet::new(),
            waiting: None,
        };
        let charge = match verb {
            "capture" => self.charges.get_mut(&id),
            _ => Some(self.charges.entry(id).or_insert(never)),
        };
        let charge = charge.ok_or_else(|| Problem::new(codes::NOT_FOUND, "no such payment"))?;
        let refused = || Problem::new(INVALID_TRANSITION, "not in this state");
        match (verb, charge.status) {
            ("reconcile", _) | ("capture", PaymentStatus::Captured) => {}
            ("void", PaymentStatus::Voided | PaymentStatus::Failed) => {}
            ("void", PaymentStatus::Authorized | PaymentStatus::RequiresAction) => {
                charge.status = PaymentStatus::Voided;
            }
            ("capture", PaymentStatus::Authorized) if self.slow_captures > 0 => {
                self.slow_captures -= 1;
            }
            ("capture", PaymentStatus::Authorized) => {
                charge.status = PaymentStatus::Captured;
                charge.captured += 1;
            }
            _ => return Err(refused()),
        }
        Ok(id)
    }

    fn refund(&mut self, id: PaymentId, request: &RefundRequest) -> Result<PaymentId, Problem> {
        let refuses = self.refuses > 0;
        let charge = self.charges.get_mut(&id).filter(|charge| charge.captured == 1);
        let refused = || Problem::new(INVALID_TRANSITION, "not in this state");
        let charge = charge.ok_or_else(refused)?;
        if charge.refunds.contains_key(&request.refund_id) {
            return Ok(id);
        }
        if refuses && charge.lost.insert(request.refund_id) {
            self.refuses -= 1;
        }
        if charge.lost.contains(&request.refund_id) {
            let problem = Problem::new(REFUND_REFUSED, "the provider has refused it");
            return Err(problem.with(FAILURE_CODE, "card_is_gone"));
        }
        match charge.waiting {
            Some((id, _)) if id == request.refund_id => {
                return Err(Problem::new(codes::UNKNOWN_OUTCOME, "its bank has not decided"));
            }
            Some(_) => {
                return Err(Problem::new(OPERATION_IN_PROGRESS, "another refund is under way"));
            }
            None => {}
        }
        if charge.refunded() + request.amount.amount > charge.amount.amount {
            return Err(Problem::new(REFUND_EXCEEDS_PAYMENT, "more than is left"));
        }
        if self.waits > 0 {
            self.waits -= 1;
            charge.waiting = Some((request.refund_id, request.amount.amount));
            return Err(Problem::new(codes::UNKNOWN_OUTCOME, "its bank has not decided"));
        }
        charge.refunds.insert(request.refund_id, request.amount.amount);
        Ok(id)
    }

    /// The bank decides of every refund that waits for it: whether it is made.
    pub fn decide(&mut self, made: bool) {
        for charge in self.charges.values_mut() {
            match charge.waiting.take() {
                Some((id, amount)) if made => drop(charge.refunds.insert(id, amount)),
                Some((id, _)) => drop(charge.lost.insert(id)),
                None => {}
            }
        }
    }

    /// The bank takes back that it gave every refund back; which those were.
    pub fn lose_refunds(&mut self) -> Vec<RefundId> {
        let mut lost = Vec::new();
        for charge in self.charges.values_mut() {
            lost.extend(charge.refunds.keys());
            charge.lost.extend(charge.refunds.keys());
            charge.refunds.clear();
        }
        lost
    }

    /// The provider ends every reservation by itself.
    pub fn lapse(&mut self) {
        for charge in self.charges.values_mut() {
            if charge.status == PaymentStatus::Authorized {
                charge.status = PaymentStatus::Voided;
            }
        }
    }

    /// The customers do what was asked of them.
    pub fn complete_actions(&mut self) {
        for charge in self.charges.values_mut() {
            if charge.status == PaymentStatus::RequiresAction {
                charge.status = PaymentStatus::Authorized;
            }
        }
    }

    /// What payments tells.
    fn show(&mut self, id: PaymentId) -> Payment {
        let charge = self.charges.get_mut(&id).expect("the charge is there");
        let silent = charge.silent > 0;
        charge.silent = charge.silent.saturating_sub(1);
        let captured =
            if charge.status == PaymentStatus::Captured { charge.amount.amount } else { 0 };
        let status = match charge.refunded() {
            _ if silent => PaymentStatus::Unknown,
            0 => charge.status,
            all if all == captured => PaymentStatus::Refunded,
            _ => PaymentStatus::PartiallyRefunded,
        };
        let asked = NextAction { kind: "redirect".into(), url: format!("/pay/{id}") };
        Payment {
            id,
            status,
            amount: charge.amount,
            captured: if silent { 0 } else { captured },
            refunded: if silent { 0 } else { charge.refunded() },
            next_action: (status == PaymentStatus::RequiresAction).then_some(asked),
            decline_code: (charge.status == PaymentStatus::Failed && !silent)
                .then(|| "card_declined".to_owned()),
        }
    }
}

type Shared = Arc<Mutex<Till>>;

pub fn router(till: Shared) -> Router {
    Router::new()
        .route("/internal/payments/payments", post(authorize))
        .route("/internal/payments/payments/{id}/refunds", post(refund))
        .route("/internal/payments/payments/{id}/{verb}", post(change))
        .with_state(till)
}

fn serve(
    till: &Shared,
    serve: impl FnOnce(&mut Till) -> Result<PaymentId, Problem>,
) -> Result<Json<Payment>, HttpError> {
    let mut till = till.lock().unwrap_or_else(PoisonError::into_inner);
    let id = serve(&mut till)?;
    Ok(Json(till.show(id)))
}

async fn authorize(
    State(till): State<Shared>,
    Json(request): Json<AuthorizeRequest>,
) -> Result<Json<Payment>, HttpError> {
    serve(&till, |till| till.authorize(&request))
}

async fn change(
    State(till): State<Shared>,
    Path((id, verb)): Path<(PaymentId, String)>,
) -> Result<Json<Payment>, HttpError> {
    serve(&till, |till| till.change(id, &verb))
}

async fn refund(
    State(till): State<Shared>,
    Path(id): Path<PaymentId>,
    Json(request): Json<RefundRequest>,
) -> Result<Json<Payment>, HttpError> {
    serve(&till, |till| till.refund(id, &request))
}

impl Till {
    /// How often money was taken.
    pub fn captures(&self) -> u32 {
        self.charges.values().map(|charge| charge.captured).sum()
    }
}

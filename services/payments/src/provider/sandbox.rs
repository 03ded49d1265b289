//! The sandbox provider through its HTTP API, as any stranger is asked. Its words are read here and
//! nowhere else, and only the refusals known here count as its word that nothing was done: everything
//! else is silence.

use std::time::Duration;

use futures::{
    FutureExt as _,
    future::{self, BoxFuture},
};
use http::HeaderName;
use serde::{Deserialize, Serialize};
use techtrove_core::{Currency, InvalidCurrency, Money, Timestamp, planted};
use techtrove_http::{Client, ClientError, header_text};
use techtrove_payments_api::{FAILURE_CODE, INVALID_TOKEN, NextAction};

use super::{
    ChargeName, Delivery, Heard, InvalidSignature, NoAnswer, Provider, Question, WebhookSecret,
    fit_code, verify,
};
use crate::domain::{ActionOutcome, ChargeStatus, Payment, ProviderCharge, Told};

/// The name by which requests choose it.
pub const NAME: &str = "sandbox";

/// The header with a webhook's signature.
const SIGNATURE: HeaderName = HeaderName::from_static("sandbox-signature");

/// The webhook that tells of a refund which has failed.
const REFUND_FAILED: &str = "refund.failed";

/// The one that tells of a charge which was given up.
const GIVEN_UP: &str = "charge.voided";

/// Asks the sandbox, and hears its webhooks.
#[derive(Clone, Debug)]
pub struct Sandbox {
    client: Client,
    secrets: Vec<WebhookSecret>,
}

impl Sandbox {
    /// Asks through `client`, waiting `deadline` for each answer, and hears webhooks that any of
    /// `secrets` signed.
    #[must_use]
    pub fn new(client: Client, deadline: Duration, secrets: Vec<WebhookSecret>) -> Self {
        Self { client: client.with_deadline(deadline), secrets }
    }

    async fn charge(&self, wish: &NewCharge<'_>) -> Result<Told, NoAnswer> {
        match self.client.post("/v1/charges").json(wish).call::<Charge>().await {
            Ok(charge) => charge.told(),
            Err(error) if says(&error, &[INVALID_TOKEN]) => Ok(refused(&error)),
            Err(error) => Err(silence(error)),
        }
    }

    async fn lookup(&self, key: &str) -> Result<Told, NoAnswer> {
        match self.client.get(&format!("/v1/charges/{key}")).call::<Charge>().await {
            Ok(charge) => charge.told(),
            Err(error) if says(&error, &["charge_not_found"]) => Ok(Told::NoSuchCharge),
            Err(error) => Err(silence(error)),
        }
    }

    /// A refused change is no reason to believe anything: how the charge stands is looked up.
    async fn change(&self, key: &str, verb: &str) -> Result<Told, NoAnswer> {
        let path = format!("/v1/charges/{key}/{verb}");
        self.changed(key, self.client.post(&path).call().await).await
    }

    async fn complete_action(&self, key: &str, outcome: ActionOutcome) -> Result<Told, NoAnswer> {
        let path = format!("/v1/charges/{key}/complete-action");
        let body = CompletedAction { outcome };
        self.changed(key, self.client.post(&path).json(&body).call().await).await
    }

    async fn changed(
        &self,
        key: &str,
        answer: Result<Charge, ClientError>,
    ) -> Result<Told, NoAnswer> {
        const BECAUSE_OF_ITS_STATE: [&str; 5] = [
            "charge_voided",
            "charge_declined",
            "charge_captured",
            "charge_requires_action",
            "no_action_required",
        ];
        match answer {
            Ok(charge) => charge.told(),
            Err(error) if says(&error, &BECAUSE_OF_ITS_STATE) => self.lookup(key).await,
            Err(error) => Err(silence(error)),
        }
    }

    async fn refund(&self, key: &str, wish: &NewRefund<'_>) -> Result<Told, NoAnswer> {
        const FOR_GOOD: [&str; 4] =
            ["refund_refused", "refund_exceeds_charge", "charge_not_captured", "key_reused"];
        let path = format!("/v1/charges/{key}/refunds");
        match self.client.post(&path).json(wish).call::<Refund>().await {
            Ok(refund) => refund.told(),
            Err(error) if says(&error, &FOR_GOOD) => Ok(refused(&error)),
            Err(error @ ClientError::Refused(_)) if planted("refund-failure-taken-as-refusal") => {
                Ok(refused(&error))
            }
            Err(error) => Err(silence(error)),
        }
    }

    async fn lookup_refund(&self, key: &str, refund: &str) -> Result<Told, NoAnswer> {
        let path = format!("/v1/charges/{key}/refunds/{refund}");
        self.client.get(&path).call::<Refund>().await.map_err(silence)?.told()
    }
}

impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next_action(&self, payment: &Payment) -> Option<NextAction> {
        Some(NextAction {
            kind: "sandbox_confirmation".to_owned(),
            url: format!("/api/v1/payments/{}/actions/complete", payment.id),
        })
    }

    fn read_webhook(
        &self,
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<Option<Heard>, InvalidSignature> {
        let header = header_text(delivery.headers, &SIGNATURE).ok().flatten();
        verify(header.ok_or(InvalidSignature)?, delivery.body, &self.secrets, now)?;
        let webhook: Option<Webhook> = serde_json::from_slice(delivery.body).ok();
        Ok(webhook.map(|Webhook { kind, charge, refund }| Heard {
            charge: charge.key,
            given_up: kind == GIVEN_UP,
            failed_refund: refund.filter(|_| kind == REFUND_FAILED).map(|refund| refund.key),
        }))
    }

    fn introduce<'a>(
        &'a self,
        _key: &'a str,
        _amount: Money,
    ) -> BoxFuture<'a, Result<Option<String>, NoAnswer>> {
        future::ready(Ok(None)).boxed()
    }

    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Told, NoAnswer>> {
        async move {
            match question {
                Question::Authorize { charge: ChargeName { key, .. }, amount, token } => {
                    let (token, currency) = (token.expose(), amount.currency.code());
                    let amount = amount.amount;
                    self.charge(&NewCharge { key, amount, currency, token, capture: false }).await
                }
                Question::Lookup { charge } => self.lookup(charge.key).await,
                Question::CompleteAction { charge, outcome } => {
                    self.complete_action(charge.key, outcome).await
                }
                Question::Capture { charge } => self.change(charge.key, "capture").await,
                Question::Void { charge } => self.change(charge.key, "void").await,
                Question::Refund { charge, refund, amount } => {
                    let wish = NewRefund { key: refund, amount: amount.amount };
                    self.refund(charge.key, &wish).await
                }
                Question::LookupRefund { charge, refund } => {
                    self.lookup_refund(charge.key, refund).await
                }
            }
        }
        .boxed()
    }
}

#[derive(Serialize)]
struct NewCharge<'a> {
    key: &'a str,
    amount: i64,
    currency: &'a str,
    token: &'a str,
    capture: bool,
}

#[derive(Serialize)]
struct CompletedAction {
    outcome: ActionOutcome,
}

#[derive(Serialize)]
struct NewRefund<'a> {
    key: &'a str,
    amount: i64,
}

/// What a webhook is read for; nothing else in it is believed.
#[derive(Deserialize)]
struct Webhook {
    #[serde(rename = "type")]
    kind: String,
    charge: Named,
    refund: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    key: String,
}

#[derive(Deserialize)]
struct Charge {
    key: String,
    amount: i64,
    currency: Option<String>,
    status: Status,
    captured: i64,
    decline_code: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    key: String,
    amount: i64,
    status: RefundStatus,
    failure_code: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
    Refused,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    RequiresAction,
    Authorized,
    Captured,
    Declined,
    Voided,
}

impl Charge {
    fn told(self) -> Result<Told, NoAnswer> {
        let currency: Option<Currency> = self
            .currency
            .map(|code| code.parse())
            .transpose()
            .map_err(|error: InvalidCurrency| NoAnswer(error.into()))?;
        let status = match self.status {
            Status::RequiresAction => ChargeStatus::RequiresAction,
            Status::Authorized => ChargeStatus::Authorized,
            Status::Captured => ChargeStatus::Captured,
            Status::Declined => ChargeStatus::Declined,
            Status::Voided => ChargeStatus::Voided,
        };
        Ok(Told::Charge(ProviderCharge {
            key: self.key,
            amount: currency.map(|currency| Money::new(self.amount, currency)),
            status,
            captured: self.captured,
            decline_code: self.decline_code.as_deref().map(fit_code),
            action_url: None,
        }))
    }
}

impl Refund {
    fn told(self) -> Result<Told, NoAnswer> {
        match self.status {
            RefundStatus::Succeeded => Ok(Told::Refunded { key: self.key, amount: self.amount }),
            RefundStatus::Pending if planted("refund-under-way-taken-as-made") => {
                Ok(Told::Refunded { key: self.key, amount: self.amount })
            }
            RefundStatus::Pending => Err(NoAnswer("the refund is under way".into())),
            RefundStatus::Failed | RefundStatus::Refused => {
                let code = self.failure_code.as_deref().unwrap_or_default();
                Ok(Told::Refused { code: fit_code(code) })
            }
        }
    }
}

/// Whether the provider refused with one of these codes.
fn says(error: &ClientError, codes: &[&str]) -> bool {
    error.refusal().is_some_and(|problem| codes.contains(&problem.code.as_ref()))
}

/// The provider's reason: the one that it gives besides, or else its code.
fn refused(error: &ClientError) -> Told {
    let code = error.refusal().map_or("declined", |problem| {
        let besides = problem.members.get(FAILURE_CODE).and_then(|code| code.as_str());
        besides.unwrap_or(&problem.code)
    });
    Told::Refused { code: fit_code(code) }
}

fn silence(error: ClientError) -> NoAnswer {
    NoAnswer(error.into())
}

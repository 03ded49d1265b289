//! Stripe through its HTTP API. A charge is a payment intent: made first, under our key and without a
//! means of payment, so that its name can be stored; then confirmed, which asks for the money. An intent
//! whose name was never stored is never confirmed. Stripe repeats what it once answered under a key, a
//! failure of its own too, and forgets the key after a day: keys guard what could be done twice (making,
//! confirming, refunding), and whatever is not told plainly is looked up. Why so: ADR 0017.

mod amount;
mod wire;

use std::time::Duration;

use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use techtrove_core::{Money, Timestamp};
use techtrove_http::{Client, RequestBuilder, header_text};
use techtrove_payments_api::{AMOUNT_NOT_SUPPORTED, NextAction};

pub use amount::charges_in;

use self::{
    amount::to_stripe,
    wire::{Failure, Intent, Problem, Refund, Refunds},
};
use super::{
    ChargeName, Delivery, Heard, InvalidSignature, NoAnswer, Provider, Question, WebhookSecret,
    verify,
};
use crate::domain::{ChargeStatus, Payment, ProviderCharge, Secret, Told};

/// The name by which requests choose it.
pub const NAME: &str = "stripe";

/// The version of Stripe's API that is spoken here, whatever the account's own is.
const VERSION: &str = "2026-08-26.dahlia";

/// How many refunds are read at once; Stripe allows no more.
const PAGE: &str = "100";

const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// How the shop is known to Stripe.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its secret key, `sk_…` or a restricted `rk_…`.
    pub key: Secret,
    /// Where customers come back to from their bank.
    pub return_url: String,
    /// What Stripe signs its webhooks with, `whsec_…`; several while one takes another's place.
    pub webhooks: Vec<WebhookSecret>,
}

/// Asks Stripe, and hears its webhooks.
#[derive(Clone, Debug)]
pub struct Stripe {
    client: Client,
    deadline: Duration,
    account: Account,
}

/// What Stripe answered.
enum Reply<T> {
    Done(T),
    Refused(Problem),
}

impl Stripe {
    /// Asks through `client`, waiting `deadline` for all that one question takes.
    #[must_use]
    pub fn new(client: Client, deadline: Duration, account: Account) -> Self {
        Self { client: client.with_deadline(deadline), deadline, account }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Reply<T>, NoAnswer> {
        self.send(self.client.get(path)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Result<Reply<T>, NoAnswer> {
        let request = self.client.post(path).form(fields);
        self.send(match key {
            Some(key) => request.header(IDEMPOTENCY_KEY, key),
            None => request,
        })
        .await
    }

    /// Everything but success and a plain refusal tells nothing: a failure (5xx), too many requests (429),
    /// another request that holds the intent or the key (409), a key of ours that is not taken (401, 403).
    async fn send<T: DeserializeOwned>(
        &self,
        request: RequestBuilder<'_>,
    ) -> Result<Reply<T>, NoAnswer> {
        let bearer = format!("Bearer {}", self.account.key.expose());
        let request = request.secret_header(header::AUTHORIZATION, &bearer);
        let answer = request.header(STRIPE_VERSION, VERSION).send().await;
        let answer = answer.map_err(|error| NoAnswer(error.into()))?;
        let status = answer.status;
        let unread = |_| NoAnswer(format!("an answer with status {status} cannot be read").into());
        if status.is_success() {
            return serde_json::from_slice(&answer.body).map(Reply::Done).map_err(unread);
        }
        let Failure { mut error } = serde_json::from_slice(&answer.body).map_err(unread)?;
        error.status = status.as_u16();
        let plain = [StatusCode::BAD_REQUEST, StatusCode::PAYMENT_REQUIRED, StatusCode::NOT_FOUND];
        if plain.contains(&status) { Ok(Reply::Refused(error)) } else { Err(silence(&error)) }
    }

    /// Makes the intent, or finds it: it holds no money, and nobody can confirm it who does not know it.
    /// There is none of an amount that Stripe does not charge.
    async fn make(
        &self,
        key: &str,
        amount: i64,
        currency: &str,
    ) -> Result<Option<String>, NoAnswer> {
        let fields = [
            ("amount", &*amount.to_string()),
            ("currency", &currency.to_ascii_lowercase()),
            ("capture_method", "manual"),
            ("payment_method_types[0]", "card"),
            ("metadata[payment_id]", key),
        ];
        match self.post::<Intent>("/v1/payment_intents", Some(key), &fields).await? {
            Reply::Done(intent) => intent.into_name().map(Some),
            Reply::Refused(problem) if problem.is_of_amount() => Ok(None),
            Reply::Refused(problem) => Err(silence(&problem)),
        }
    }

    /// Asks for the money. A payment is confirmed under one key, so with one means of payment: what comes
    /// of it, a repetition finds by looking.
    async fn confirm(&self, key: &str, intent: &str, token: &Secret) -> Result<Told, NoAnswer> {
        let path = format!("/v1/payment_intents/{intent}/confirm");
        let fields =
            [("payment_method", token.expose()), ("return_url", &*self.account.return_url)];
        match self.post::<Intent>(&path, Some(&format!("{key}-confirm")), &fields).await? {
            Reply::Done(intent) => intent.told(),
            Reply::Refused(problem) if problem.is_decline() || problem.is_unknown_token() => {
                Ok(problem.refusal())
            }
            Reply::Refused(_) => self.lookup(intent).await,
        }
    }

    async fn lookup(&self, intent: &str) -> Result<Told, NoAnswer> {
        match self.get::<Intent>(&format!("/v1/payment_intents/{intent}")).await? {
            Reply::Done(intent) => intent.told(),
            Reply::Refused(problem) => Err(silence(&problem)),
        }
    }

    /// Captures or cancels. An intent goes this way once, so a key would only make Stripe repeat a failure
    /// of its own for a day. Why it does not go any more is no reason to believe anything: how it stands
    /// is looked up.
    async fn change(&self, intent: &str, verb: &str) -> Result<Told, NoAnswer> {
        let path = format!("/v1/payment_intents/{intent}/{verb}");
        let told = match self.post::<Intent>(&path, None, &[]).await? {
            Reply::Done(intent) => intent.told()?,
            Reply::Refused(_) => self.lookup(intent).await?,
        };
        match told {
            Told::Charge(_) => Ok(told),
            _ => Err(NoAnswer(format!("no {verb} of an intent that was not confirmed").into())),
        }
    }

    /// Gives money back, unless that was done: a key that Stripe has forgotten would let it happen twice.
    /// A plain refusal is one for good: nothing was given back, and nothing will be under this key.
    async fn refund(
        &self,
        charge: (&str, &str),
        refund: &str,
        amount: Money,
    ) -> Result<Told, NoAnswer> {
        let (key, intent) = charge;
        if let Some(made) = self.find_refund(intent, refund).await? {
            return made.told(refund);
        }
        let Some(amount) = to_stripe(amount) else { return Ok(not_countable()) };
        let fields = [
            ("payment_intent", intent),
            ("amount", &*amount.to_string()),
            ("metadata[payment_id]", key),
            ("metadata[refund_id]", refund),
        ];
        match self.post::<Refund>("/v1/refunds", Some(refund), &fields).await? {
            Reply::Done(made) => made.told(refund),
            Reply::Refused(problem) if problem.is_of_key() => Err(silence(&problem)),
            Reply::Refused(problem) => Ok(problem.refund_refusal()),
        }
    }

    async fn lookup_refund(&self, intent: &str, refund: &str) -> Result<Told, NoAnswer> {
        match self.find_refund(intent, refund).await? {
            Some(made) => made.told(refund),
            None => Err(NoAnswer("the refund is not listed".into())),
        }
    }

    async fn find_refund(&self, intent: &str, key: &str) -> Result<Option<Refund>, NoAnswer> {
        let mut after: Option<String> = None;
        loop {
            let mut query = vec![("payment_intent", intent), ("limit", PAGE)];
            query.extend(after.as_deref().map(|last| ("starting_after", last)));
            let page: Refunds =
                match self.send(self.client.get("/v1/refunds").query(&query)).await? {
                    Reply::Done(page) => page,
                    Reply::Refused(problem) => return Err(silence(&problem)),
                };
            after = page.data.last().filter(|_| page.has_more).map(|last| last.id.clone());
            let found = page.data.into_iter().find(|refund| refund.is_of(key));
            if found.is_some() || after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn put(&self, question: Question<'_>) -> Result<Told, NoAnswer> {
        match question {
            Question::Authorize { charge: ChargeName { key, reference }, token, .. } => {
                match reference {
                    Some(intent) => self.confirm(key, intent, token).await,
                    None => Ok(not_countable()),
                }
            }
            Question::Lookup { charge } | Question::CompleteAction { charge, .. } => {
                match charge.reference {
                    Some(intent) => self.lookup(intent).await,
                    None => Ok(Told::NoSuchCharge),
                }
            }
            Question::Capture { charge } => self.change(known(charge)?, "capture").await,
            Question::Void { charge } => match charge.reference {
                Some(intent) => self.change(intent, "cancel").await,
                None => Ok(never_asked_for(charge.key)),
            },
            Question::Refund { charge, refund, amount } => {
                self.refund((charge.key, known(charge)?), refund, amount).await
            }
            Question::LookupRefund { charge, refund } => {
                self.lookup_refund(known(charge)?, refund).await
            }
        }
    }

    async fn within_deadline<T>(
        &self,
        work: impl Future<Output = Result<T, NoAnswer>>,
    ) -> Result<T, NoAnswer> {
        tokio::time::timeout(self.deadline, work)
            .await
            .unwrap_or_else(|late| Err(NoAnswer(late.into())))
    }
}

impl Provider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next_action(&self, payment: &Payment) -> Option<NextAction> {
        let url = payment.action_url.clone()?;
        Some(NextAction { kind: "redirect_to_url".to_owned(), url })
    }

    fn read_webhook(
        &self,
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<Option<Heard>, InvalidSignature> {
        let header = header_text(delivery.headers, &SIGNATURE).ok().flatten();
        verify(header.ok_or(InvalidSignature)?, delivery.body, &self.account.webhooks, now)?;
        Ok(wire::heard_in(delivery.body))
    }

    fn introduce<'a>(
        &'a self,
        key: &'a str,
        amount: Money,
    ) -> BoxFuture<'a, Result<Option<String>, NoAnswer>> {
        async move {
            let Some(counted) = to_stripe(amount) else { return Ok(None) };
            let work = self.make(key, counted, amount.currency.code());
            self.within_deadline(work).await
        }
        .boxed()
    }

    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Told, NoAnswer>> {
        self.within_deadline(self.put(question)).boxed()
    }
}

/// The intent of a charge that was asked for.
fn known(charge: ChargeName<'_>) -> Result<&str, NoAnswer> {
    charge.reference.ok_or_else(|| NoAnswer("the charge was never asked for".into()))
}

/// No intent was made for an amount that Stripe does not count or charge.
fn not_countable() -> Told {
    Told::Refused { code: AMOUNT_NOT_SUPPORTED.code.to_owned() }
}

/// An intent whose name is not stored was never confirmed, and its void keeps its name from being stored.
fn never_asked_for(key: &str) -> Told {
    Told::Charge(ProviderCharge {
        key: key.to_owned(),
        amount: None,
        status: ChargeStatus::Voided,
        captured: 0,
        decline_code: None,
        action_url: None,
    })
}

fn silence(problem: &Problem) -> NoAnswer {
    NoAnswer(problem.to_string().into())
}

//! Stripe's words: an intent, a refund, an error, an event, and what they mean here. Only what is read is
//! named. A status that is not known here means nothing, and an error's message is left alone, since it
//! may repeat what was sent.

use std::fmt;

use serde::Deserialize;
use techtrove_core::Currency;
use techtrove_payments_api::INVALID_TOKEN;

use super::{super::fit_code, Heard, NoAnswer, amount::from_stripe};
use crate::domain::{ChargeStatus, ProviderCharge, Told};

/// The longest name of an intent, and the longest address of a customer's page.
const MAX_ID: usize = 255;
const MAX_URL: usize = 2_048;

/// Reasons of which Stripe asks that nobody be told them, with the one that says nothing.
const KEPT_QUIET: [&str; 6] = [
    "fraudulent",
    "generic_decline",
    "lost_card",
    "merchant_blacklist",
    "pickup_card",
    "stolen_card",
];

/// What customers are told instead.
const DECLINED: &str = "card_declined";

/// The customer has not confirmed the payment: Stripe's word, and the shop's.
const NOT_CONFIRMED: (&str, &str) =
    ("payment_intent_authentication_failure", "authentication_failed");

/// The event that tells of an intent which was given up, by the shop or by Stripe itself.
const CANCELED: &str = "payment_intent.canceled";

/// The events that may tell of something open here.
const EVENTS: [&str; 9] = [
    "charge.refund.updated",
    "charge.refunded",
    "payment_intent.amount_capturable_updated",
    CANCELED,
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "refund.failed",
    "refund.updated",
];

#[derive(Deserialize)]
pub(super) struct Intent {
    id: String,
    amount: i64,
    amount_received: i64,
    currency: String,
    status: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    last_payment_error: Option<Problem>,
    #[serde(default)]
    next_action: Option<NextAction>,
}

/// What we have written onto what is ours.
#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    payment_id: Option<String>,
    #[serde(default)]
    refund_id: Option<String>,
}

#[derive(Deserialize)]
struct NextAction {
    #[serde(default)]
    redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
struct Redirect {
    url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Refund {
    pub id: String,
    amount: i64,
    currency: String,
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
pub(super) struct Refunds {
    pub data: Vec<Refund>,
    pub has_more: bool,
}

#[derive(Deserialize)]
pub(super) struct Failure {
    pub error: Problem,
}

/// Why Stripe did not do what it was asked.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    /// The answer's status, which is not in its body.
    #[serde(skip)]
    pub status: u16,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    param: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Subject,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    object: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

/// What an event tells of, if it is one to hear.
pub(super) fn heard_in(event: &[u8]) -> Option<Heard> {
    let Event { kind, data: Data { object: subject } } = serde_json::from_slice(event).ok()?;
    let is_lost = subject.object.as_deref() == Some("refund")
        && subject.status.as_deref().is_some_and(is_lost);
    let Metadata { payment_id, refund_id } = subject.metadata?;
    let heard = Heard {
        charge: payment_id?,
        failed_refund: refund_id.filter(|_| is_lost),
        given_up: kind == CANCELED,
    };
    EVENTS.contains(&kind.as_str()).then_some(heard)
}

/// Whether a refund of this status gave nothing back.
fn is_lost(status: &str) -> bool {
    matches!(status, "failed" | "canceled")
}

impl Intent {
    /// The intent's name, if it is fit to be kept and to stand in a path.
    pub(super) fn into_name(self) -> Result<String, NoAnswer> {
        let fit = (1..=MAX_ID).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if fit { Ok(self.id) } else { Err(NoAnswer("an intent without a usable name".into())) }
    }

    /// How the charge stands. An intent without a payment method has not been asked for money, unless a
    /// bank has turned the last one away, or there is none of that name: what else went wrong is no decline.
    pub(super) fn told(self) -> Result<Told, NoAnswer> {
        let status = match (self.status.as_str(), &self.last_payment_error) {
            ("requires_payment_method", Some(problem))
                if problem.is_decline() || problem.is_unknown_token() =>
            {
                return Ok(problem.refusal());
            }
            ("requires_payment_method" | "requires_confirmation", _) => {
                return Ok(Told::NoSuchCharge);
            }
            ("requires_action", _) => ChargeStatus::RequiresAction,
            ("requires_capture", _) => ChargeStatus::Authorized,
            ("succeeded", _) => ChargeStatus::Captured,
            ("canceled", _) => ChargeStatus::Voided,
            _ => {
                return Err(NoAnswer(format!("the intent is {:?}", fit_code(&self.status)).into()));
            }
        };
        let currency = currency(&self.currency)?;
        let money = |amount| from_stripe(amount, currency).ok_or_else(uncountable);
        let captured = if status == ChargeStatus::Captured { self.amount_received } else { 0 };
        let action_url = self.next_action.and_then(|action| action.redirect_to_url?.url);
        Ok(Told::Charge(ProviderCharge {
            key: self.metadata.payment_id.unwrap_or_default(),
            amount: Some(money(self.amount)?),
            status,
            captured: money(captured)?.amount,
            decline_code: None,
            action_url: action_url.filter(|url| is_page(url)),
        }))
    }
}

fn is_page(url: &str) -> bool {
    url.starts_with("https://")
        && url.len() <= MAX_URL
        && url.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Refund {
    /// Whether it is the one of our key.
    pub(super) fn is_of(&self, key: &str) -> bool {
        self.metadata.refund_id.as_deref() == Some(key)
    }

    /// What it says of the refund under our `key`.
    pub(super) fn told(self, key: &str) -> Result<Told, NoAnswer> {
        match self.status.as_deref() {
            Some("succeeded") => {
                let money = from_stripe(self.amount, currency(&self.currency)?);
                let amount = money.ok_or_else(uncountable)?.amount;
                Ok(Told::Refunded { key: key.to_owned(), amount })
            }
            Some(status) if is_lost(status) => {
                let reason = self.failure_reason.as_deref().unwrap_or("refund_failed");
                Ok(Told::Refused { code: fit_code(reason) })
            }
            _ => Err(NoAnswer("the refund is under way".into())),
        }
    }
}

impl Problem {
    /// The bank turned the card away, or did not recognise the customer, which Stripe does not call an error
    /// of the card's.
    pub(super) fn is_decline(&self) -> bool {
        self.kind == "card_error" || self.says(NOT_CONFIRMED.0)
    }

    /// There is no such means of payment.
    pub(super) fn is_unknown_token(&self) -> bool {
        self.says("resource_missing") && self.param.as_deref() == Some("payment_method")
    }

    /// The amount is less or more than Stripe charges.
    pub(super) fn is_of_amount(&self) -> bool {
        self.says("amount_too_small") || self.says("amount_too_large")
    }

    /// The key was used for other words, so that this is no answer to what was asked under it before.
    pub(super) fn is_of_key(&self) -> bool {
        self.kind == "idempotency_error"
    }

    /// The reason for which nothing is given back, for staff.
    pub(super) fn refund_refusal(&self) -> Told {
        Told::Refused { code: fit_code(self.code.as_deref().unwrap_or("refund_refused")) }
    }

    /// The reason for which this is refused, as customers may know it.
    pub(super) fn refusal(&self) -> Told {
        let reason = self.decline_code.as_deref().or(self.code.as_deref()).unwrap_or(DECLINED);
        let code = if self.is_unknown_token() {
            INVALID_TOKEN.to_owned()
        } else if KEPT_QUIET.contains(&reason) {
            DECLINED.to_owned()
        } else if reason == NOT_CONFIRMED.0 {
            NOT_CONFIRMED.1.to_owned()
        } else {
            fit_code(reason)
        };
        Told::Refused { code }
    }

    fn says(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().map_or("no code".to_owned(), fit_code);
        write!(f, "{} {} ({code})", self.status, fit_code(&self.kind))
    }
}

fn currency(code: &str) -> Result<Currency, NoAnswer> {
    code.to_ascii_uppercase()
        .parse()
        .map_err(|error: techtrove_core::InvalidCurrency| NoAnswer(error.into()))
}

fn uncountable() -> NoAnswer {
    NoAnswer("an amount that cannot be in this currency".into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn intent(changes: &Value) -> Result<Told, NoAnswer> {
        let mut body = json!({
            "id": "pi_1", "amount": 1000, "amount_received": 0, "currency": "usd",
            "status": "requires_capture", "metadata": {"payment_id": "pay_1"},
        });
        for (name, value) in changes.as_object().expect("an object") {
            body[name] = value.clone();
        }
        serde_json::from_value::<Intent>(body).expect("an intent").told()
    }

    fn refused(code: &str) -> Told {
        Told::Refused { code: code.to_owned() }
    }

    #[test]
    fn an_intent_is_no_charge_before_money_was_asked_for() {
        for status in ["requires_payment_method", "requires_confirmation"] {
            assert_eq!(intent(&json!({"status": status})).expect("told"), Told::NoSuchCharge);
        }
    }

    #[test]
    fn a_status_that_is_not_known_tells_nothing() {
        for status in ["processing", "", "done\u{0}"] {
            assert!(intent(&json!({"status": status})).is_err(), "{status}");
        }
        assert!(intent(&json!({"currency": "coins"})).is_err());
    }

    #[test]
    fn a_bank_that_turned_the_card_away_is_told_as_customers_may_know_it() {
        for (error, code) in [
            (
                json!({"type": "card_error", "code": "card_declined", "decline_code": "stolen_card"}),
                DECLINED,
            ),
            (
                json!({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}),
                "insufficient_funds",
            ),
            (json!({"type": "card_error", "code": "expired_card"}), "expired_card"),
            (json!({"type": "card_error", "code": NOT_CONFIRMED.0}), "authentication_failed"),
            (
                json!({"type": "invalid_request_error", "code": NOT_CONFIRMED.0}),
                "authentication_failed",
            ),
            (json!({"type": "card_error", "code": "A reason!"}), "declined"),
        ] {
            let changes = json!({"status": "requires_payment_method", "last_payment_error": error});
            assert_eq!(intent(&changes).expect("told"), refused(code));
        }
    }

    #[test]
    fn what_else_went_wrong_is_no_decline() {
        for error in [
            json!({"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}),
            json!({"type": "invalid_request_error"}),
            json!({"type": "api_error"}),
        ] {
            let changes = json!({"status": "requires_payment_method", "last_payment_error": error});
            assert_eq!(intent(&changes).expect("told"), Told::NoSuchCharge);
        }
    }

    #[test]
    fn a_customer_is_led_to_pages_alone() {
        for (url, kept) in [
            (json!("https://bank.example/3ds?x=1"), true),
            (json!("javascript:alert(1)"), false),
            (json!("https://bank.example/\u{202e}"), false),
            (json!(format!("https://bank.example/{}", "x".repeat(MAX_URL))), false),
            (json!(null), false),
        ] {
            let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
            let told = intent(&json!({"status": "requires_action", "next_action": action}));
            let Ok(Told::Charge(charge)) = told else { panic!("a charge: {told:?}") };
            assert_eq!(charge.action_url.is_some(), kept, "{url}");
        }
    }

    #[test]
    fn a_refund_counts_once_it_has_succeeded() {
        let refund = |status: Value| {
            let body = json!({"id": "re_1", "amount": 5, "currency": "usd", "status": status});
            serde_json::from_value::<Refund>(body).expect("a refund").told("ref_1")
        };

        let done = Told::Refunded { key: "ref_1".to_owned(), amount: 5 };
        assert_eq!(refund(json!("succeeded")).expect("told"), done);
        for status in ["failed", "canceled"] {
            assert_eq!(refund(json!(status)).expect("told"), refused("refund_failed"));
        }
        for status in [json!("pending"), json!("requires_action"), json!(null)] {
            assert!(refund(status.clone()).is_err(), "{status}");
        }
    }

    #[test]
    fn an_event_names_our_charge_or_is_not_heard() {
        let event = |kind: &str, object: Value| {
            let body = json!({"id": "evt_1", "type": kind, "data": {"object": object}});
            heard_in(body.to_string().as_bytes())
        };
        let ours = json!({"metadata": {"payment_id": "pay_1", "more": "of it"}});

        for kind in EVENTS {
            let given_up = kind == "payment_intent.canceled";
            let heard = Heard { charge: "pay_1".to_owned(), failed_refund: None, given_up };
            assert_eq!(event(kind, ours.clone()), Some(heard));
        }
        for (status, failed_refund) in
            [("failed", Some("ref_1")), ("canceled", Some("ref_1")), ("succeeded", None)]
        {
            let metadata = json!({"payment_id": "pay_1", "refund_id": "ref_1"});
            let refund = json!({"object": "refund", "status": status, "metadata": metadata});
            let heard = event("refund.failed", refund).expect("heard");
            assert_eq!(heard.failed_refund.as_deref(), failed_refund, "{status}");
        }
        assert_eq!(event("customer.created", ours), None);
        for object in [json!({}), json!({"metadata": null}), json!({"metadata": {}}), json!([])] {
            assert_eq!(event("payment_intent.succeeded", object), None);
        }
        assert_eq!(heard_in(b"no json"), None);
    }
}

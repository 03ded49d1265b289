//! Stripe's forms and JSON, as far as they are used here, and nobody else's.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use techtrove_core::Money;

use crate::{
    domain::{
        Charge, DeclineCode, FailureCode, Intent, Key, Refund, RefundStatus, Refusal, Status, Token,
    },
    error::Error,
};

/// The least and the most that is charged, whatever the currency.
const LEAST: i64 = 50;
const MOST: i64 = 99_999_999;

/// A form's fields, or a query's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(Vec<(String, String)>);

/// Why a request is not answered as wished, in Stripe's words.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    error: Value,
}

impl Fields {
    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that has to be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, Refused> {
        self.find(name).ok_or_else(|| Refused::invalid(name))
    }

    /// Checks that a field says the one thing that is understood here.
    pub(super) fn says(&self, name: &'static str, word: &str) -> Result<(), Refused> {
        if self.needed(name)? == word { Ok(()) } else { Err(Refused::invalid(name)) }
    }

    /// A key of the caller's own.
    pub(super) fn key(&self, name: &'static str) -> Result<Key, Refused> {
        self.needed(name)?.parse().map_err(|_| Refused::invalid(name))
    }

    /// How much.
    pub(super) fn amount(&self) -> Result<i64, Refused> {
        let amount = self.needed("amount")?.parse().ok().filter(|&amount| amount > 0);
        amount.ok_or_else(|| Refused::invalid("amount"))
    }

    /// How much of what is to be charged; the currency is in small letters.
    pub(super) fn money(&self) -> Result<Money, Refused> {
        let code = self.needed("currency")?;
        let currency = code.to_ascii_uppercase().parse();
        let currency = currency.ok().filter(|_| code.bytes().all(|byte| byte.is_ascii_lowercase()));
        let currency = currency.ok_or_else(|| Refused::invalid("currency"))?;
        match self.amount()? {
            ..LEAST => Err(Refused::amount("amount_too_small")),
            amount @ LEAST..=MOST => Ok(Money::new(amount, currency)),
            _ => Err(Refused::amount("amount_too_large")),
        }
    }

    /// The means of payment: one of Stripe's for tests, one that swallows its first answer, or one of
    /// which nothing is given back.
    pub(super) fn payment_method(&self) -> Result<Token, Refused> {
        match self.needed("payment_method")? {
            "pm_card_visa" => Ok(Token::Ok),
            "pm_card_visa_chargeDeclined" => Ok(Token::Declined),
            "pm_card_visa_chargeDeclinedInsufficientFunds" => Ok(Token::InsufficientFunds),
            "pm_card_authenticationRequired" => Ok(Token::RequiresAction),
            "pm_card_silent" => Ok(Token::Timeout),
            "pm_card_refundRefused" => Ok(Token::RefundRefused),
            "pm_card_refundFail" => Ok(Token::RefundFails),
            "pm_card_pendingRefund" => Ok(Token::RefundWaits),
            _ => Err(Refused::missing("payment_method")),
        }
    }
}

/// The intent of this name.
pub(super) fn intent(name: &str) -> Result<Intent, Refused> {
    name.parse().map_err(|_| Refused::missing("intent"))
}

/// An intent as it stands; `charge` is what became of it once it was confirmed or canceled.
pub(super) fn intent_body(intent: &Intent, charge: Option<&Charge>) -> Value {
    let status = charge.map(|charge| charge.status);
    let page = json!({
        "type": "redirect_to_url",
        "redirect_to_url": {"url": format!("https://bank.example/confirm/{intent}")},
    });
    json!({
        "id": intent.to_string(),
        "object": "payment_intent",
        "amount": intent.money.amount,
        "amount_received": charge.map_or(0, |charge| charge.captured),
        "currency": intent.money.currency.code().to_ascii_lowercase(),
        "status": match status {
            None | Some(Status::Declined) => "requires_payment_method",
            Some(Status::RequiresAction) => "requires_action",
            Some(Status::Authorized) => "requires_capture",
            Some(Status::Captured) => "succeeded",
            Some(Status::Voided) => "canceled",
        },
        "metadata": {"payment_id": intent.key.as_str()},
        "last_payment_error": charge.and_then(|charge| charge.decline_code).map(payment_error),
        "next_action": (status == Some(Status::RequiresAction)).then_some(page),
    })
}

/// Why there is no money. A customer who was not recognised is no error of the card's, as Stripe says it.
fn payment_error(code: DeclineCode) -> Value {
    const CARD: &str = "card_error";
    let (kind, code, decline_code) = match code {
        DeclineCode::CardDeclined => (CARD, "card_declined", Some("generic_decline")),
        DeclineCode::InsufficientFunds => (CARD, "card_declined", Some("insufficient_funds")),
        DeclineCode::AuthenticationFailed => {
            ("invalid_request_error", "payment_intent_authentication_failure", None)
        }
    };
    json!({"type": kind, "code": code, "decline_code": decline_code})
}

/// A refund, which the caller calls as its key stands for.
pub(super) fn refund_body(intent: &Intent, refund: &Refund) -> Value {
    json!({
        "id": format!("re_{}", refund.key),
        "object": "refund",
        "amount": refund.amount,
        "currency": intent.money.currency.code().to_ascii_lowercase(),
        "payment_intent": intent.to_string(),
        "status": refund.status.as_str(),
        "failure_reason": refund.failure.map(FailureCode::as_str),
        "metadata": {
            "payment_id": intent.key.as_str(), "refund_id": refund.key.stands_for().as_str(),
        },
    })
}

/// A page of refunds, behind the one that the query names. What was refused never became one.
pub(super) fn refunds_body(intent: &Intent, refunds: &[Refund], query: &Fields) -> Value {
    let limit = query.find("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10);
    let after = query.find("starting_after").and_then(|last| last.strip_prefix("re_"));
    let made = refunds.iter().filter(|refund| refund.status != RefundStatus::Refused);
    let rest: Vec<&Refund> = made.filter(|refund| Some(refund.key.as_str()) > after).collect();
    let page = rest.iter().take(limit).map(|refund| refund_body(intent, refund));
    let page: Vec<Value> = page.collect();
    json!({"object": "list", "has_more": rest.len() > page.len(), "data": page})
}

impl Refused {
    /// A field is missing, or cannot be what it is.
    pub(super) fn invalid(param: &str) -> Self {
        let error = json!({"type": "invalid_request_error", "param": param});
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// The amount is none that is charged.
    fn amount(code: &str) -> Self {
        let error = json!({"type": "invalid_request_error", "code": code, "param": "amount"});
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// What a field names does not exist.
    pub(super) fn missing(param: &str) -> Self {
        let error =
            json!({"type": "invalid_request_error", "code": "resource_missing", "param": param});
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// The caller shows no key of this provider.
    pub(super) fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: json!({"type": "invalid_request_error"}) }
    }

    /// The key was used for something else.
    pub(super) fn key_reused() -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: json!({"type": "idempotency_error"}) }
    }

    /// The first request under the key is still worked on.
    pub(super) fn key_in_use() -> Self {
        let error = json!({"type": "idempotency_error", "code": "idempotency_key_in_use"});
        Self { status: StatusCode::CONFLICT, error }
    }

    fn state() -> Self {
        let code = "payment_intent_unexpected_state";
        let error = json!({"type": "invalid_request_error", "code": code});
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// The status and the body.
    pub(super) fn into_parts(self) -> (StatusCode, Value) {
        (self.status, json!({"error": self.error}))
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::CardDeclined(code) => {
                Self { status: StatusCode::PAYMENT_REQUIRED, error: payment_error(code) }
            }
            Error::Refused(Refusal::RefundExceedsCharge) => Self::invalid("amount"),
            Error::RefundRefused(code) => {
                let error = json!({"type": "invalid_request_error", "code": code.as_str()});
                Self { status: StatusCode::BAD_REQUEST, error }
            }
            Error::Refused(_) | Error::NoSuchCharge(_) => Self::state(),
            Error::NoSuchRefund(_) => Self::missing("refund"),
            Error::InvalidToken => Self::missing("payment_method"),
            Error::Invalid { pointer, .. } => Self::invalid(pointer),
            Error::Contended(_) => {
                let error = json!({"type": "invalid_request_error", "code": "lock_timeout"});
                Self { status: StatusCode::CONFLICT, error }
            }
            Error::Db(_) | Error::HeldBack | Error::Failing => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                error: json!({"type": "api_error"}),
            },
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, body) = self.into_parts();
        (status, axum::Json(body)).into_response()
    }
}

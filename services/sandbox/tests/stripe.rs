//! The provider's second face: Stripe's words over the same books, and Stripe's manner of repeating itself.

use std::time::Duration;

use http::{HeaderName, header};
use serde_json::{Value, json};
use techtrove_sandbox::faults::{Fault, Operation};

use crate::support::{Sandbox, on_virtual_time};

const INTENTS: &str = "/v1/payment_intents";

/// What a request is answered: the status, and the body.
type Said = (u16, Value);

impl Sandbox {
    async fn ask(&self, path: &str, key: Option<&str>, fields: Option<&[(&str, &str)]>) -> Said {
        let request = match fields {
            Some(fields) => self.client.post(path).form(fields),
            None => self.client.get(path),
        };
        let request = request
            .header(header::AUTHORIZATION, "Bearer sk_test_x")
            .header(HeaderName::from_static("stripe-version"), "2026-08-26.dahlia");
        let request = match key {
            Some(key) => request.header(HeaderName::from_static("idempotency-key"), key),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        (
            answer.status.as_u16(),
            serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{answer:?}")),
        )
    }

    /// The name of a new intent of 100 cents.
    async fn intent(&self, key: &str) -> String {
        let fields = [
            ("amount", "100"),
            ("currency", "usd"),
            ("capture_method", "manual"),
            ("metadata[payment_id]", key),
        ];
        let (status, body) = self.ask(INTENTS, Some(key), Some(&fields)).await;
        assert_eq!((status, &body["status"]), (200, &json!("requires_payment_method")), "{body}");
        body["id"].as_str().expect("a name").to_owned()
    }

    async fn confirm(&self, intent: &str, key: &str, card: &str) -> Said {
        let fields = [("payment_method", card), ("return_url", "https://shop.example/")];
        self.ask(&format!("{INTENTS}/{intent}/confirm"), Some(key), Some(&fields)).await
    }

    async fn verb(&self, intent: &str, verb: &str) -> Said {
        self.ask(&format!("{INTENTS}/{intent}/{verb}"), None, Some(&[])).await
    }

    async fn stands(&self, intent: &str) -> Value {
        self.ask(&format!("{INTENTS}/{intent}"), None, None).await.1["status"].clone()
    }

    async fn refund_of(&self, intent: &str, key: &str, amount: &str) -> Said {
        let fields = [("payment_intent", intent), ("amount", amount), ("metadata[refund_id]", "r")];
        self.ask("/v1/refunds", Some(key), Some(&fields)).await
    }
}

fn code((status, body): &Said) -> (u16, &str, &str) {
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default();
    (*status, text("type"), text("code"))
}

const STATE: (u16, &str, &str) = (400, "invalid_request_error", "payment_intent_unexpected_state");

#[test]
fn an_intent_moves_the_same_money_as_a_charge() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let intent = sandbox.intent("k").await;

        assert_eq!(sandbox.confirm(&intent, "k-1", "pm_card_visa").await.0, 200);
        assert_eq!(sandbox.stands(&intent).await, "requires_capture");
        assert_eq!(sandbox.verb(&intent, "capture").await.1["amount_received"], 100);
        assert_eq!(code(&sandbox.verb(&intent, "capture").await), STATE);
        assert_eq!(code(&sandbox.verb(&intent, "cancel").await), STATE);
        assert_eq!(sandbox.refund_of(&intent, "r", "40").await.1["status"], "succeeded");
        let too_much = sandbox.refund_of(&intent, "r-2", "61").await;

        assert_eq!((too_much.0, &too_much.1["error"]["param"]), (400, &json!("amount")));
        assert_eq!(sandbox.ledger("k").await, [100, 100, 0, 40]);
    });
}

#[test]
fn a_declined_card_may_be_followed_by_another_until_the_intent_is_canceled() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let (first, second) = (sandbox.intent("a").await, sandbox.intent("b").await);
        let declined = (402, "card_error", "card_declined");

        for intent in [&first, &second] {
            let key = format!("{intent}-1");
            let answer = sandbox.confirm(intent, &key, "pm_card_visa_chargeDeclined").await;
            assert_eq!(code(&answer), declined);
            assert_eq!(sandbox.stands(intent).await, "requires_payment_method");
        }
        assert_eq!(sandbox.verb(&first, "cancel").await.1["status"], "canceled");
        let late = sandbox.confirm(&first, "a-2", "pm_card_visa").await;
        let other = sandbox.confirm(&second, "b-2", "pm_card_visa").await;

        assert_eq!((code(&late), other.0), (STATE, 200));
        assert_eq!(code(&sandbox.verb(&first, "cancel").await), STATE);
        assert_eq!(sandbox.ledger("a").await, [0, 0, 0, 0]);
        assert_eq!(sandbox.ledger("b").await, [100, 0, 0, 0]);
    });
}

#[test]
fn an_answer_is_repeated_for_a_day_and_a_failure_too() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let intent = sandbox.intent("k").await;
        sandbox.faults.plan(Operation::Charge, Fault::ErrorBefore);

        for _ in 0..2 {
            let failed = sandbox.confirm(&intent, "k-1", "pm_card_visa").await;
            assert_eq!(code(&failed), (500, "api_error", ""));
        }
        let other_words = sandbox.confirm(&intent, "k-1", "pm_card_authenticationRequired").await;
        sandbox.clock.advance(Duration::from_secs(24 * 3_600));
        let forgotten = sandbox.confirm(&intent, "k-1", "pm_card_visa").await;

        assert_eq!(code(&other_words), (400, "idempotency_error", ""));
        assert_eq!(forgotten.0, 200);
    });
}

#[test]
fn a_refund_whose_key_was_forgotten_is_made_again() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let intent = sandbox.intent("k").await;
        sandbox.confirm(&intent, "k-1", "pm_card_visa").await;
        sandbox.verb(&intent, "capture").await;

        for _ in 0..2 {
            assert_eq!(sandbox.refund_of(&intent, "r", "10").await.0, 200);
        }
        sandbox.clock.advance(Duration::from_secs(24 * 3_600));
        assert_eq!(sandbox.refund_of(&intent, "r", "10").await.0, 200);
        let list = format!("/v1/refunds?payment_intent={intent}&limit=1");
        let (_, first) = sandbox.ask(&list, None, None).await;
        let behind =
            format!("{list}&starting_after={}", first["data"][0]["id"].as_str().expect("an id"));
        let (_, second) = sandbox.ask(&behind, None, None).await;

        assert_eq!(sandbox.ledger("k").await, [100, 100, 0, 20]);
        for (page, more) in [(first, true), (second, false)] {
            assert_eq!(page["has_more"], more);
            assert_eq!(page["data"][0]["metadata"]["refund_id"], "r");
        }
    });
}

#[test]
fn what_is_not_asked_as_stripe_wants_it_is_refused() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let intent = sandbox.intent("k").await;

        let nobody = sandbox.client.get(&format!("{INTENTS}/{intent}")).send().await;
        let without_key = sandbox.ask(INTENTS, None, Some(&[("amount", "1")])).await;
        let mut limits = Vec::new();
        for amount in ["49", "100000000"] {
            let fields = [("amount", amount), ("currency", "usd")];
            let (_, body) = sandbox.ask(INTENTS, Some(amount), Some(&fields)).await;
            limits.push(body["error"]["code"].clone());
        }
        let in_capitals = [("amount", "100"), ("currency", "USD")];
        let in_capitals = sandbox.ask(INTENTS, Some("x"), Some(&in_capitals)).await;
        let no_card = sandbox.confirm(&intent, "k-1", "pm_nobody_knows").await;
        let no_intent = sandbox.ask(&format!("{INTENTS}/pi_nobody"), None, None).await;

        assert_eq!(nobody.expect("an answer").status, 401);
        assert_eq!(without_key.1["error"]["param"], "idempotency-key");
        assert_eq!(in_capitals.1["error"]["param"], "currency");
        assert_eq!(limits, ["amount_too_small", "amount_too_large"]);
        for (missing, param) in [(no_card, "payment_method"), (no_intent, "intent")] {
            assert_eq!(code(&missing), (400, "invalid_request_error", "resource_missing"));
            assert_eq!(missing.1["error"]["param"], param);
        }
    });
}

#[test]
fn a_refund_is_refused_or_fails_or_waits_as_at_stripe() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let (mut names, cards) = (
            Vec::new(),
            [
                ("a", "pm_card_refundRefused"),
                ("b", "pm_card_refundFail"),
                ("c", "pm_card_pendingRefund"),
            ],
        );
        for (key, card) in cards {
            let intent = sandbox.intent(key).await;
            sandbox.confirm(&intent, &format!("{key}-1"), card).await;
            sandbox.verb(&intent, "capture").await;
            names.push(intent);
        }

        let refused = sandbox.refund_of(&names[0], "ra", "40").await;
        let failed = sandbox.refund_of(&names[1], "rb", "40").await;
        let waits = sandbox.refund_of(&names[2], "rc", "40").await;
        sandbox.end_refund("c", "r", "fail").await;
        let list = format!("/v1/refunds?payment_intent={}", names[2]);
        let after_all = sandbox.ask(&list, None, None).await.1;
        let none =
            sandbox.ask(&format!("/v1/refunds?payment_intent={}", names[0]), None, None).await;

        assert_eq!(code(&refused), (400, "invalid_request_error", "charge_disputed"));
        assert_eq!(none.1["data"], json!([]), "what was refused never became a refund");
        assert_eq!(failed.1["status"], "failed");
        assert_eq!(failed.1["failure_reason"], "expired_or_canceled_card");
        assert_eq!(
            (&waits.1["status"], &after_all["data"][0]["status"]),
            (&json!("pending"), &json!("failed"))
        );
        for key in ["a", "b", "c"] {
            assert_eq!(sandbox.ledger(key).await, [100, 100, 0, 0]);
        }
    });
}

//! The provider through its API: every call twice, every token, every fault.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_http::ClientError;
use techtrove_sandbox::faults::{Fault, Operation};

use crate::support::{Sandbox, code, on_virtual_time};

#[test]
fn a_charges_life_and_every_call_of_it_twice() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;

        for _ in 0..2 {
            assert_eq!(
                sandbox.charge("k", "tok_ok").await.expect("charged")["status"],
                "authorized"
            );
        }
        for _ in 0..2 {
            let charge = sandbox.change("k", "capture").await.expect("captured");
            assert_eq!((&charge["status"], &charge["captured"]), (&json!("captured"), &json!(100)));
        }
        for _ in 0..2 {
            let refund = sandbox.refund("k", "r1", 60).await.expect("refunded");
            assert_eq!(
                (&refund["amount"], &refund["charge"]["refunded"]),
                (&json!(60), &json!(60))
            );
        }
        assert_eq!(code(sandbox.refund("k", "r1", 59).await), "key_reused");
        assert_eq!(code(sandbox.refund("k", "r2", 41).await), "refund_exceeds_charge");
        assert_eq!(code(sandbox.change("k", "void").await), "charge_captured");
        assert_eq!(sandbox.ledger("k").await, [100, 100, 0, 60]);
    });
}

#[test]
fn a_void_is_remembered_also_before_the_charge_arrives() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        sandbox.charge("known", "tok_ok").await.expect("charged");

        for key in ["known", "unknown"] {
            for _ in 0..2 {
                assert_eq!(sandbox.change(key, "void").await.expect("voided")["status"], "voided");
            }
            assert_eq!(sandbox.charge(key, "tok_ok").await.expect("late")["status"], "voided");
            assert_eq!(code(sandbox.change(key, "capture").await), "charge_voided");
            assert_eq!(code(sandbox.refund(key, "r", 1).await), "charge_not_captured");
        }
        assert_eq!(sandbox.ledger("known").await, [100, 0, 100, 0]);
        assert_eq!(sandbox.ledger("unknown").await, [0, 0, 0, 0]);
    });
}

#[test]
fn each_token_has_its_fate() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let fates = [
            ("tok_ok", "authorized", json!(null)),
            ("tok_declined", "declined", json!("card_declined")),
            ("tok_insufficient_funds", "declined", json!("insufficient_funds")),
        ];

        for (token, status, reason) in fates {
            let charge = sandbox.charge(token, token).await.expect("an answer");
            assert_eq!((&charge["status"], &charge["decline_code"]), (&json!(status), &reason));
        }
        assert_eq!(code(sandbox.charge("k", "tok_nobody_knows").await), "invalid_token");
        assert_eq!(code(sandbox.get("k").await), "charge_not_found");
        assert_eq!(code(sandbox.change("tok_declined", "capture").await), "charge_declined");
        let voided = sandbox.change("tok_declined", "void").await.expect("nothing to set free");
        assert_eq!(voided["status"], "declined");
    });
}

#[test]
fn a_charge_that_requires_action_holds_no_money_until_its_customer_has_acted() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        for (key, outcome, status) in
            [("yes", "succeed", "authorized"), ("no", "fail", "declined"), ("void", "", "voided")]
        {
            for _ in 0..2 {
                let charge = sandbox.charge(key, "tok_requires_action").await.expect("asked");
                assert_eq!(charge["status"], "requires_action");
            }
            assert_eq!(code(sandbox.change(key, "capture").await), "charge_requires_action");
            assert_eq!(sandbox.ledger(key).await, [0, 0, 0, 0]);

            if status == "voided" {
                sandbox.change(key, "void").await.expect("given up");
                assert_eq!(code(sandbox.complete(key, "succeed").await), "charge_voided");
            } else {
                for again in [outcome, "succeed", "fail"] {
                    let charge = sandbox.complete(key, again).await.expect("completed");
                    assert_eq!(charge["status"], status, "the first outcome counts");
                }
            }
            assert_eq!(sandbox.get(key).await.expect("known")["status"], status);
        }
        assert_eq!(sandbox.ledger("yes").await, [100, 0, 0, 0]);
        let declined = sandbox.get("no").await.expect("known");
        assert_eq!(declined["decline_code"], "authentication_failed");
        sandbox.charge("plain", "tok_ok").await.expect("charged");
        assert_eq!(code(sandbox.complete("plain", "succeed").await), "no_action_required");
        assert_eq!(code(sandbox.complete("nobody", "succeed").await), "charge_not_found");
        assert_eq!(code(sandbox.complete("yes", "perhaps").await), "invalid_request");
    });
}

#[test]
fn the_token_that_swallows_its_first_answer_is_charged_all_the_same() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;

        let first = sandbox.charge("k", "tok_timeout").await;

        assert!(matches!(first, Err(ClientError::Timeout { .. })), "{first:?}");
        assert_eq!(sandbox.get("k").await.expect("known")["status"], "authorized");
        assert_eq!(
            sandbox.charge("k", "tok_timeout").await.expect("again")["status"],
            "authorized"
        );
        assert_eq!(sandbox.ledger("k").await, [100, 0, 0, 0]);
    });
}

#[test]
fn another_meaning_under_the_same_key_is_refused() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        sandbox.charge("k", "tok_ok").await.expect("charged");
        let more = json!({"key": "k", "amount": 101, "currency": "USD", "token": "tok_ok"});

        let other_amount = sandbox.client.post("/v1/charges").json(&more).call().await;

        assert_eq!(code(other_amount), "key_reused");
        assert_eq!(code(sandbox.charge("k", "tok_declined").await), "key_reused");
    });
}

#[test]
fn values_that_cannot_be_are_refused() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let valid = json!({"key": "k", "amount": 1, "currency": "USD", "token": "tok_ok", "capture": false});
        let cases = [
            ("/key", json!("")),
            ("/key", json!("../etc")),
            ("/key", json!("x".repeat(65))),
            ("/amount", json!(0)),
            ("/amount", json!(-5)),
            ("/amount", json!(1.5)),
            ("/currency", json!("usd")),
            ("/capture", json!(true)),
        ];

        for (pointer, value) in cases {
            let mut body = valid.clone();
            *body.pointer_mut(pointer).expect("a field") = value;
            let outcome: Result<Value, _> =
                sandbox.client.post("/v1/charges").json(&body).call().await;
            let Err(ClientError::Refused(problem)) = outcome else { panic!("{outcome:?}") };
            assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer));
        }
        assert_eq!(code(sandbox.refund("k", "r", 0).await), "invalid_request");
        assert_eq!(code(sandbox.refund("k", "r", 1).await), "charge_not_found");
        assert_eq!(code(sandbox.change("k", "capture").await), "charge_not_found");
    });
}

#[test]
fn each_fault_does_what_it_says() {
    on_virtual_time(async {
        let delay = Fault::Delay(Duration::from_secs(30));
        let cases = [
            (Fault::ErrorBefore, "authorized", [100, 0, 0, 0]),
            (Fault::ErrorAfter, "captured", [100, 100, 0, 0]),
            (Fault::HangBefore, "authorized", [100, 0, 0, 0]),
            (Fault::HangAfter, "captured", [100, 100, 0, 0]),
            (delay, "captured", [100, 100, 0, 0]),
        ];
        for (fault, status, sums) in cases {
            let sandbox = Sandbox::in_memory().await;
            sandbox.charge("k", "tok_ok").await.expect("charged");
            sandbox.faults.plan(Operation::Capture, fault);

            let outcome = sandbox.change("k", "capture").await;
            tokio::time::sleep(Duration::from_secs(60)).await;

            let error = outcome.expect_err("no good answer");
            assert!(error.is_outcome_unknown(), "{fault:?}: {error}");
            assert_eq!(sandbox.get("k").await.expect("known")["status"], status, "{fault:?}");
            assert_eq!(sandbox.ledger("k").await, sums, "{fault:?}");
            assert_eq!(
                sandbox.change("k", "capture").await.expect("well again")["status"],
                "captured"
            );
        }
    });
}

#[test]
fn the_list_goes_on_behind_its_cursor() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        for key in ["c", "a", "d", "b", "e"] {
            sandbox.charge(key, "tok_ok").await.expect("charged");
        }

        let mut keys = Vec::new();
        let mut path = "/v1/charges?limit=2".to_owned();
        loop {
            let page: Value = sandbox.client.get(&path).call().await.expect("a page");
            let items = page["items"].as_array().expect("a list");
            keys.extend(
                items.iter().map(|charge| charge["key"].as_str().expect("text").to_owned()),
            );
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/charges?limit=2&cursor={cursor}");
        }

        assert_eq!(keys, ["a", "b", "c", "d", "e"]);
        assert_eq!(
            code(sandbox.client.get("/v1/charges?cursor=nonsense").call().await),
            "invalid_cursor"
        );
        assert_eq!(code(sandbox.client.get("/v1/charges?limit=0").call().await), "invalid_request");
    });
}

#[test]
fn what_is_refused_or_fails_stays_so_under_its_key() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        sandbox.captured("refused", "tok_refund_refused").await;
        sandbox.captured("failed", "tok_refund_fails").await;

        for _ in 0..2 {
            let refused = sandbox.refund("refused", "r1", 60).await;
            let Err(ClientError::Refused(problem)) = &refused else { panic!("{refused:?}") };
            assert_eq!(problem.members["failure_code"], "charge_disputed");
            assert_eq!(code(refused), "refund_refused");
            let failed = sandbox.refund("failed", "r1", 60).await.expect("answered");
            assert_eq!(
                (&failed["status"], &failed["charge"]["refunded"]),
                (&json!("failed"), &json!(0))
            );
            assert_eq!(failed["failure_code"], "expired_or_canceled_card");
        }
        assert_eq!(code(sandbox.refund("refused", "r2", 60).await), "refund_refused");
        assert_eq!(sandbox.refund("failed", "r2", 100).await.expect("made")["status"], "succeeded");
        assert_eq!(sandbox.ledger("refused").await, [100, 100, 0, 0]);
        assert_eq!(sandbox.ledger("failed").await, [100, 100, 0, 100]);
    });
}

#[test]
fn a_bank_that_is_told_nothing_gives_back_after_an_hour() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        sandbox.captured("k", "tok_refund_pending").await;
        sandbox.refund("k", "r1", 60).await.expect("answered");
        let path = "/v1/charges/k/refunds/r1";
        let stands = async || sandbox.client.get(path).call::<Value>().await.expect("known");

        sandbox.clock.advance(Duration::from_secs(3_599));
        assert_eq!(stands().await["status"], "pending");
        sandbox.clock.advance(Duration::from_secs(1));
        let made = stands().await;

        assert_eq!(
            (&made["status"], &made["charge"]["refunded"]),
            (&json!("succeeded"), &json!(60))
        );
        assert_eq!(sandbox.refund("k", "r1", 60).await.expect("known")["status"], "succeeded");
        assert_eq!(sandbox.ledger("k").await, [100, 100, 0, 60]);
    });
}

#[test]
fn a_bank_decides_on_what_waits_for_it_and_may_think_better_of_what_was_made() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        for (key, outcome, status, refunded) in
            [("a", "succeed", "succeeded", 60), ("b", "fail", "failed", 0)]
        {
            sandbox.captured(key, "tok_refund_pending").await;
            let waits = sandbox.refund(key, "r1", 60).await.expect("answered");
            assert_eq!((&waits["status"], sandbox.ledger(key).await[3]), (&json!("pending"), 0));

            for _ in 0..2 {
                assert_eq!(sandbox.end_refund(key, "r1", outcome).await["status"], status);
            }

            let path = format!("/v1/charges/{key}/refunds/r1");
            let stands: Value = sandbox.client.get(&path).call().await.expect("known");
            assert_eq!(
                (&stands["status"], sandbox.ledger(key).await[3]),
                (&json!(status), refunded)
            );
        }
        for _ in 0..2 {
            assert_eq!(sandbox.end_refund("a", "r1", "fail").await["status"], "failed");
        }
        assert_eq!(sandbox.ledger("a").await, [100, 100, 0, 0]);
        assert_eq!(sandbox.refund("a", "r1", 60).await.expect("known")["status"], "failed");
        assert_eq!(sandbox.refund("a", "r2", 100).await.expect("made")["status"], "succeeded");
        let nobody: Result<Value, _> = sandbox.client.get("/v1/charges/a/refunds/r9").call().await;
        assert_eq!(code(nobody), "refund_not_found");
    });
}

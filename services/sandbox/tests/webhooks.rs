//! What the sandbox announces, and how long it tries.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use http::StatusCode;
use serde_json::Value;
use techtrove_http::Client;
use techtrove_sandbox::app::deliver_webhooks;

use crate::support::{Sandbox, code, on_virtual_time};

/// Refuses so many webhooks before it takes one.
#[derive(Default)]
struct Receiver {
    refuses: AtomicU32,
    taken: Mutex<Vec<Value>>,
    tries: AtomicU32,
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    assert!(headers["sandbox-signature"].to_str().expect("text").starts_with("t=1767"));
    receiver.tries.fetch_add(1, Ordering::SeqCst);
    let left = |left: u32| left.checked_sub(1);
    if receiver.refuses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let body = serde_json::from_slice(&body).expect("JSON");
    receiver.taken.lock().expect("not poisoned").push(body);
    StatusCode::OK
}

fn connect(sandbox: &Sandbox, refuses: u32) -> Arc<Receiver> {
    let receiver = Arc::new(Receiver { refuses: refuses.into(), ..Receiver::default() });
    let path = "/api/v1/payments/webhooks/{provider}";
    let router = Router::new().route(path, post(receive)).with_state(Arc::clone(&receiver));
    sandbox.endpoint.connect(Client::local("receiver", router));
    receiver
}

async fn completed(sandbox: &Sandbox, key: &str) {
    sandbox.charge(key, "tok_requires_action").await.expect("asked");
    sandbox.complete(key, "succeed").await.expect("completed");
}

#[test]
fn a_completed_action_is_announced_until_it_is_taken_and_not_again() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        completed(&sandbox, "k").await;
        sandbox.complete("k", "succeed").await.expect("again");
        deliver_webhooks(&sandbox.app).await.expect("nobody to tell yet");
        let receiver = connect(&sandbox, 3);

        for _ in 0..60 {
            deliver_webhooks(&sandbox.app).await.expect("the books answer");
            sandbox.clock.advance(Duration::from_secs(1));
        }

        assert_eq!(receiver.tries.load(Ordering::SeqCst), 4, "each pause is longer");
        let taken = receiver.taken.lock().expect("not poisoned").clone();
        let [webhook] = &taken[..] else { panic!("one webhook: {taken:?}") };
        assert_eq!(webhook["type"], "charge.authorized");
        assert_eq!(webhook["charge"]["key"], "k");
    });
}

#[test]
fn who_never_takes_a_webhook_is_given_up() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        completed(&sandbox, "k").await;
        let receiver = connect(&sandbox, u32::MAX);

        for _ in 0..100 {
            deliver_webhooks(&sandbox.app).await.expect("the books answer");
            sandbox.clock.advance(Duration::from_secs(3_600));
        }

        assert_eq!(receiver.tries.load(Ordering::SeqCst), 50);
    });
}

#[test]
fn what_its_caller_was_answered_is_not_announced() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let receiver = connect(&sandbox, 0);
        sandbox.charge("k", "tok_ok").await.expect("charged");
        sandbox.change("k", "capture").await.expect("captured");

        deliver_webhooks(&sandbox.app).await.expect("the books answer");

        assert_eq!(receiver.tries.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn what_a_bank_decides_of_a_refund_is_announced_by_its_key() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let receiver = connect(&sandbox, 0);
        sandbox.captured("k", "tok_refund_pending").await;
        sandbox.refund("k", "r1", 60).await.expect("answered");

        for outcome in ["succeed", "succeed", "fail"] {
            sandbox.end_refund("k", "r1", outcome).await;
        }
        deliver_webhooks(&sandbox.app).await.expect("the books answer");

        let mut told: Vec<_> = receiver.taken.lock().expect("not poisoned").clone();
        told.sort_by_key(|webhook| webhook["type"].to_string());
        let kinds: Vec<_> = told.iter().map(|webhook| &webhook["type"]).collect();
        assert_eq!(kinds, ["refund.failed", "refund.updated"]);
        assert!(told.iter().all(|it| it["charge"]["key"] == "k" && it["refund"]["key"] == "r1"));
    });
}

#[test]
fn a_reservation_that_its_bank_ends_is_announced_once_and_nothing_else_is_touched() {
    on_virtual_time(async {
        let sandbox = Sandbox::in_memory().await;
        let receiver = connect(&sandbox, 0);
        sandbox.charge("k", "tok_ok").await.expect("charged");
        sandbox.captured("taken", "tok_ok").await;

        for key in ["k", "k", "taken"] {
            sandbox.change(key, "lapse").await.expect("answered");
        }
        deliver_webhooks(&sandbox.app).await.expect("the books answer");

        let told: Vec<_> = receiver.taken.lock().expect("not poisoned").clone();
        let told: Vec<_> = told.iter().map(|it| (&it["type"], &it["charge"]["key"])).collect();
        assert_eq!(told, [(&Value::from("charge.voided"), &Value::from("k"))]);
        assert_eq!(sandbox.ledger("k").await, [100, 0, 100, 0]);
        assert_eq!(sandbox.ledger("taken").await, [100, 100, 0, 0]);
        assert_eq!(code(sandbox.change("k", "capture").await), "charge_voided");
        assert_eq!(code(sandbox.change("nobody", "lapse").await), "charge_not_found");
    });
}

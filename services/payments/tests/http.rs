//! Payments through its routes: what callers may say, what they are told, and what never leaves.

use serde_json::{Value, json};
use techtrove_core::{PageRequest, codes};
use techtrove_db::Row;
use techtrove_http::ClientError;
use techtrove_payments_api::{AuthorizeRequest, PaymentStatus};

use crate::support::{
    self, AMOUNT, World, code, in_each_world, on_virtual_time, payment_id, request,
};

fn refused(outcome: Result<Value, ClientError>) -> (u16, String, Option<String>) {
    match outcome {
        Err(ClientError::Refused(problem)) => {
            let pointer = problem.errors.first().map(|error| error.pointer.clone());
            (problem.status, problem.code.into_owned(), pointer)
        }
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

#[test]
fn a_payments_life_and_every_call_of_it_twice() {
    in_each_world(async |world| {
        let id = payment_id(1);

        for _ in 0..2 {
            let payment = world.authorize(1, "tok_ok").await.expect("authorised");
            assert_eq!(
                (payment.status, payment.amount.amount),
                (PaymentStatus::Authorized, AMOUNT)
            );
        }
        for _ in 0..2 {
            let payment = world.payments.capture(id).await.expect("captured");
            assert_eq!((payment.status, payment.captured), (PaymentStatus::Captured, AMOUNT));
        }
        for _ in 0..2 {
            let payment = world.refund(id, 1, 1).await.expect("refunded");
            assert_eq!((payment.status, payment.refunded), (PaymentStatus::PartiallyRefunded, 1));
        }
        for _ in 0..2 {
            let payment = world.refund(id, 2, AMOUNT - 1).await.expect("refunded");
            assert_eq!((payment.status, payment.refunded), (PaymentStatus::Refunded, AMOUNT));
        }
        let again = world.authorize(1, "tok_ok").await.expect("the same payment");
        assert_eq!(again.status, PaymentStatus::Refunded);
        assert_eq!(world.payments.capture(id).await.expect("captured").captured, AMOUNT);
        assert_eq!(code(world.payments.void(id).await), "invalid_transition");
        world.assert_books_agree().await;
    });
}

#[test]
fn refusals_of_the_provider_are_answers() {
    in_each_world(async |world| {
        let fates = [
            (1, "tok_declined", "card_declined"),
            (2, "tok_insufficient_funds", "insufficient_funds"),
        ];

        for (number, token, reason) in fates {
            for _ in 0..2 {
                let payment = world.authorize(number, token).await.expect("payments answers");
                assert_eq!(payment.status, PaymentStatus::Failed);
                assert_eq!(payment.decline_code.as_deref(), Some(reason));
            }
            let id = payment_id(number);
            assert_eq!(code(world.payments.capture(id).await), "invalid_transition");
            assert_eq!(code(world.refund(id, number, 1).await), "invalid_transition");
            let voided = world.payments.void(id).await.expect("it holds no money");
            assert_eq!(voided.status, PaymentStatus::Failed);
        }
        world.assert_books_agree().await;
    });
}

#[test]
fn a_token_that_the_provider_does_not_know_is_refused_by_name_and_charges_nothing() {
    in_each_world(async |world| {
        let body = world.request(1, "tok_nobody_knows");

        for _ in 0..2 {
            let asked = world.internal.post("/internal/payments/payments").json(&body).call();
            let refusal = refused(asked.await);
            let pointer = Some("/token".to_owned());
            assert_eq!(refusal, (422, "invalid_request".to_owned(), pointer));
        }
        let kept = world.payments.get(payment_id(1)).await.expect("remembered");
        assert_eq!(kept.status, PaymentStatus::Failed);
        assert_eq!(kept.decline_code.as_deref(), Some("invalid_token"));
        world.assert_books_agree().await;
    });
}

#[test]
fn another_meaning_under_the_same_id_is_refused() {
    in_each_world(async |world| {
        world.authorized(1).await;
        let more =
            AuthorizeRequest { amount: support::usd(AMOUNT + 1), ..world.request(1, "tok_ok") };
        let other =
            AuthorizeRequest { reference: uuid::Uuid::from_u128(9), ..world.request(1, "tok_ok") };

        assert_eq!(code(world.payments.authorize(&more).await), "payment_mismatch");
        assert_eq!(code(world.payments.authorize(&other).await), "payment_mismatch");
        world.assert_books_agree().await;
    });
}

#[test]
fn values_that_cannot_be_are_refused_before_anything_is_stored() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let client = &world.internal;
        let valid = serde_json::to_value(request(1, "tok_ok")).expect("JSON");
        let with = |pointer: &str, value: Value| {
            let mut body = valid.clone();
            *body.pointer_mut(pointer).expect("a field") = value;
            body
        };
        let cases = [
            (with("/amount/amount", json!(0)), "/amount/amount"),
            (with("/amount/amount", json!(-1)), "/amount/amount"),
            (with("/amount/amount", json!(1.5)), "/amount/amount"),
            (with("/amount/currency", json!("usd")), "/amount/currency"),
            (with("/provider", json!("nobody")), "/provider"),
            (with("/token", json!("")), "/token"),
            (with("/token", json!("two words")), "/token"),
            (with("/token", json!("x".repeat(256))), "/token"),
            (with("/payment_id", json!("ord_01kafy3m2se6rbq3tmn4y4bwqd")), "/payment_id"),
        ];

        for (body, pointer) in cases {
            let refusal =
                refused(client.post("/internal/payments/payments").json(&body).call().await);
            assert_eq!(refusal, (422, "invalid_request".to_owned(), Some(pointer.to_owned())));
        }
        assert!(world.book().await.is_empty());
    });
}

#[test]
fn refunds_that_cannot_be_are_refused() {
    in_each_world(async |world| {
        let client = &world.internal;
        let id = world.captured(1).await;
        let path = format!("/internal/payments/payments/{id}/refunds");
        let refund = |amount: i64, currency: &str, reason: &str| {
            json!({
                "refund_id": support::refund_id(1),
                "amount": {"amount": amount, "currency": currency},
                "reason": reason,
            })
        };
        let cases = [
            (refund(0, "USD", "why"), 422, "invalid_request"),
            (refund(i64::MIN, "USD", "why"), 422, "invalid_request"),
            (refund(1, "USD", ""), 422, "invalid_request"),
            (refund(1, "USD", "two\nlines"), 422, "invalid_request"),
            (refund(1, "USD", &"x".repeat(501)), 422, "invalid_request"),
            (refund(1, "EUR", "why"), 422, "currency_mismatch"),
            (refund(AMOUNT + 1, "USD", "why"), 409, "refund_exceeds_payment"),
            (refund(i64::MAX, "USD", "why"), 409, "refund_exceeds_payment"),
        ];

        for (body, status, code) in cases {
            let (is, code_is, _) = refused(client.post(&path).json(&body).call().await);
            assert_eq!((is, code_is.as_str()), (status, code), "{body}");
        }
        world.assert_books_agree().await;
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let client = &world.internal;
        let id = payment_id(1);

        for path in
            [format!("{id}/capture"), "pay_nonsense/capture".to_owned(), format!("{id}/burn")]
        {
            let path = format!("/internal/payments/payments/{path}");
            let (status, code, _) = refused(client.post(&path).call().await);
            assert_eq!((status, code.as_str()), (404, codes::NOT_FOUND.code), "{path}");
        }
        assert_eq!(code(world.refund(id, 1, 1).await), "not_found");
    });
}

#[test]
fn callers_of_a_newer_version_may_say_more() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let mut body = serde_json::to_value(request(1, "tok_ok")).expect("JSON");
        body["a_field_of_tomorrow"] = json!(true);

        let answer: Value = world
            .internal
            .post("/internal/payments/payments")
            .json(&body)
            .call()
            .await
            .expect("fine");

        assert_eq!(answer["status"], "authorized");
    });
}

#[test]
fn pages_of_the_book_are_checked() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        for (limit, cursor) in [(Some(0), None), (Some(101), None), (None, Some("nonsense"))] {
            let page = PageRequest { limit, cursor: cursor.map(str::to_owned) };
            let refusal = world.payments.audit_payments(&page).await.expect_err("refused");
            assert!(refusal.refusal().is_some_and(|problem| problem.status == 422));
        }
    });
}

/// Every text in every column of payments' tables.
async fn every_stored_text(world: &World) -> String {
    const TEXTS: [&str; 4] = [
        "SELECT coalesce(provider, '') || currency || status || coalesce(decline_code, '') \
         || coalesce(provider_reference, '') || coalesce(action_url, '') FROM payments",
        "SELECT kind || state || provider_key FROM operations",
        "SELECT reason FROM refunds",
        "SELECT account || currency FROM ledger_entries",
    ];
    let read = world.app.db.read("test.texts", |tx| {
        let mut texts = String::new();
        for sql in TEXTS {
            let rows = tx.query(sql, [], |row: &Row<'_>| row.get::<String>(0))?;
            texts.push_str(&rows.concat());
        }
        Ok::<_, techtrove_db::DbError>(texts)
    });
    read.await.expect("the database answers")
}

#[test]
fn the_customers_token_is_kept_nowhere_and_shown_nowhere() {
    in_each_world(async |world| {
        for (number, token) in
            [(1, "tok_ok"), (2, "tok_declined"), (3, "tok_timeout"), (4, "tok_requires_action")]
        {
            world.authorize(number, token).await.expect("payments answers");
        }
        world.authorize(5, "tok_x").await.expect_err("not a token");

        let stored = every_stored_text(&world).await;
        assert!(!stored.contains("tok_") && !stored.contains("pm_"), "{stored}");
        let body = world.request(6, "tok_ok");
        assert!(!format!("{:?}", support::authorization(&body)).contains(&body.token));
    });
}

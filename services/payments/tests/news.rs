//! What nobody was waiting for: webhooks, in whatever state and order they come, and the events by which
//! others learn how a payment stands.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use techtrove_core::{Clock as _, Timestamp};
use techtrove_http::Fault;
use techtrove_identity_api::Role;
use techtrove_payments::domain::ActionOutcome;
use techtrove_payments_api::{PaymentId, PaymentStatus};
use techtrove_sandbox::webhooks::{Endpoint, Webhooks};
use techtrove_testing::Draft;

use crate::support::{Face, WEBHOOK_SECRET, World, in_each_world, payment_id};

/// A webhook which tells something of this charge.
fn told(world: &World, id: &impl ToString) -> Value {
    let key = id.to_string();
    match world.face {
        Face::Sandbox => {
            json!({"id": "evt_1", "type": "charge.authorized", "charge": {"key": key}})
        }
        Face::Stripe => json!({
            "id": "evt_1", "type": "payment_intent.amount_capturable_updated",
            "data": {"object": {"object": "payment_intent", "metadata": {"payment_id": key}}},
        }),
    }
}

/// Where the provider's webhooks arrive.
fn path(world: &World) -> String {
    format!("/api/v1/payments/webhooks/{}", world.face.provider())
}

/// The header with a webhook's signature.
fn signature(world: &World) -> String {
    format!("{}-signature", world.face.provider())
}

/// A webhook with this body, signed at `at`.
fn signed(world: &World, body: &Value, at: Timestamp) -> Draft {
    let webhooks = Webhooks { endpoint: Endpoint::default(), secret: WEBHOOK_SECRET };
    let bytes = serde_json::to_vec(body).expect("JSON");
    let draft = world.public.request(Method::POST, &path(world));
    let draft = draft.body("application/json", bytes.clone());
    draft.header(&signature(world), &webhooks.signature(&bytes, at))
}

async fn hear(world: &World, body: &Value) {
    let reply = signed(world, body, world.clock.now()).await.expect(200);
    assert_eq!(reply.value(), json!({"received": true}));
}

/// Brings what the provider announces; of Stripe's it is the test that brings them.
async fn deliver(world: &World, id: PaymentId) {
    match world.face {
        Face::Sandbox => {
            let delivered = techtrove_sandbox::app::deliver_webhooks(&world.sandbox).await;
            delivered.expect("the books answer");
        }
        Face::Stripe => hear(world, &told(world, &id)).await,
    }
}

#[test]
fn what_the_customer_did_at_the_bank_arrives_by_a_webhook_once() {
    for (outcome, status) in [
        (ActionOutcome::Succeed, PaymentStatus::Authorized),
        (ActionOutcome::Fail, PaymentStatus::Failed),
    ] {
        in_each_world(async |world| {
            let id = world.awaiting_customer(1).await;
            world.act_at_the_bank(id, outcome).await;

            deliver(&world, id).await;
            deliver(&world, id).await;

            assert_eq!(world.payments.get(id).await.expect("known").status, status);
            assert_eq!(world.news().await, [(id, status)]);
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_webhook_again_and_out_of_order_changes_nothing() {
    in_each_world(async |world| {
        let id = world.awaiting_customer(1).await;
        hear(&world, &told(&world, &id)).await;
        let lied_to = world.payments.get(id).await.expect("known").status;
        world.complete(id, ActionOutcome::Succeed).await.expect("completed");
        world.payments.capture(id).await.expect("captured");

        for _ in 0..3 {
            hear(&world, &told(&world, &id)).await;
        }

        assert_eq!(lied_to, PaymentStatus::RequiresAction, "a webhook is believed in nothing");
        assert_eq!(world.payments.get(id).await.expect("known").status, PaymentStatus::Captured);
        assert_eq!(world.news().await, [(id, PaymentStatus::Authorized)]);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_webhook_before_the_answer_settles_the_payment() {
    in_each_world(async |world| {
        let asked = world.authorize(1, "tok_timeout");
        let early = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            hear(&world, &told(&world, &payment_id(1))).await;
        };

        let (answer, ()) = futures::join!(asked, early);

        let stands = world.payments.get(payment_id(1)).await.expect("known").status;
        assert_eq!(answer.expect("answered").status, PaymentStatus::Unknown);
        assert_eq!(stands, PaymentStatus::Authorized);
        assert_eq!(world.news().await, [(payment_id(1), PaymentStatus::Authorized)]);
        world.assert_books_agree().await;
    });
}

#[test]
fn what_a_webhook_says_of_others_is_received_and_ignored() {
    in_each_world(async |world| {
        for body in [
            told(&world, &payment_id(7)),
            told(&world, &"ord_01kafy3m2se6rbq3tmn4y4bwqd"),
            told(&world, &"\u{0}"),
            json!({"type": "balance.changed"}),
            json!([]),
        ] {
            hear(&world, &body).await;
        }

        assert!(world.book().await.is_empty(), "nothing is remembered");
    });
}

#[test]
fn a_webhook_that_is_not_the_providers_is_refused() {
    in_each_world(async |world| {
        let id = world.awaiting_customer(1).await;
        world.act_at_the_bank(id, ActionOutcome::Succeed).await;
        let (now, body) = (world.clock.now(), told(&world, &id));
        let hour = Duration::from_secs(3_600);
        let (path, header) = (path(&world), signature(&world));
        let bare = || world.public.post(&path, &body);

        for forged in [
            bare(),
            bare().header(&header, "t=1767225600,v1=00"),
            bare().header(&header, "nonsense"),
            signed(&world, &body, now.minus(hour)),
            signed(&world, &body, now.plus(hour)),
            signed(&world, &body, now).body("application/json", "{}"),
        ] {
            assert_eq!(forged.await.expect(400).value()["code"], "invalid_signature");
        }
        let large = json!({"text": "x".repeat(70_000)});
        let _ = signed(&world, &large, now).await.expect(413);
        let _ = world.public.post("/api/v1/payments/webhooks/nobody", &body).await.expect(404);
        let stands = world.payments.get(id).await.expect("known").status;
        assert_eq!(stands, PaymentStatus::RequiresAction);
    });
}

#[test]
fn what_a_caller_was_answered_is_no_news() {
    in_each_world(async |world| {
        let id = world.captured(1).await;
        world.refund(id, 1, 1).await.expect("refunded");
        world.authorize(2, "tok_declined").await.expect("answered");
        world.authorize(3, "tok_nobody_knows").await.expect_err("refused");
        world.awaiting_customer(4).await;
        let voided = world.authorized(5).await;
        world.payments.void(voided).await.expect("voided");

        assert_eq!(world.news().await, []);
    });
}

#[test]
fn what_became_of_a_payment_later_is_news() {
    in_each_world(async |world| {
        world.authorize(1, "tok_timeout").await.expect("answered");
        world.network.plan(Fault::DropAnswer);
        world.authorize(2, "tok_requires_action").await.expect("answered");
        world.network.plan(Fault::DropRequest);
        world.authorize(3, "tok_ok").await.expect("answered");

        world.come_to_rest().await;
        let guest = world.guest(2);
        world.act_at_the_bank(payment_id(2), ActionOutcome::Succeed).await;
        let path = format!("/api/v1/payments/{}/actions/complete", payment_id(2));
        for _ in 0..2 {
            let _ = guest.post(&path, &json!({})).await.expect(200);
        }

        let mut news = world.news().await;
        news.sort_by_key(|(id, _)| *id);
        assert_eq!(
            news,
            [
                (payment_id(1), PaymentStatus::Authorized),
                (payment_id(2), PaymentStatus::RequiresAction),
                (payment_id(2), PaymentStatus::Authorized),
                (payment_id(3), PaymentStatus::Voided),
            ]
        );
        let support = world.user(9, Role::Support);
        let unknown = support.get("/api/v1/payments?status=unknown").await.expect(200).value();
        assert_eq!(unknown["items"], json!([]));
    });
}

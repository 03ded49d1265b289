//! Reservations that the provider ends by itself, as when they have become too old: found when the money is
//! taken or given up, or heard of by a webhook, which is believed in nothing.

use http::Method;
use serde_json::{Value, json};
use techtrove_core::Clock as _;
use techtrove_http::Fault;
use techtrove_payments_api::{PaymentId, PaymentStatus};
use techtrove_sandbox::webhooks::{Endpoint, Webhooks};
use techtrove_testing::Reply;

use crate::support::{self, Face, WEBHOOK_SECRET, World, code, in_each_world};

/// The provider's webhook which says that the charge was given up.
fn given_up(world: &World, id: PaymentId) -> Value {
    match world.face {
        Face::Sandbox => json!({
            "id": "evt_1", "type": "charge.voided", "charge": {"key": id.to_string()},
        }),
        Face::Stripe => json!({
            "id": "evt_1", "type": "payment_intent.canceled",
            "data": {"object": {
                "object": "payment_intent", "status": "canceled",
                "metadata": {"payment_id": id.to_string()},
            }},
        }),
    }
}

/// The provider says that it has given the charge up.
async fn hear(world: &World, id: PaymentId) -> Reply {
    let bytes = serde_json::to_vec(&given_up(world, id)).expect("JSON");
    let provider = world.face.provider();
    let webhooks = Webhooks { endpoint: Endpoint::default(), secret: WEBHOOK_SECRET };
    let signature = webhooks.signature(&bytes, world.clock.now());
    let path = format!("/api/v1/payments/webhooks/{provider}");
    let draft = world.public.request(Method::POST, &path).body("application/json", bytes);
    draft.header(&format!("{provider}-signature"), &signature).await
}

async fn stands(world: &World, id: PaymentId) -> PaymentStatus {
    world.payments.get(id).await.expect("known").status
}

#[test]
fn a_reservation_that_lapsed_is_voided_once_its_webhook_has_made_us_ask() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        world.lapse(id).await;
        assert_eq!(stands(&world, id).await, PaymentStatus::Authorized);

        for _ in 0..2 {
            let _ = hear(&world, id).await.expect(200);
        }

        assert_eq!(stands(&world, id).await, PaymentStatus::Voided);
        assert_eq!(world.news().await, [(id, PaymentStatus::Voided)]);
        assert_eq!(code(world.payments.capture(id).await), "invalid_transition");
        assert_eq!(code(world.refund(id, 1, 1).await), "invalid_transition");
        world.assert_books_agree().await;
    });
}

#[test]
fn a_webhook_that_lies_of_a_lapse_changes_nothing() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        let taken = world.captured(2).await;
        let waits = world.awaiting_customer(3).await;

        for told in [id, taken, waits] {
            let _ = hear(&world, told).await.expect(200);
        }

        assert_eq!(stands(&world, id).await, PaymentStatus::Authorized);
        assert_eq!(stands(&world, taken).await, PaymentStatus::Captured);
        assert_eq!(stands(&world, waits).await, PaymentStatus::RequiresAction);
        assert_eq!(world.news().await, []);
        let captured = world.payments.capture(id).await.expect("captured");
        assert_eq!(captured.status, PaymentStatus::Captured);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_webhook_of_a_lapse_comes_again_while_the_provider_does_not_tell() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        world.lapse(id).await;
        world.network.plan(Fault::Unreachable);

        let first = hear(&world, id).await;
        let unknown = stands(&world, id).await;
        let second = hear(&world, id).await;

        assert_eq!(first.expect(503).problem_code(), "unknown_outcome");
        assert_eq!(unknown, PaymentStatus::Authorized);
        let _ = second.expect(200);
        assert_eq!(stands(&world, id).await, PaymentStatus::Voided);
        world.assert_books_agree().await;
    });
}

#[test]
fn what_lapsed_cannot_be_taken_and_whoever_asks_is_told_so() {
    for trouble in [Fault::None, Fault::DropAnswer, Fault::DropRequest, Fault::Duplicate] {
        in_each_world(async |world| {
            let id = world.authorized(1).await;
            world.lapse(id).await;
            world.network.plan(trouble);

            let first = world.payments.capture(id).await.expect_err("nothing is there to be taken");
            let again = world.payments.capture(id).await;

            assert_eq!(code(again), "invalid_transition", "{trouble:?} {first:?}");
            assert_eq!(world.status(id).await, PaymentStatus::Voided, "{trouble:?}");
            let _ = hear(&world, id).await.expect(200);
            assert_eq!(world.news().await, [], "its caller was told");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn what_lapsed_is_given_up_as_anything_else() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        world.lapse(id).await;

        let voided = world.payments.void(id).await.expect("voided");

        assert_eq!(voided.status, PaymentStatus::Voided);
        let _ = hear(&world, id).await.expect(200);
        assert_eq!(world.news().await, []);
        world.assert_books_agree().await;
    });
}

#[test]
fn the_sandbox_announces_what_lapsed_and_that_is_heard() {
    support::on_virtual_time(async {
        let world = World::in_memory().await;
        let id = world.authorized(1).await;
        world.lapse(id).await;
        world.lapse(id).await;

        let delivered = techtrove_sandbox::app::deliver_webhooks(&world.sandbox).await;

        delivered.expect("the books answer");
        assert_eq!(stands(&world, id).await, PaymentStatus::Voided);
        assert_eq!(world.news().await, [(id, PaymentStatus::Voided)]);
        world.assert_books_agree().await;
    });
}

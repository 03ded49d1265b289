//! Any sequence of calls, with any trouble on the way to the provider and back, ends with both sides'
//! books the same: the whole stack, from the typed client to the sandbox's tables.

use std::time::Duration;

use proptest::prelude::*;
use techtrove_http::Fault;
use techtrove_payments::{app, domain::ActionOutcome};

use crate::support::{Face, World, on_virtual_time, payment_id};

#[derive(Clone, Debug)]
enum Call {
    Authorize(&'static str),
    Complete(ActionOutcome),
    AtTheBank,
    DeliverWebhooks,
    Capture,
    Void,
    Refund(u32, i64),
    FailRefund(u32),
    Reconcile,
    Recover,
    Wait(u64),
}

fn calls() -> impl Strategy<Value = Call> {
    let token = prop_oneof![
        6 => Just("tok_ok"),
        1 => Just("tok_timeout"),
        1 => Just("tok_declined"),
        1 => Just("tok_unheard_of"),
        3 => Just("tok_requires_action"),
        2 => Just("tok_refund_fails"),
        1 => Just("tok_refund_refused"),
    ];
    prop_oneof![
        3 => token.prop_map(Call::Authorize),
        1 => Just(Call::Complete(ActionOutcome::Succeed)),
        1 => Just(Call::Complete(ActionOutcome::Fail)),
        1 => Just(Call::AtTheBank),
        1 => Just(Call::DeliverWebhooks),
        3 => Just(Call::Capture),
        1 => Just(Call::Void),
        3 => (1_u32..4, 1_i64..9_000).prop_map(|(id, amount)| Call::Refund(id, amount)),
        1 => (1_u32..4).prop_map(Call::FailRefund),
        2 => Just(Call::Reconcile),
        1 => Just(Call::Recover),
        1 => (1_u64..40).prop_map(Call::Wait),
    ]
}

fn troubles() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        1 => Just(Fault::Unreachable),
        1 => Just(Fault::DropRequest),
        2 => Just(Fault::DropAnswer),
        1 => Just(Fault::Duplicate),
        2 => (100_u64..20_000).prop_map(|millis| Fault::Delay(Duration::from_millis(millis))),
    ]
}

async fn make(world: &World, call: &Call) {
    let id = payment_id(1);
    // Refusals are part of the game: what counts is what the books say in the end.
    match call {
        Call::Authorize(token) => drop(world.authorize(1, token).await),
        Call::Complete(outcome) => drop(world.complete(id, *outcome).await),
        Call::AtTheBank => world.act_at_the_bank(id, ActionOutcome::Succeed).await,
        Call::DeliverWebhooks => {
            drop(techtrove_sandbox::app::deliver_webhooks(&world.sandbox).await);
        }
        Call::Capture => drop(world.payments.capture(id).await),
        Call::Void => drop(world.payments.void(id).await),
        Call::Refund(refund, amount) => drop(world.refund(id, *refund, *amount).await),
        Call::FailRefund(refund) => world.decide_refund(id, *refund, "fail").await,
        Call::Reconcile => drop(world.payments.reconcile(id).await),
        Call::Recover => drop(app::recover(&world.app).await),
        Call::Wait(seconds) => {
            world.clock.advance(Duration::from_secs(*seconds));
            tokio::time::sleep(Duration::from_secs(*seconds)).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_with_any_trouble_ends_with_the_same_books(
        face in prop::sample::select(Face::BOTH.to_vec()),
        steps in prop::collection::vec((calls(), prop::collection::vec(troubles(), 0..3)), 1..20)
    ) {
        on_virtual_time(async {
            let world = World::of(face).await;
            for (call, troubles) in &steps {
                world.network.clear();
                for trouble in troubles {
                    world.network.plan_anywhere(*trouble);
                }
                make(&world, call).await;
            }
            world.come_to_rest().await;
            // What is announced comes again until it was taken; of Stripe's it is the test that brings it.
            world.tell_of_lost_refunds().await;
            world.assert_books_agree().await;
        });
    }
}

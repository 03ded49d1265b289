//! Refunds that are not made: refused at once, failed at their bank, pending for long, or said to be made
//! and failed after all. What is not given back is never counted as if it were, and free to be given
//! back under another id.

use std::time::Duration;

use serde_json::{Value, json};
use techtrove_http::{ClientError, Fault};
use techtrove_identity_api::Role;
use techtrove_payments::app;
use techtrove_payments_api::{PaymentId, PaymentStatus, RefundFailed};
use uuid::Uuid;

use crate::support::{AMOUNT, Face, World, code, in_each_world, on_virtual_time, refund_id};

const HOUR: Duration = Duration::from_secs(3_600);

/// Which payments staff is shown with this trouble.
async fn listed(world: &World, trouble: &str) -> Vec<Value> {
    let path = format!("/api/v1/payments?refund={trouble}");
    let body = world.user(9, Role::Support).get(&path).await.expect(200).value();
    let items = body["items"].as_array().expect("a list").iter();
    items.map(|item| item["id"].clone()).collect()
}

async fn stands(world: &World, id: PaymentId) -> (PaymentStatus, i64) {
    let payment = world.payments.get(id).await.expect("known");
    (payment.status, payment.refunded)
}

#[test]
fn what_is_refused_for_good_is_free_to_be_given_back_under_another_id() {
    for (token, reason) in [
        ("tok_refund_fails", "expired_or_canceled_card"),
        ("tok_refund_refused", "charge_disputed"),
    ] {
        in_each_world(async |world| {
            let id = world.captured_by(1, token).await;

            for _ in 0..2 {
                let refused = world.refund(id, 1, 4_000).await;
                let Err(ClientError::Refused(problem)) = &refused else { panic!("{refused:?}") };
                assert_eq!(problem.members["failure_code"], reason);
                assert_eq!(code(refused), "refund_refused");
            }

            assert_eq!(stands(&world, id).await, (PaymentStatus::Captured, 0));
            assert_eq!(listed(&world, "failed").await, [json!(id.to_string())]);
            let again = world.refund(id, 2, AMOUNT).await;
            if token == "tok_refund_refused" {
                assert_eq!(code(again), "refund_refused");
            } else {
                assert_eq!(again.expect("given back").refunded, AMOUNT);
                assert_eq!(listed(&world, "failed").await, Vec::<Value>::new());
            }
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_refusal_whose_answer_was_lost_is_found_by_asking_again() {
    for trouble in [Fault::DropAnswer, Fault::DropRequest, Fault::Delay(Duration::from_secs(30))] {
        in_each_world(async |world| {
            let id = world.captured_by(1, "tok_refund_fails").await;
            world.network.plan(trouble);

            assert_eq!(code(world.refund(id, 1, 4_000).await), "unknown_outcome");
            assert_eq!(code(world.refund(id, 2, 4_000).await), "operation_in_progress");
            world.come_to_rest().await;

            assert_eq!(code(world.refund(id, 1, 4_000).await), "refund_refused", "{trouble:?}");
            assert_eq!(world.refund(id, 2, AMOUNT).await.expect("given back").refunded, AMOUNT);
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_refund_that_waits_for_its_bank_ends_by_a_webhook() {
    for (outcome, ended) in [("fail", 0), ("succeed", 4_000)] {
        in_each_world(async |world| {
            let id = world.captured_by(1, "tok_refund_pending").await;

            assert_eq!(code(world.refund(id, 1, 4_000).await), "unknown_outcome");
            assert_eq!(listed(&world, "pending").await, [json!(id.to_string())]);
            assert_eq!(stands(&world, id).await, (PaymentStatus::Captured, 0));
            world.decide_refund(id, 1, outcome).await;
            assert_eq!(world.say_it_failed(id, 1).await, 200);

            let (status, refunded) = stands(&world, id).await;
            assert_eq!(refunded, ended);
            assert_eq!(world.news().await, [(id, status)], "nobody waited for it");
            assert_eq!(listed(&world, "pending").await, Vec::<Value>::new());
            assert_eq!(listed(&world, "failed").await.is_empty(), outcome == "succeed");
            let rest = world.refund(id, 2, AMOUNT - ended).await.expect("given back");
            assert_eq!(rest.status, PaymentStatus::Refunded);
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_refund_that_fails_after_all_is_taken_back_once() {
    in_each_world(async |world| {
        let id = world.captured(1).await;
        world.refund(id, 1, 4_000).await.expect("given back");
        world.refund(id, 2, 1_000).await.expect("given back");

        world.clock.advance(Duration::from_secs(1));
        assert_eq!(world.say_it_failed(id, 1).await, 200);
        assert_eq!(stands(&world, id).await.1, 5_000, "a webhook is believed in nothing");
        world.decide_refund(id, 1, "fail").await;
        for _ in 0..3 {
            assert_eq!(world.say_it_failed(id, 1).await, 200);
        }

        assert_eq!(stands(&world, id).await, (PaymentStatus::PartiallyRefunded, 1_000));
        assert_eq!(listed(&world, "failed").await, [json!(id.to_string())]);
        let lost = RefundFailed {
            payment_id: id,
            reference: Uuid::from_u128(1),
            status: PaymentStatus::PartiallyRefunded,
            refund_id: refund_id(1),
            failure_code: "expired_or_canceled_card".to_owned(),
        };
        assert_eq!(world.lost_refunds().await, [lost]);
        assert_eq!(code(world.refund(id, 1, 4_000).await), "refund_refused");
        world.assert_books_agree().await;
        assert_eq!(world.refund(id, 3, 9_000).await.expect("given back").refunded, AMOUNT);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_refund_that_may_have_failed_is_looked_at_once_nothing_else_is_open() {
    in_each_world(async |world| {
        let id = world.captured(1).await;
        world.refund(id, 1, 4_000).await.expect("given back");
        world.network.plan(Fault::DropRequest);
        assert_eq!(code(world.refund(id, 2, 1_000).await), "unknown_outcome");
        world.decide_refund(id, 1, "fail").await;

        world.network.plan(Fault::Unreachable);
        let meanwhile = world.say_it_failed(id, 1).await;
        let then = world.say_it_failed(id, 1).await;

        assert_eq!((meanwhile, then), (503, 200), "told again, it is looked at again");
        assert_eq!(stands(&world, id).await, (PaymentStatus::PartiallyRefunded, 1_000));
        assert_eq!(world.lost_refunds().await.len(), 1);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_refund_that_fails_without_a_webhook_is_found_by_looking_again() {
    in_each_world(async |world| {
        let id = world.captured(1).await;
        world.refund(id, 1, 4_000).await.expect("given back");
        world.refund(id, 2, 1_000).await.expect("given back");
        world.clock.advance(23 * HOUR);
        world.decide_refund(id, 1, "fail").await;

        world.look_again().await;
        let before = stands(&world, id).await;
        world.clock.advance(2 * HOUR);
        world.network.plan_anywhere(Fault::DropAnswer);
        for _ in 0..3 {
            world.look_again().await;
            world.clock.advance(HOUR);
        }

        assert_eq!(before, (PaymentStatus::PartiallyRefunded, 5_000), "nobody looks at once");
        assert_eq!(stands(&world, id).await, (PaymentStatus::PartiallyRefunded, 1_000));
        let lost: Vec<_> = world.lost_refunds().await.iter().map(|it| it.refund_id).collect();
        assert_eq!(lost, [refund_id(1)]);
        assert_eq!(code(world.refund(id, 1, 4_000).await), "refund_refused");
        world.assert_books_agree().await;
    });
}

#[test]
fn what_was_given_back_is_looked_at_a_few_times_and_no_more() {
    in_each_world(async |world| {
        let id = world.captured(1).await;
        world.refund(id, 1, 4_000).await.expect("given back");
        let mut looks = 0;

        for _ in 0..100 {
            world.clock.advance(24 * HOUR);
            // It waits for whoever asks the provider.
            world.network.plan_anywhere(Fault::None);
            world.look_again().await;
            looks += usize::from(world.network.is_clear());
            world.network.clear();
        }

        assert_eq!(looks, 5);
        assert_eq!(stands(&world, id).await, (PaymentStatus::PartiallyRefunded, 4_000));
        assert_eq!(world.lost_refunds().await, []);
    });
}

#[test]
fn of_more_refunds_than_stripe_lists_at_once_each_is_made_once() {
    const MANY: u32 = 101;
    on_virtual_time(async {
        let world = World::of(Face::Stripe).await;
        let id = world.captured(1).await;
        for number in 1..MANY {
            world.refund(id, number, 1).await.expect("given back");
        }
        world.network.plan(Fault::DropAnswer);
        assert_eq!(code(world.refund(id, MANY, 1).await), "unknown_outcome");

        world.clock.advance(Duration::from_secs(25 * 3_600));
        app::recover(&world.app).await.expect("the database answers");

        assert_eq!(stands(&world, id).await.1, i64::from(MANY));
        world.assert_books_agree().await;
    });
}

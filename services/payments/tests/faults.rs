//! Every operation under every fault of the provider and of the network between: the money moves once
//! or not at all, and both sides' books agree.

use std::time::Duration;

use techtrove_http::Fault as NetworkFault;
use techtrove_payments::{Error, app, domain::ActionOutcome};
use techtrove_payments_api::{Payment, PaymentId, PaymentStatus};
use techtrove_sandbox::faults::{Fault, Operation};

use crate::support::{self, AMOUNT, Face, World, code, in_each_world, payment_id};

/// Longer than anybody waits for the provider.
const LATE: Duration = Duration::from_secs(30);

/// What can happen to one question.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Provider(Fault),
    Network(NetworkFault),
}

impl Trouble {
    const ALL: [Self; 11] = [
        Self::Provider(Fault::ErrorBefore),
        Self::Provider(Fault::ErrorAfter),
        Self::Provider(Fault::HangBefore),
        Self::Provider(Fault::HangAfter),
        Self::Provider(Fault::Delay(Duration::from_millis(100))),
        Self::Provider(Fault::Delay(LATE)),
        Self::Network(NetworkFault::Unreachable),
        Self::Network(NetworkFault::DropRequest),
        Self::Network(NetworkFault::DropAnswer),
        Self::Network(NetworkFault::Duplicate),
        Self::Network(NetworkFault::Delay(LATE)),
    ];

    fn plan(self, world: &World, operation: Operation) {
        match self {
            // What the customer did at their bank, Stripe is only asked.
            Self::Provider(fault)
                if world.face == Face::Stripe && operation == Operation::CompleteAction =>
            {
                world.faults.plan(Operation::Lookup, fault);
            }
            Self::Provider(fault) => world.faults.plan(operation, fault),
            Self::Network(fault) => world.network.plan(fault),
        }
    }

    /// Whether the request is with the provider before the recovery asks.
    fn arrives_in_time(self) -> bool {
        !matches!(
            self,
            Self::Provider(Fault::ErrorBefore | Fault::HangBefore)
                | Self::Network(NetworkFault::Unreachable | NetworkFault::DropRequest)
        )
    }

    /// Whether the request arrives, but only after the caller has given up waiting.
    fn is_late(self) -> bool {
        matches!(
            self,
            Self::Provider(Fault::Delay(LATE)) | Self::Network(NetworkFault::Delay(LATE))
        )
    }
}

fn one_of(payment: &Payment, statuses: &[PaymentStatus]) {
    assert!(statuses.contains(&payment.status), "{payment:?}");
}

#[test]
fn an_authorisation_under_any_trouble_reserves_once_or_is_voided() {
    for trouble in Trouble::ALL {
        in_each_world(async |world| {
            trouble.plan(&world, Operation::Charge);

            let answer = world.authorize(1, "tok_ok").await.expect("payments answers");
            one_of(&answer, &[PaymentStatus::Authorized, PaymentStatus::Unknown]);
            world.come_to_rest().await;

            let status = world.status(answer.id).await;
            if trouble.arrives_in_time() {
                assert_eq!(status, PaymentStatus::Authorized, "{trouble:?}");
            } else {
                assert_eq!(status, PaymentStatus::Voided, "{trouble:?}");
            }
            let repeated = world.authorize(1, "tok_ok").await.expect("payments answers");
            assert_eq!(repeated.status, status);
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn an_authorisation_that_arrives_after_it_was_given_up_is_refused() {
    for trouble in Trouble::ALL.into_iter().filter(|trouble| trouble.is_late()) {
        in_each_world(async |world| {
            trouble.plan(&world, Operation::Charge);
            let unknown = world.authorize(1, "tok_ok").await.expect("payments answers");

            let voided = world.payments.void(unknown.id).await.expect("voided");
            world.come_to_rest().await;

            assert_eq!(
                (unknown.status, voided.status),
                (PaymentStatus::Unknown, PaymentStatus::Voided)
            );
            assert_eq!(world.status(unknown.id).await, PaymentStatus::Voided);
            let sums = world.provider_book().await[&unknown.id.to_string()].ledger;
            assert_eq!(sums.authorized, 0, "{trouble:?}");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_capture_under_any_trouble_takes_the_money_once() {
    for trouble in Trouble::ALL {
        in_each_world(async |world| {
            let id = world.authorized(1).await;
            trouble.plan(&world, Operation::Capture);

            let first = world.payments.capture(id).await;
            if let Err(error) = &first {
                assert!(error.is_outcome_unknown(), "{trouble:?}: {error}");
            }
            let second = world.payments.capture(id).await;
            world.come_to_rest().await;

            assert!(second.is_ok(), "{trouble:?}: {second:?}");
            let third = world.payments.capture(id).await.expect("captured");
            assert_eq!((third.status, third.captured), (PaymentStatus::Captured, AMOUNT));
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_void_under_any_trouble_sets_the_money_free_once() {
    for trouble in Trouble::ALL {
        in_each_world(async |world| {
            let id = world.authorized(1).await;
            trouble.plan(&world, Operation::Void);

            let first = world.payments.void(id).await.expect("payments answers");
            one_of(&first, &[PaymentStatus::Voided, PaymentStatus::Unknown]);
            world.come_to_rest().await;

            let second = world.payments.void(id).await.expect("voided");
            assert_eq!(second.status, PaymentStatus::Voided, "{trouble:?}");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_refund_under_any_trouble_gives_the_money_back_once() {
    for trouble in Trouble::ALL {
        in_each_world(async |world| {
            let id = world.captured(1).await;
            trouble.plan(&world, Operation::Refund);

            let first = world.refund(id, 1, 4_000).await;
            if let Err(error) = &first {
                assert!(error.is_outcome_unknown(), "{trouble:?}: {error}");
            }
            world.come_to_rest().await;

            let again = world.refund(id, 1, 4_000).await.expect("refunded");
            assert_eq!((again.status, again.refunded), (PaymentStatus::PartiallyRefunded, 4_000));
            let rest = world.refund(id, 2, AMOUNT - 4_000).await.expect("refunded");
            assert_eq!((rest.status, rest.refunded), (PaymentStatus::Refunded, AMOUNT));
            assert_eq!(code(world.refund(id, 3, 1).await), "refund_exceeds_payment");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn the_token_that_swallows_its_first_answer_is_unknown_and_then_authorised() {
    in_each_world(async |world| {
        let answer = world.authorize(1, "tok_timeout").await.expect("payments answers");

        assert_eq!(answer.status, PaymentStatus::Unknown);
        assert_eq!(world.status(answer.id).await, PaymentStatus::Authorized);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_payment_that_requires_action_under_any_trouble_waits_for_its_customer() {
    for trouble in Trouble::ALL {
        in_each_world(async |world| {
            trouble.plan(&world, Operation::Charge);
            let id = payment_id(1);

            let first = world.authorize(1, "tok_requires_action").await.expect("answered");
            one_of(&first, &[PaymentStatus::RequiresAction, PaymentStatus::Unknown]);
            world.come_to_rest().await;

            let rested = world.payments.get(id).await.expect("known");
            if trouble.arrives_in_time() {
                let action = rested.next_action.expect("something to do");
                let (kind, url) = match world.face {
                    Face::Sandbox => ("sandbox_confirmation", "/api/v1/payments/pay_"),
                    Face::Stripe => ("redirect_to_url", "https://bank.example/confirm/pi_"),
                };
                assert_eq!(action.kind, kind);
                assert!(action.url.starts_with(url) && action.url.contains(&id.to_string()));
                assert_eq!(code(world.payments.capture(id).await), "invalid_transition");
                let again = world.authorize(1, "tok_requires_action").await.expect("answered");
                assert_eq!(again.status, PaymentStatus::RequiresAction);
            } else {
                assert_eq!(rested.status, PaymentStatus::Voided, "{trouble:?}");
            }
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_completed_action_under_any_trouble_reserves_once_or_declines() {
    for (trouble, outcome, status) in Trouble::ALL.into_iter().flat_map(|trouble| {
        [
            (trouble, ActionOutcome::Succeed, PaymentStatus::Authorized),
            (trouble, ActionOutcome::Fail, PaymentStatus::Failed),
        ]
    }) {
        in_each_world(async |world| {
            let id = world.awaiting_customer(1).await;
            trouble.plan(&world, Operation::CompleteAction);

            let first = world.complete(id, outcome).await;
            world.come_to_rest().await;
            let again = world.complete(id, outcome).await.expect("completed");

            if let Err(error) = first {
                assert!(matches!(error, Error::NotTold { .. }), "{trouble:?}: {error}");
            }
            assert_eq!(again.status, status, "{trouble:?}");
            assert_eq!(again.next_action, None);
            let ended = world.status(id).await;
            let late = world.complete(id, ActionOutcome::Fail).await;
            assert_eq!((ended, late.expect("as it stands").status), (status, status));
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_voided_payment_is_over_whatever_its_customer_does() {
    for trouble in Trouble::ALL {
        in_each_world(async |world| {
            let id = world.awaiting_customer(1).await;
            trouble.plan(&world, Operation::Void);

            let void = world.payments.void(id).await.expect("payments answers");
            one_of(&void, &[PaymentStatus::Voided, PaymentStatus::Unknown]);
            let late = world.complete(id, ActionOutcome::Succeed).await;
            world.come_to_rest().await;

            assert!(matches!(late, Err(Error::Refused(_))), "{trouble:?}: {late:?}");
            assert_eq!(world.status(id).await, PaymentStatus::Voided, "{trouble:?}");
            let path = format!("/v1/charges/{id}/complete-action");
            let at_the_bank = world.provider.post(&path).call::<serde_json::Value>().await;
            assert!(at_the_bank.is_err(), "the provider refuses as well");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn what_the_customer_did_at_the_provider_is_found_by_asking() {
    in_each_world(async |world| {
        let id = world.awaiting_customer(1).await;
        world.act_at_the_bank(id, ActionOutcome::Succeed).await;

        let before = world.payments.get(id).await.expect("known").status;

        assert_eq!(before, PaymentStatus::RequiresAction);
        assert_eq!(world.status(id).await, PaymentStatus::Authorized);
        world.assert_books_agree().await;
    });
}

#[test]
fn only_a_payment_which_waited_for_its_customer_can_be_completed() {
    in_each_world(async |world| {
        let unknown = world.authorize(1, "tok_timeout").await.expect("answered").id;
        let captured = world.captured(2).await;

        for id in [unknown, captured] {
            let refusal = world.complete(id, ActionOutcome::Succeed).await;
            assert!(matches!(refusal, Err(Error::Refused(_))), "{refusal:?}");
        }
        let never = world.complete(payment_id(9), ActionOutcome::Succeed).await;
        assert!(matches!(never, Err(Error::NoSuchPayment)), "{never:?}");
    });
}

#[test]
fn an_authorisation_on_its_way_is_not_given_up_at_once() {
    in_each_world(async |world| {
        world.network.plan(NetworkFault::Delay(Duration::from_secs(3)));

        let answer = world.authorize(1, "tok_ok").await.expect("payments answers");
        let meanwhile = world.status(answer.id).await;
        tokio::time::sleep(Duration::from_secs(2)).await;

        assert_eq!((answer.status, meanwhile), (PaymentStatus::Unknown, PaymentStatus::Unknown));
        assert_eq!(world.status(answer.id).await, PaymentStatus::Authorized);
    });
}

#[test]
fn a_repeated_authorisation_asks_again_with_the_token() {
    in_each_world(async |world| {
        world.network.plan(NetworkFault::DropRequest);

        let first = world.authorize(1, "tok_ok").await.expect("payments answers");
        let second = world.authorize(1, "tok_ok").await.expect("payments answers");

        assert_eq!(
            (first.status, second.status),
            (PaymentStatus::Unknown, PaymentStatus::Authorized)
        );
        world.assert_books_agree().await;
    });
}

#[test]
fn a_refused_repetition_says_nothing_about_a_request_still_on_its_way() {
    in_each_world(async |world| {
        world.network.plan(NetworkFault::Delay(LATE));
        world.authorize(1, "tok_ok").await.expect("payments answers");

        let repeated = code(world.authorize(1, "tok_nobody_knows").await);
        world.come_to_rest().await;

        let payment = world.payments.get(payment_id(1)).await.expect("remembered");
        assert_eq!(repeated, "invalid_request");
        assert_eq!(payment.status, PaymentStatus::Failed);
        assert_eq!(payment.decline_code.as_deref(), Some("invalid_token"));
        assert_eq!(world.provider_book().await[&payment.id.to_string()].ledger.authorized, 0);
        world.assert_books_agree().await;
    });
}

#[test]
fn while_a_capture_is_open_nothing_else_begins() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        world.network.plan(NetworkFault::DropAnswer);

        let capture = code(world.payments.capture(id).await);

        assert_eq!(capture, "unknown_outcome");
        assert_eq!(code(world.payments.void(id).await), "operation_in_progress");
        assert_eq!(code(world.refund(id, 1, 1).await), "operation_in_progress");
        assert_eq!(world.status(id).await, PaymentStatus::Captured);
        assert_eq!(code(world.payments.void(id).await), "invalid_transition");
        world.assert_books_agree().await;
    });
}

#[test]
fn what_was_never_asked_for_is_remembered_as_voided() {
    in_each_world(async |world| {
        let reconciled = world.status(payment_id(1)).await;
        let voided = world.payments.void(payment_id(2)).await.expect("voided").status;
        let late = [world.authorize(1, "tok_ok").await, world.authorize(2, "tok_ok").await];

        assert_eq!((reconciled, voided), (PaymentStatus::Voided, PaymentStatus::Voided));
        for late in late {
            assert_eq!(late.expect("payments answers").status, PaymentStatus::Voided);
        }
        assert!(world.provider_book().await.is_empty(), "nobody asked the provider");
        world.assert_books_agree().await;
    });
}

#[test]
fn the_providers_word_against_the_books_changes_nothing_and_stays_open() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        let capture = format!("/v1/charges/{id}/capture");
        let _: serde_json::Value =
            world.provider.post(&capture).call().await.expect("behind our back");

        let void = world.payments.void(id).await.expect("payments answers");

        assert_eq!(void.status, PaymentStatus::Unknown);
        assert_eq!(world.book().await[0].captured, 0, "nothing was booked");
        assert_eq!(code(world.payments.capture(id).await), "operation_in_progress");
    });
}

#[test]
fn whoever_asks_too_late_is_told_what_others_found_meanwhile() {
    in_each_world(async |world| {
        world.network.plan(NetworkFault::DropAnswer);
        let id = world.authorize(1, "tok_ok").await.expect("payments answers").id;
        world.network.plan(NetworkFault::Delay(Duration::from_millis(100)));

        let (late, captured) = tokio::join!(world.payments.reconcile(id), async {
            assert_eq!(world.status(id).await, PaymentStatus::Authorized);
            world.payments.capture(id).await
        });

        // The provider tells of the capture whoever still asks about the authorisation.
        assert_eq!(captured.expect("it is reserved").status, PaymentStatus::Captured);
        assert_eq!(late.expect("payments answers").status, PaymentStatus::Captured);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_reservation_that_the_provider_has_ended_cannot_be_captured() {
    in_each_world(async |world| {
        let id = world.authorized(1).await;
        let void = format!("/v1/charges/{id}/void");
        let _: serde_json::Value =
            world.provider.post(&void).call().await.expect("behind our back");

        assert_eq!(code(world.payments.capture(id).await), "invalid_transition");
        assert_eq!(world.status(id).await, PaymentStatus::Voided);
        world.assert_books_agree().await;
    });
}

#[test]
fn the_recovery_asks_ever_more_seldom() {
    in_each_world(async |world| {
        world.authorize(1, "tok_timeout").await.expect("payments answers");
        let hour = Duration::from_secs(3_600);
        for _ in 0..10_000 {
            world.faults.plan(Operation::Lookup, Fault::ErrorBefore);
        }

        let mut waited = Duration::ZERO;
        while waited < hour {
            world.clock.advance(Duration::from_secs(1));
            waited += Duration::from_secs(1);
            app::recover(&world.app).await.expect("the database answers");
        }

        let questions = 10_000 - world.faults.left();
        assert!((60..=70).contains(&questions), "{questions} questions in an hour");
    });
}

/// Runs a call and drops it when it has waited `waits` times: the process was killed there.
async fn killed_after(waits: usize, call: impl Future) -> bool {
    let mut call = std::pin::pin!(call);
    for _ in 0..waits {
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
        });
        if polled.await {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[test]
fn killed_at_any_moment_the_money_has_moved_once_or_not_at_all() {
    for waits in 0..20 {
        in_each_world(async |world| {
            let (captured, voided): (PaymentId, PaymentId) =
                (world.authorized(1).await, world.authorized(2).await);
            let refunded = world.captured(3).await;
            let order = app::RefundOrder {
                id: support::refund_id(1),
                amount: support::usd(AMOUNT),
                reason: "late".to_owned(),
            };
            let wish = support::authorization(&world.request(4, "tok_ok"));

            killed_after(waits, app::authorize(&world.app, wish)).await;
            killed_after(waits, app::capture(&world.app, captured)).await;
            killed_after(waits, app::void(&world.app, voided)).await;
            killed_after(waits, app::refund(&world.app, refunded, order)).await;
            world.come_to_rest().await;

            assert_ne!(world.status(payment_id(4)).await, PaymentStatus::Unknown);
            world.assert_books_agree().await;
        });
    }
}

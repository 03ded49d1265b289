//! What only Stripe's manner can bring about: intents without a name, keys that are forgotten, declined
//! intents that could be confirmed again, and amounts that it does not count.

use std::time::Duration;

use http::{HeaderName, StatusCode, header};
use techtrove_core::Money;
use techtrove_http::Fault;
use techtrove_payments::app;
use techtrove_payments_api::{AuthorizeRequest, PaymentId, PaymentStatus};
use techtrove_sandbox::faults::{Fault as ProviderFault, Operation};

use crate::support::{AMOUNT, Face, World, code, on_virtual_time, payment_id};

/// What Stripe is told when a card is to be charged for the payment's intent once more.
async fn confirm_once_more(world: &World, id: PaymentId) -> StatusCode {
    let path = format!("/v1/payment_intents/pi_{AMOUNT}_USD_{id}/confirm");
    let fields = [("payment_method", "pm_card_visa"), ("return_url", "https://shop.example/")];
    let request = world.provider.post(&path).form(&fields);
    let request = request
        .header(header::AUTHORIZATION, "Bearer sk_test_somebody")
        .header(HeaderName::from_static("stripe-version"), "2026-08-26.dahlia")
        .header(HeaderName::from_static("idempotency-key"), "once-more");
    request.send().await.expect("an answer").status
}

#[test]
fn an_intent_whose_name_was_lost_is_given_up_without_a_charge() {
    for trouble in [Fault::DropAnswer, Fault::DropRequest, Fault::Delay(Duration::from_secs(30))] {
        on_virtual_time(async {
            let world = World::of(Face::Stripe).await;
            world.network.plan_anywhere(trouble);

            let first = world.authorize(1, "tok_ok").await.expect("payments answers");
            world.come_to_rest().await;

            assert_eq!(first.status, PaymentStatus::Voided, "{trouble:?}");
            assert_eq!(world.status(first.id).await, PaymentStatus::Voided, "{trouble:?}");
            assert!(world.provider_book().await.is_empty(), "nobody was asked for money");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_payment_whose_intent_could_not_be_made_stays_given_up_and_another_one_goes_through() {
    for fault in [ProviderFault::ErrorBefore, ProviderFault::ErrorAfter] {
        on_virtual_time(async {
            let world = World::of(Face::Stripe).await;
            world.faults.plan(Operation::Intend, fault);

            let first = world.authorize(1, "tok_ok").await.expect("payments answers");
            let again = world.authorize(1, "tok_ok").await.expect("payments answers");
            let other = world.authorize(2, "tok_ok").await.expect("payments answers");

            let statuses = (first.status, again.status, other.status);
            let voided = PaymentStatus::Voided;
            assert_eq!(statuses, (voided, voided, PaymentStatus::Authorized), "{fault:?}");
            let book = world.provider_book().await;
            let asked: Vec<_> = book.keys().map(String::as_str).collect();
            assert_eq!(asked, [other.id.to_string()], "{fault:?}");
            world.assert_books_agree().await;
        });
    }
}

#[test]
fn a_payment_voided_while_its_intent_is_made_is_never_asked_for() {
    on_virtual_time(async {
        let world = World::of(Face::Stripe).await;
        world.network.plan_anywhere(Fault::Delay(Duration::from_secs(1)));
        let asked = world.authorize(1, "tok_ok");
        let voided = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            world.payments.void(payment_id(1)).await
        };

        let (asked, voided) = futures::join!(asked, voided);

        assert_eq!(voided.expect("voided").status, PaymentStatus::Voided);
        assert_eq!(asked.expect("answered").status, PaymentStatus::Voided);
        assert!(world.provider_book().await.is_empty(), "nobody was asked for money");
        world.assert_books_agree().await;
    });
}

#[test]
fn a_declined_intent_takes_no_other_card() {
    on_virtual_time(async {
        let world = World::of(Face::Stripe).await;

        let declined = world.authorize(1, "tok_insufficient_funds").await.expect("answered");
        let once_more = confirm_once_more(&world, declined.id).await;

        assert_eq!(declined.status, PaymentStatus::Failed);
        assert_eq!(declined.decline_code.as_deref(), Some("insufficient_funds"));
        assert_eq!(once_more, StatusCode::BAD_REQUEST);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_decline_whose_answer_was_lost_is_found_by_asking() {
    on_virtual_time(async {
        let world = World::of(Face::Stripe).await;
        world.network.plan(Fault::DropAnswer);

        let first = world.authorize(1, "tok_declined").await.expect("payments answers");
        let found = world.payments.reconcile(first.id).await.expect("payments answers");

        assert_eq!((first.status, found.status), (PaymentStatus::Unknown, PaymentStatus::Failed));
        assert_eq!(found.decline_code.as_deref(), Some("card_declined"));
        assert_eq!(world.news().await, [(first.id, PaymentStatus::Failed)]);
        assert_eq!(confirm_once_more(&world, first.id).await, StatusCode::BAD_REQUEST);
        world.assert_books_agree().await;
    });
}

#[test]
fn a_refund_is_made_once_also_when_stripe_has_forgotten_its_key() {
    on_virtual_time(async {
        let world = World::of(Face::Stripe).await;
        let id = world.captured(1).await;
        world.network.plan(Fault::DropAnswer);
        assert_eq!(code(world.refund(id, 1, 4_000).await), "unknown_outcome");

        world.clock.advance(Duration::from_secs(25 * 3_600));
        app::recover(&world.app).await.expect("the database answers");

        assert_eq!(world.payments.get(id).await.expect("known").refunded, 4_000);
        assert_eq!(world.provider_book().await[&id.to_string()].ledger.refunded, 4_000);
        world.assert_books_agree().await;
    });
}

#[test]
fn an_amount_that_stripe_does_not_count_is_refused_before_it_is_asked() {
    on_virtual_time(async {
        let world = World::of(Face::Stripe).await;
        let dinars = "KWD".parse().expect("a currency");
        let amount = Money::new(5_124, dinars);
        let body = AuthorizeRequest { amount, ..world.request(1, "tok_ok") };

        for _ in 0..2 {
            assert_eq!(code(world.payments.authorize(&body).await), "amount_not_supported");
        }
        let refused = world.payments.get(body.payment_id).await.expect("known");
        assert_eq!(refused.status, PaymentStatus::Failed);
        assert_eq!(refused.decline_code.as_deref(), Some("amount_not_supported"));
        assert!(world.provider_book().await.is_empty(), "nobody was asked for money");
        world.assert_books_agree().await;
    });
}

#[test]
fn an_amount_that_stripe_does_not_charge_is_refused_and_not_waited_for() {
    for amount in [49, 100_000_000] {
        on_virtual_time(async {
            let world = World::of(Face::Stripe).await;
            let amount = Money::new(amount, techtrove_core::Currency::USD);
            let body = AuthorizeRequest { amount, ..world.request(1, "tok_ok") };

            for _ in 0..2 {
                assert_eq!(code(world.payments.authorize(&body).await), "amount_not_supported");
            }

            assert_eq!(world.status(body.payment_id).await, PaymentStatus::Failed);
            assert!(world.provider_book().await.is_empty(), "nobody was asked for money");
        });
    }
}

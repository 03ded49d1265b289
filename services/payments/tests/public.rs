//! Payments through the public API, as their customers, other people, staff and nobody see them.

use serde_json::{Value, json};
use techtrove_http::Fault as NetworkFault;
use techtrove_identity_api::Role;
use techtrove_payments_api::{AuthorizeRequest, PaymentId, PaymentStatus};
use techtrove_testing::Actor;
use uuid::Uuid;

use crate::support::{AMOUNT, World, code, on_virtual_time, payment_id, request};

const PAYMENTS: &str = "/api/v1/payments";

/// The customer of all payments that are not a guest's.
const ADA: u32 = 100;

/// A payment of the signed-in customer for the order of this number.
async fn adas(world: &World, number: u32, token: &str) -> PaymentId {
    let owner = Some(Uuid::from_u128(ADA.into()));
    let body = AuthorizeRequest { owner, ..request(number, token) };
    world.payments.authorize(&body).await.expect("payments answers").id
}

fn complete(who: &Actor, id: PaymentId, body: &Value) -> techtrove_testing::Draft {
    who.post(&format!("{PAYMENTS}/{id}/actions/complete"), body)
}

#[test]
fn a_payment_is_shown_to_whom_it_concerns() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let guests = world.awaiting_customer(1).await;
        let adas = adas(&world, 2, "tok_ok").await;
        let (ada, bob) = (world.user(ADA, Role::Customer), world.user(101, Role::Customer));
        let (guest, other_guest) = (world.guest(1), world.guest(2));
        let staff = [Role::Support, Role::Manager, Role::Admin].map(|role| world.user(102, role));

        for (who, id, status) in [
            (&guest, guests, 200),
            (&other_guest, guests, 404),
            (&ada, guests, 404),
            (&world.public, guests, 401),
            (&ada, adas, 200),
            (&bob, adas, 404),
            (&guest, adas, 404),
            (&world.public, adas, 401),
            (&world.public.bearer("garbled"), adas, 401),
            (&staff[0], adas, 200),
            (&staff[1], guests, 200),
            (&staff[2], adas, 200),
            (&ada, payment_id(9), 404),
            (&world.public, payment_id(9), 401),
        ] {
            let _ = who.get(&format!("{PAYMENTS}/{id}")).await.expect(status);
        }
        let _ = ada.get(&format!("{PAYMENTS}/ord_01kafy3m2se6rbq3tmn4y4bwqd")).await.expect(404);
    });
}

#[test]
fn a_payment_says_what_is_to_be_done_and_what_was_done() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let id = world.awaiting_customer(1).await;
        let guest = world.guest(1);
        let usd = |amount: i64| json!({"amount": amount, "currency": "USD"});

        let body = guest.get(&format!("{PAYMENTS}/{id}")).await.expect(200).value();

        let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(
            members,
            [
                "id",
                "order_id",
                "provider",
                "status",
                "amount",
                "captured",
                "refunded",
                "next_action",
                "created_at",
                "updated_at"
            ]
        );
        assert!(body["order_id"].as_str().expect("an id").starts_with("ord_"));
        assert_eq!((&body["status"], &body["amount"]), (&json!("requires_action"), &usd(AMOUNT)));
        let url = body["next_action"]["url"].as_str().expect("a path");
        assert_eq!(body["next_action"]["type"], "sandbox_confirmation");
        let done = guest.post(url, &json!({})).await.expect(200).value();
        assert_eq!((&done["status"], &done["captured"]), (&json!("authorized"), &usd(0)));
        assert_eq!(done.get("next_action"), None);
        world.payments.capture(id).await.expect("captured");
        world.refund(id, 1, 1).await.expect("refunded");
        let reply = guest.get(&format!("{PAYMENTS}/{id}")).await.expect(200);
        assert_eq!(reply.header("cache-control"), "private, no-cache");
        let body = reply.value();
        assert_eq!(body["status"], "partially_refunded");
        assert_eq!((&body["captured"], &body["refunded"]), (&usd(AMOUNT), &usd(1)));
    });
}

#[test]
fn only_the_customer_completes_a_payment_and_may_do_it_again() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let guests = world.awaiting_customer(1).await;
        let adas = adas(&world, 2, "tok_requires_action").await;
        let (ada, bob) = (world.user(ADA, Role::Customer), world.user(101, Role::Customer));
        let guest = world.guest(1);

        for (who, id, status) in [
            (&world.public, adas, 401),
            (&bob, adas, 404),
            (&guest, adas, 404),
            (&world.guest(3), guests, 404),
            (&world.user(102, Role::Support), adas, 403),
            (&world.user(102, Role::Admin), guests, 403),
        ] {
            let _ = complete(who, id, &json!({})).await.expect(status);
        }
        for _ in 0..2 {
            let body = complete(&ada, adas, &json!({"outcome": "fail"})).await.expect(200).value();
            assert_eq!(body["status"], "failed");
            assert_eq!(body["decline_code"], "authentication_failed");
            let path = format!("{PAYMENTS}/{guests}/actions/complete");
            let empty = guest.request(http::Method::POST, &path).await.expect(200).value();
            assert_eq!(empty["status"], "authorized");
        }
        world.assert_books_agree().await;
    });
}

#[test]
fn a_repetition_is_told_of_the_action_while_the_capture_is_open() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let id = world.awaiting_customer(1).await;
        let guest = world.guest(1);
        let _ = complete(&guest, id, &json!({})).await.expect(200);
        world.network.plan(NetworkFault::DropAnswer);
        let capture = code(world.payments.capture(id).await);

        let again = complete(&guest, id, &json!({})).await.expect(200).value();

        assert_eq!((capture.as_str(), &again["status"]), ("unknown_outcome", &json!("authorized")));
        assert_eq!(world.status(id).await, PaymentStatus::Captured);
        world.assert_books_agree().await;
    });
}

#[test]
fn what_cannot_be_completed_is_refused() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let (plain, voided) = (world.authorized(1).await, world.awaiting_customer(2).await);
        world.payments.void(voided).await.expect("voided");
        let guest = world.guest(1);

        for (who, id) in [(&guest, plain), (&world.guest(2), voided)] {
            let refusal = complete(who, id, &json!({})).await.expect(409).value();
            assert_eq!(refusal["code"], "invalid_transition");
        }
        let unknown_field = complete(&guest, plain, &json!({"amount": 1})).await.expect(422);
        assert_eq!(unknown_field.value()["errors"][0]["pointer"], "/amount");
        let _ = complete(&guest, plain, &json!({"outcome": "perhaps"})).await.expect(422);
        let badly_named = complete(&guest, plain, &json!({})).header("idempotency-key", "");
        let _ = badly_named.await.expect(400);
    });
}

#[test]
fn staff_see_who_waits_for_what() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let support = world.user(102, Role::Support);
        for (number, token) in (1..).zip([
            "tok_ok",
            "tok_timeout",
            "tok_requires_action",
            "tok_declined",
            "tok_timeout",
            "tok_requires_action",
        ]) {
            world.authorize(number, token).await.expect("payments answers");
        }
        world.payments.capture(payment_id(1)).await.expect("captured");
        world.payments.reconcile(payment_id(7)).await.expect("remembered as voided");

        let listed = async |query: &str| -> Vec<Value> {
            let path = format!("{PAYMENTS}?{query}");
            let body = support.get(&path).await.expect(200).value();
            let items = body["items"].as_array().expect("a list").clone();
            items.into_iter().map(|item| item["id"].clone()).collect()
        };

        for (query, numbers) in [
            ("", &[7, 6, 5, 4, 3, 2, 1][..]),
            ("status=unknown", &[5, 2]),
            ("status=requires_action", &[6, 3]),
            ("status=captured", &[1]),
            ("status=failed", &[4]),
            ("status=voided", &[7]),
            ("status=authorized", &[]),
        ] {
            let ids: Vec<Value> =
                numbers.iter().map(|number| json!(payment_id(*number).to_string())).collect();
            assert_eq!(listed(query).await, ids, "{query}");
        }
        let first = support.get(&format!("{PAYMENTS}?status=unknown&limit=1")).await.expect(200);
        let cursor = first.value()["next_cursor"].as_str().expect("there is more").to_owned();
        let rest = listed(&format!("status=unknown&limit=1&cursor={cursor}")).await;
        assert_eq!(rest, [json!(payment_id(2).to_string())]);
        for query in ["status=lost", "limit=0", "cursor=nonsense", "colour=red"] {
            let _ = support.get(&format!("{PAYMENTS}?{query}")).await.expect(422);
        }
        for (who, status) in [
            (world.public.clone(), 401),
            (world.guest(1), 401),
            (world.user(ADA, Role::Customer), 403),
            (world.user(102, Role::Manager), 200),
            (world.user(102, Role::Admin), 200),
        ] {
            let _ = who.get(PAYMENTS).await.expect(status);
        }
    });
}

#[test]
fn support_voids_what_nobody_knows_and_nothing_else() {
    on_virtual_time(async {
        let world = World::in_memory().await;
        let unknown = world.authorize(1, "tok_timeout").await.expect("answered").id;
        let (captured, waits) = (world.captured(2).await, world.awaiting_customer(3).await);
        let support = world.user(102, Role::Support);
        let void =
            |who: &Actor, id: PaymentId| who.post(&format!("{PAYMENTS}/{id}/void"), &json!({}));

        for (who, status) in [
            (world.public.clone(), 401),
            (world.guest(1), 401),
            (world.user(ADA, Role::Customer), 403),
            (world.user(102, Role::Manager), 403),
        ] {
            let _ = void(&who, unknown).await.expect(status);
        }
        for _ in 0..2 {
            let body = void(&support, unknown).await.expect(200).value();
            assert_eq!(body["status"], "voided");
        }
        for id in [captured, waits] {
            let refusal = void(&support, id).await.expect(409).value();
            assert_eq!(refusal["code"], "invalid_transition");
        }
        let _ = void(&support, payment_id(9)).await.expect(404);
        assert_eq!(world.news().await, [(unknown, PaymentStatus::Voided)]);
        world.assert_books_agree().await;
    });
}

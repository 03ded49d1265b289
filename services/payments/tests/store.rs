//! What the tables themselves promise, and what many callers at the same moment make of one payment, on
//! every engine.

use std::{future::Future, sync::Arc, time::Duration};

use futures::future::join_all;
use techtrove_core::{Clock as _, PageRequest, Timestamp, TypedId as _};
use techtrove_db::{Db, DbError, Tx, p, testing::engines};
use techtrove_http::ClientError;
use techtrove_payments::{
    Error,
    app::RefundOrder,
    domain::{
        ActionOutcome, ChargeStatus, OperationKind, Payment, ProviderCharge, Settlement, Told,
        settle,
    },
    store::{self, RefundTrouble},
};
use techtrove_payments_api::{PaymentStatus, PaymentsClient};

use crate::support::{
    AMOUNT, Face, World, authorization, code, payment_id, refund_id, request, usd,
};

/// Runs a test on every engine there is, with each face of the stranger; afterwards both sides' books must
/// agree.
async fn on_every_engine<F, T>(test: F)
where
    F: Fn(Arc<World>) -> T,
    T: Future<Output = ()>,
{
    for face in Face::BOTH {
        let (payments, sandboxes) = (engines().await, engines().await);
        for (payments, sandbox) in payments.into_iter().zip(sandboxes) {
            let world = World::new(Db::clone(&payments), Db::clone(&sandbox), face).await;
            let world = Arc::new(world);
            test(Arc::clone(&world)).await;
            world.assert_books_agree().await;
            payments.close().await;
            sandbox.close().await;
        }
    }
}

/// Makes `count` calls at the same moment.
async fn at_once<C, F, T>(count: u32, world: &Arc<World>, call: C) -> Vec<T>
where
    C: Fn(Arc<World>, u32) -> F,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let calls = (0..count).map(|number| tokio::spawn(call(Arc::clone(world), number)));
    join_all(calls).await.into_iter().map(|done| done.expect("no panic")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_authorisation_at_once_reserves_once() {
    on_every_engine(|world| async move {
        let answers =
            at_once(32, &world, |world, _| async move { world.authorize(1, "tok_ok").await }).await;

        for answer in answers {
            match answer.expect("payments answers").status {
                // Stripe answers one request under a key, and sends the others away meanwhile.
                PaymentStatus::Unknown if world.face == Face::Stripe => {}
                status => assert_eq!(status, PaymentStatus::Authorized),
            }
        }
        assert_eq!(world.status(payment_id(1)).await, PaymentStatus::Authorized);
        let sums = world.provider_book().await[&payment_id(1).to_string()].ledger;
        assert_eq!(sums.authorized, AMOUNT);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_payment_with_several_tokens_at_once_is_reserved_once_or_not_at_all() {
    on_every_engine(|world| async move {
        for round in 1..=6 {
            at_once(12, &world, move |world, number| async move {
                let token = ["tok_ok", "tok_nobody_knows", "tok_declined"][number as usize % 3];
                match world.authorize(round, token).await {
                    Err(ClientError::Refused(problem)) => assert_eq!(problem.status, 422),
                    answer => drop(answer.expect("payments answers")),
                }
            })
            .await;
            assert_ne!(world.status(payment_id(round)).await, PaymentStatus::Unknown);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_and_voids_at_once_end_one_way() {
    on_every_engine(|world| async move {
        for round in 1..=8 {
            let id = world.authorized(round).await;

            let outcomes = at_once(16, &world, move |world, number| async move {
                if number % 2 == 0 {
                    world.payments.capture(id).await
                } else {
                    world.payments.void(id).await
                }
            })
            .await;

            let end = world.status(id).await;
            assert!(matches!(end, PaymentStatus::Captured | PaymentStatus::Voided));
            for outcome in outcomes {
                match outcome {
                    Ok(payment) => assert!([end, PaymentStatus::Unknown].contains(&payment.status)),
                    Err(ClientError::Refused(problem)) => {
                        let known =
                            ["invalid_transition", "operation_in_progress", "unknown_outcome"];
                        assert!(known.contains(&&*problem.code), "{problem}");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    })
    .await;
}

async fn refund_until_decided(client: &PaymentsClient, number: u32) -> bool {
    let request = techtrove_payments_api::RefundRequest {
        refund_id: refund_id(number),
        amount: usd(AMOUNT / 10),
        reason: "one of many".to_owned(),
    };
    loop {
        match client.refund(payment_id(1), &request).await {
            Ok(_) => return true,
            Err(ClientError::Refused(problem)) => match &*problem.code {
                "refund_exceeds_payment" => return false,
                "operation_in_progress" | "unavailable" | "unknown_outcome" => {
                    tokio::task::yield_now().await
                }
                other => panic!("{other}"),
            },
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_at_once_never_exceed_what_was_captured() {
    on_every_engine(|world| async move {
        let id = world.captured(1).await;

        let outcomes = at_once(24, &world, |world, number| async move {
            refund_until_decided(&world.payments, number).await
        })
        .await;

        assert_eq!(outcomes.into_iter().filter(|made| *made).count(), 10);
        assert_eq!(world.status(id).await, PaymentStatus::Refunded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_refund_at_once_gives_back_once() {
    on_every_engine(|world| async move {
        let id = world.captured(1).await;

        let answers =
            at_once(16, &world, move |world, _| async move { world.refund(id, 1, 100).await })
                .await;

        for answer in answers {
            match answer {
                Err(error) if world.face == Face::Stripe => assert!(error.is_outcome_unknown()),
                answer => drop(answer.expect("refunded")),
            }
        }
        world.refund(id, 1, 100).await.expect("refunded");
        assert_eq!(world.book().await[0].refunded, 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciling_at_once_with_everything_else_settles_once() {
    on_every_engine(|world| async move {
        at_once(48, &world, |world, number| async move {
            let id = payment_id(1);
            match number % 4 {
                0 => drop(world.authorize(1, "tok_ok").await),
                1 => drop(world.payments.reconcile(id).await),
                2 => drop(world.payments.capture(id).await),
                _ => drop(techtrove_payments::app::recover(&world.app).await),
            }
        })
        .await;

        let end = world.status(payment_id(1)).await;
        assert_ne!(end, PaymentStatus::Unknown);
    })
    .await;
}

/// A payment with its authorisation open, in the tables and nowhere else.
async fn stored(world: &World, number: u32) -> Payment {
    let wish = authorization(&request(number, "tok_ok"));
    let begun = Payment::authorize(wish.id, wish.terms, world.clock.now());
    let payment = begun.payment.clone();
    let now = world.clock.now();
    world
        .app
        .db
        .write("test.insert", move |tx| store::insert(tx, &begun, now, now))
        .await
        .expect("stored");
    payment
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_voids_at_once_end_one_way() {
    on_every_engine(|world| async move {
        for round in 1..=8 {
            let id = world.awaiting_customer(round).await;

            at_once(16, &world, move |world, number| async move {
                match number % 4 {
                    0 => drop(world.complete(id, ActionOutcome::Succeed).await),
                    1 => drop(world.complete(id, ActionOutcome::Fail).await),
                    2 => drop(world.payments.reconcile(id).await),
                    _ if number < 8 => drop(world.payments.void(id).await),
                    _ => drop(world.authorize(round, "tok_requires_action").await),
                }
            })
            .await;

            let end = world.status(id).await;
            assert!(
                matches!(
                    end,
                    PaymentStatus::Authorized | PaymentStatus::Failed | PaymentStatus::Voided
                ),
                "{end:?}"
            );
        }
    })
    .await;
}

fn authorised(payment: &Payment) -> Settlement {
    let charge = ProviderCharge {
        key: payment.id.to_string(),
        amount: Some(usd(AMOUNT)),
        status: ChargeStatus::Authorized,
        captured: 0,
        decline_code: None,
        action_url: None,
    };
    let open = payment.open.as_ref().expect("open");
    settle(payment, open, &Told::Charge(charge)).expect("it ends")
}

async fn end(world: &World, settlement: Settlement, number: i64) -> Result<(), Error> {
    let now = world.clock.now();
    world.app.db.write("test.end", move |tx| store::end(tx, number, &settlement, now)).await
}

#[tokio::test]
async fn payments_are_listed_by_where_they_stand() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        let (unknown, _) = (stored(&world, 1).await.id, world.authorized(2).await);
        let waits = world.awaiting_customer(3).await;
        let db = &world.app.db;
        let list = async |status, before| {
            let rows =
                db.read("test.list", move |tx| store::list(tx, (status, None), before, 10)).await;
            rows.expect("listed").iter().map(|dated| dated.payment.id).collect::<Vec<_>>()
        };

        assert_eq!(list(None, None).await, [waits, payment_id(2), unknown]);
        assert_eq!(list(None, Some(waits)).await, [payment_id(2), unknown]);
        assert_eq!(list(Some(PaymentStatus::Unknown), None).await, [unknown]);
        assert_eq!(list(Some(PaymentStatus::RequiresAction), None).await, [waits]);
        assert_eq!(list(Some(PaymentStatus::Authorized), None).await, [payment_id(2)]);
        let open = db.read("test.open", store::open_summary).await.expect("counted");
        assert_eq!(open.count, 1, "who waits for a customer is not counted");
        engine.close().await;
    }
}

#[tokio::test]
async fn an_operation_ends_once() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        let payment = stored(&world, 1).await;

        let first = end(&world, authorised(&payment), 1).await;
        let second = end(&world, authorised(&payment), 1).await;

        assert!(first.is_ok(), "{first:?}");
        assert!(matches!(second, Err(Error::Overtaken)), "{second:?}");
        let page = PageRequest { limit: Some(1), cursor: None };
        let balances = world.payments.audit_ledger(&page).await.expect("the ledger").items;
        assert_eq!((balances[0].balance, balances[0].entries), (0, 2));
        engine.close().await;
    }
}

#[tokio::test]
async fn an_operation_begins_only_from_the_version_that_was_read() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        let payment = stored(&world, 1).await;
        end(&world, authorised(&payment), 1).await.expect("ended");
        let now = world.clock.now();
        let read = lookup(&world, payment.id).await;
        let (capture, void) =
            (read.begin(OperationKind::Capture, now), read.begin(OperationKind::Void, now));

        let db = &world.app.db;
        let first = db.write("test.begin", move |tx| store::begin(tx, &capture, now, now)).await;
        let second = db.write("test.begin", move |tx| store::begin(tx, &void, now, now)).await;

        assert!(first.is_ok(), "{first:?}");
        assert!(matches!(second, Err(Error::Overtaken)), "{second:?}");
        engine.close().await;
    }
}

#[tokio::test]
async fn one_try_of_the_recovery_is_taken_once() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        stored(&world, 1).await;
        let now = world.clock.now();
        let db = &world.app.db;
        let due = db.read("test.due", move |tx| store::due(tx, now, 10)).await.expect("due");
        let [operation] = due[..] else { panic!("one operation is due: {due:?}") };
        let later = now.plus(std::time::Duration::from_secs(3));

        let take = || db.write("test.claim", move |tx| store::claim(tx, &operation, later));
        let (first, second) = (take().await, take().await);
        let still_due = db.read("test.due", move |tx| store::due(tx, now, 10)).await;

        assert_eq!((first, second), (Ok(true), Ok(false)));
        assert_eq!(still_due, Ok(Vec::new()));
        engine.close().await;
    }
}

#[tokio::test]
async fn one_look_at_a_refund_is_taken_once_and_what_has_failed_is_looked_at_no_more() {
    const DAY: Duration = Duration::from_secs(24 * 3_600);
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        let id = world.captured(1).await;
        world.refund(id, 1, 100).await.expect("given back");
        let (db, asked, now) = (&world.app.db, world.clock.now(), world.clock.now().plus(DAY));
        let due = || db.read("test.looks", move |tx| store::due_looks(tx, now, 10));

        let early = db.read("test.looks", move |tx| store::due_looks(tx, asked, 10)).await;
        let found = due().await.expect("due");
        let [look] = found[..] else { panic!("one look is due: {found:?}") };
        let take = |at| db.write("test.look", move |tx| store::move_look(tx, &look, Some(at)));
        let (first, second) = (take(now.plus(DAY)).await, take(now).await);
        let taken = due().await;
        world.decide_refund(id, 1, "fail").await;
        assert_eq!(world.say_it_failed(id, 1).await, 200);
        let later = now.plus(9 * DAY);
        let failed = db.read("test.looks", move |tx| store::due_looks(tx, later, 10)).await;

        assert_eq!((early, first, second), (Ok(Vec::new()), Ok(true), Ok(false)));
        assert_eq!((look.refund, look.payment, look.due), (refund_id(1), id, now));
        assert_eq!((taken, failed), (Ok(Vec::new()), Ok(Vec::new())));
        engine.close().await;
    }
}

async fn lookup(world: &World, id: techtrove_payments_api::PaymentId) -> Payment {
    let found = world.app.db.read("test.lookup", move |tx| store::lookup(tx, id)).await;
    found.expect("the database answers").expect("stored")
}

async fn refused_by_the_schema(
    world: &World,
    statement: impl Fn(&mut Tx<'_>) -> Result<u64, DbError> + Send + 'static,
) -> DbError {
    world.app.db.write("test.statement", statement).await.expect_err("the schema refuses")
}

#[tokio::test]
async fn the_schema_refuses_what_must_never_be() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        let id = stored(&world, 1).await.id;
        let now = Timestamp::from_micros(1);

        let second_open = refused_by_the_schema(&world, move |tx| {
            tx.execute(
                "INSERT INTO operations (payment_id, number, kind, state, open_slot, amount, \
                 provider_key, attempts, next_attempt_at, opened_at, closed_at) \
                 VALUES (?, 2, 'void', 'open', 1, 1, 'k', 0, 1, 1, NULL)",
                p![id],
            )
        });
        assert!(matches!(second_open.await, DbError::UniqueViolation { .. }));
        let taken_too_much = refused_by_the_schema(&world, move |tx| {
            tx.execute("UPDATE payments SET captured = amount + 1 WHERE id = ?", p![id])
        });
        assert_eq!(taken_too_much.await, DbError::CheckViolation);
        let given_back_too_much = refused_by_the_schema(&world, move |tx| {
            tx.execute("UPDATE payments SET refunded = captured + 1 WHERE id = ?", p![id])
        });
        assert_eq!(given_back_too_much.await, DbError::CheckViolation);
        let booked_for_nothing = refused_by_the_schema(&world, move |tx| {
            tx.execute(
                "INSERT INTO ledger_entries (payment_id, operation, line, account, amount, \
                 currency, created_at) VALUES (?, 99, 0, 'sales', 1, 'USD', ?)",
                p![id, now],
            )
        });
        assert_eq!(booked_for_nothing.await, DbError::ForeignKey);
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_refused_or_lost_is_kept_with_its_reason_and_listed() {
    on_every_engine(|world| async move {
        let refused = world.captured_by(1, "tok_refund_fails").await;
        let lost = world.captured(2).await;
        let waits = world.captured_by(3, "tok_refund_pending").await;
        assert_eq!(code(world.refund(refused, 1, 100).await), "refund_refused");
        world.refund(lost, 2, 100).await.expect("given back");
        assert_eq!(code(world.refund(waits, 3, 100).await), "unknown_outcome");
        world.decide_refund(lost, 2, "fail").await;
        let listed = async |trouble| {
            let list = move |tx: &mut Tx<'_>| store::list(tx, (None, Some(trouble)), None, 10);
            let rows = world.app.db.read("test.list", list).await.expect("listed");
            rows.iter().map(|dated| dated.payment.id).collect::<Vec<_>>()
        };

        let answers =
            at_once(8, &world, move |world, _| async move { world.say_it_failed(lost, 2).await })
                .await;

        assert!(answers.iter().all(|answer| [200, 503].contains(answer)), "{answers:?}");
        assert_eq!(world.lost_refunds().await.len(), 1);
        assert_eq!(listed(RefundTrouble::Failed).await, [lost, refused]);
        assert_eq!(listed(RefundTrouble::Pending).await, [waits]);
        world.clock.advance(Duration::from_secs(1));
        world.refund(lost, 5, AMOUNT).await.expect("given back");
        assert_eq!(listed(RefundTrouble::Failed).await, [refused]);
        world.decide_refund(waits, 3, "fail").await;
        world.payments.reconcile(waits).await.expect("asked");
        assert_eq!(listed(RefundTrouble::Failed).await, [waits, refused]);
    })
    .await;
}

#[tokio::test]
async fn a_refund_is_found_by_its_id_and_only_for_its_payment() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        let (first, second) = (world.captured(1).await, world.captured(2).await);
        world.refund(first, 1, 100).await.expect("refunded");

        assert_eq!(code(world.refund(second, 1, 100).await), "payment_mismatch");
        assert_eq!(code(world.refund(first, 1, 101).await), "payment_mismatch");
        assert_eq!(world.refund(first, 1, 100).await.expect("the same").refunded, 100);
        let order = RefundOrder { id: refund_id(9), amount: usd(1), reason: String::new() };
        let unknown = world
            .app
            .db
            .read("test.refund", move |tx| store::lookup_refund(tx, order.id, first))
            .await;
        assert_eq!(unknown.expect("the database answers"), None);
        assert_eq!(first.uuid(), payment_id(1).uuid());
        engine.close().await;
    }
}

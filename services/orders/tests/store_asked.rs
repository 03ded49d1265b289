//! What is asked of orders, on every engine: parcels and refunds come back, and whoever changes an order
//! beside its driver is seen by it.

use techtrove_core::{Quantity, TypedId as _};
use techtrove_db::DbError;
use techtrove_orders::{
    domain::{
        Booking, Order, Pieces, Refund, RefundStatus, Return, Shipment, ShipmentStatus, Withdrawal,
        saga::{Change, PaymentReport, Saga, Step},
    },
    store::{self, Lease},
};
use techtrove_orders_api::{OrderId, OrderStatus, ReturnId, ReturnStatus, ShipmentId};
use techtrove_payments_api::{NextAction, PaymentStatus, RefundId};
use techtrove_testing::engines;
use uuid::Uuid;

use crate::shelf::{at, change, claim, lease, load, migrated, order, place};

#[tokio::test]
async fn parcels_refunds_and_what_the_buyer_has_to_do_come_back() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let asked = NextAction { kind: "redirect".into(), url: "/pay?a=\"1\"".into() };
        let payment = PaymentReport {
            captured: 900,
            refunded: 100,
            next_action: Some(asked),
            ..PaymentReport::none(PaymentStatus::PartiallyRefunded)
        };
        let next = Some(Saga { step: Step::Ship, ..Saga::begin(at(0)) });
        let opened = Change {
            next: next.clone(),
            status: Some(OrderStatus::Confirmed),
            payment: Some(payment.clone()),
            attempt: Some(2),
            refunds: vec![refund(1, 100), refund(2, 50)],
            shipments: vec![parcel(1, &[(0, 2), (1, 1)]), parcel(2, &[(2, 1)])],
            ..Change::default()
        };
        order.apply(&opened, at(2));
        assert_eq!(change(&db, lease(&order, 1, 9), &opened, &order).await, Ok(true));
        assert_eq!(load(&db, order.id).await.0.as_ref(), Some(&order), "{}", db.label());

        let ended = Change {
            next,
            status: Some(OrderStatus::Shipped),
            payment: Some(PaymentReport { next_action: None, ..payment }),
            refunds: vec![refund(2, 50).failed("card_is_gone", at(3))],
            shipments: vec![
                order.shipments[0].shipped(at(3)),
                order.shipments[1].withdrawn(Withdrawal::Stock),
            ],
            ..Change::default()
        };
        order.apply(&ended, at(3));
        assert_eq!(change(&db, lease(&order, 1, 9), &ended, &order).await, Ok(true));

        let (found, _) = load(&db, order.id).await;
        assert_eq!(found.as_ref(), Some(&order), "{}", db.label());
        let found = found.expect("kept");
        assert_eq!((found.lines[0].shipped, found.lines[2].shipped), (2, 0), "{}", db.label());
        assert_eq!((found.history.len(), found.attempt), (4, 2), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn returns_come_back_and_the_database_itself_counts_their_pieces() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let next = Some(Saga { step: Step::TakeBack, ..Saga::begin(at(0)) });
        let sent = Shipment { status: ShipmentStatus::Preparing, ..parcel(1, &[(0, 2), (1, 1)]) };
        let mut kept = async |one: Change, now| {
            let one = Change { next: next.clone(), ..one };
            order.apply(&one, at(now));
            let stored = change(&db, lease(&order, 1, 9), &one, &order).await;
            (stored, load(&db, order.id).await.0, order.clone())
        };
        let of = |returns: Vec<Return>| Change { returns, ..Change::default() };

        let packed = Change {
            status: Some(OrderStatus::Confirmed),
            shipments: vec![sent.clone()],
            ..Change::default()
        };
        kept(packed, 1).await.0.expect("stored");
        let left = Change { shipments: vec![sent.shipped(at(2))], ..Change::default() };
        kept(left, 2).await.0.expect("stored");
        let asked = [back(1, &[(0, 1), (1, 1)]), back(2, &[(0, 1)])];
        let (_, found, expected) = kept(of(asked.to_vec()), 3).await;
        assert_eq!(found, Some(expected), "{}", db.label());

        let refused = asked[1].moved(ReturnStatus::Rejected, at(4)).expect("a way");
        let approved = asked[0].moved(ReturnStatus::Approved, at(4)).expect("a way");
        kept(of(vec![approved.clone(), refused]), 4).await.0.expect("stored");
        let received = Return {
            restock: Some(false),
            booking: Booking::Booked,
            refund: Some(RefundId::from_uuid(Uuid::from_u128(9))),
            received_under: Some([7; 32]),
            ..approved.moved(ReturnStatus::Received, at(5)).expect("a way")
        };
        let (_, found, expected) = kept(of(vec![received]), 5).await;
        assert_eq!(found.as_ref(), Some(&expected), "{}", db.label());
        let counts: Vec<_> = expected.lines.iter().map(|line| line.returned).collect();
        assert_eq!(counts, [1, 1, 0]);
        let (more, found, _) = kept(of(vec![back(3, &[(0, 2)])]), 6).await;
        assert!(more.is_err(), "{}", db.label());
        assert_eq!(found, Some(expected), "{}", db.label());
        db.close().await;
    }
}

fn back(number: u128, pieces: &[(usize, u32)]) -> Return {
    let pieces = pieces.iter().map(|(line, count)| Pieces {
        line: *line,
        quantity: Quantity::new(*count).expect("a quantity"),
    });
    Return {
        id: ReturnId::from_uuid(Uuid::from_u128(number)),
        status: ReturnStatus::Requested,
        pieces: pieces.collect(),
        reason: "too \"loud\" ☹".into(),
        restock: None,
        booking: Booking::None,
        refund: None,
        received_under: None,
        created_at: at(3),
        updated_at: at(3),
    }
}

fn refund(number: u128, amount: i64) -> Refund {
    Refund {
        id: RefundId::from_uuid(Uuid::from_u128(number)),
        status: RefundStatus::Pending,
        amount,
        reason: "a \"scratch\" ☹".into(),
        claim: (number == 1).then_some([7; 32]),
        failure_code: None,
        created_at: at(1),
        updated_at: at(1),
        ask_at: at(1),
    }
}

fn parcel(number: u128, pieces: &[(usize, u32)]) -> Shipment {
    let quantity = |count| Quantity::new(count).expect("a quantity");
    let pieces =
        pieces.iter().map(|(line, count)| Pieces { line: *line, quantity: quantity(*count) });
    Shipment {
        id: ShipmentId::from_uuid(Uuid::from_u128(number)),
        status: ShipmentStatus::Preparing,
        carrier: "DHL".into(),
        tracking_number: (number == 1).then(|| "JD0001".into()),
        pieces: pieces.collect(),
        withdrawn_for: None,
        claim: (number == 1).then_some([8; 32]),
        created_at: at(1),
        shipped_at: None,
    }
}

#[tokio::test]
async fn a_driver_stores_nothing_over_what_others_have_changed() {
    for db in engines().await {
        migrated(&db).await;
        let order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let id = order.id;

        let locked = db.write("test.ask", move |tx| {
            let locked = store::lock_order(tx, id)?;
            if let Some(locked) = &locked {
                let note = Some("cancelled by the buyer".into());
                let asked = Order { cancel_asked: note, ..locked.order.clone() };
                store::store_moved(tx, &asked, &Change::default(), asked.history.len())?;
            }
            Ok::<_, DbError>(locked)
        });
        let locked = locked.await.expect("locked").expect("there");

        assert_eq!((&locked.order, locked.is_open), (&order, true), "{}", db.label());
        let step = Change { next: Some(Saga::begin(at(0))), ..Change::default() };
        assert_eq!(change(&db, lease(&order, 1, 9), &step, &order).await, Ok(false));
        let own = lease(&order, 1, 9);
        let seen = db.read("test.own", move |tx| store::lookup_own_saga(tx, &own));
        let seen = seen.await.map_err(|e: DbError| e).expect("read").expect("still ours");
        assert_eq!(seen.revision, 1, "{}", db.label());
        let note = load(&db, id).await.0.expect("there").cancel_asked;
        assert_eq!(note.as_deref(), Some("cancelled by the buyer"), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn an_order_that_waits_is_taken_by_whoever_needs_it_and_one_at_work_is_not() {
    for db in engines().await {
        migrated(&db).await;
        let order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let take = |owner: u128| {
            let lease = Lease { order: order_id(1), owner: Uuid::from_u128(owner), until: at(90) };
            let taken = db.write("test.take", move |tx| store::take_lease(tx, &lease, at(1)));
            async move { taken.await.map_err(|e: DbError| e).expect("asked") }
        };

        assert!(!take(2).await, "{}", db.label());
        let waits = Change { next: Some(Saga::begin(at(0))), waits: true, ..Change::default() };
        assert_eq!(change(&db, lease(&order, 1, 60), &waits, &order).await, Ok(true));
        assert_eq!(claim(&db, 3, 50, 10).await, [], "{}", db.label());
        let hurried = db.write("test.hurry", move |tx| store::hurry(tx, order_id(1), at(50)));
        assert!(hurried.await.map_err(|e: DbError| e).expect("asked"), "{}", db.label());
        assert_eq!(claim(&db, 3, 50, 10).await, [order_id(1)], "{}", db.label());
        assert!(!take(4).await, "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_refund_is_asked_about_in_its_own_time_unless_there_is_news() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let next = Some(Saga { step: Step::Refund, ..Saga::begin(at(0)) });
        let asked = Change {
            next: next.clone(),
            status: Some(OrderStatus::Confirmed),
            refunds: vec![refund(1, 10), refund(2, 20)],
            ..Change::default()
        };
        order.apply(&asked, at(1));
        assert_eq!(change(&db, lease(&order, 1, 9), &asked, &order).await, Ok(true));

        let first = order.refunds[0].id;
        let waits =
            Change { next, waits: true, put_off: Some((first, at(60))), ..Change::default() };
        order.put_off(first, at(60));
        assert_eq!(change(&db, lease(&order, 1, 60), &waits, &order).await, Ok(true));
        let (found, _) = load(&db, order.id).await;
        assert_eq!(found.as_ref(), Some(&order), "{}", db.label());
        assert_eq!(order.pending_refund().map(|refund| refund.amount), Some(20));

        let hurried = db.write("test.hurry", move |tx| store::hurry(tx, order_id(1), at(50)));
        assert!(hurried.await.map_err(|e: DbError| e).expect("asked"), "{}", db.label());
        let (found, _) = load(&db, order.id).await;
        let asked: Vec<_> = found.expect("kept").refunds.iter().map(|it| it.ask_at).collect();
        assert_eq!(asked, [at(50), at(50)], "{}", db.label());
        db.close().await;
    }
}

fn order_id(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

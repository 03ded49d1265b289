//! The store on every engine: what is stored comes back, leases keep drivers apart, and the schema
//! refuses what must never be.

use techtrove_core::TypedId as _;
use techtrove_db::{DbError, Wanted};
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders::{
    domain::{
        Delivery, Order, OrderNumber, Refusal,
        saga::{Change, PaymentReport, Saga, Step},
    },
    store::{self, StoredSaga},
};
use techtrove_orders_api::{OrderId, OrderStatus, StockClaim};
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::engines;
use uuid::Uuid;

use crate::shelf::{at, change, claim, lease, load, migrated, order, place, usd};

#[tokio::test]
async fn an_order_comes_back_as_it_was_placed() {
    for db in engines().await {
        migrated(&db).await;
        let placed = order(1);
        let bare = Order {
            number: None,
            user_id: None,
            email: None,
            delivery: Delivery::default(),
            ..order(2)
        };

        place(&db, &placed, 1, 5).await.expect("placed");
        place(&db, &bare, 1, 5).await.expect("placed");

        let (found, saga) = load(&db, placed.id).await;
        assert_eq!(found, Some(placed), "{}", db.label());
        assert_eq!(
            saga,
            Some(StoredSaga { saga: Saga::begin(at(0)), claim: Some([9; 32]), revision: 0 })
        );
        assert_eq!(load(&db, bare.id).await.0, Some(bare), "{}", db.label());
        assert_eq!(load(&db, order(3).id).await, (None, None), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_number_belongs_to_one_order_and_refused_ones_have_none() {
    for db in engines().await {
        migrated(&db).await;
        place(&db, &order(1), 1, 5).await.expect("placed");
        let taken = Order { number: order(1).number, ..order(2) };
        let lower = order(1).number.map(|n| OrderNumber::stored(n.as_str().to_lowercase()));

        let twice = place(&db, &taken, 1, 5).await;
        assert!(matches!(twice, Err(DbError::UniqueViolation { .. })), "{}: {twice:?}", db.label());
        assert_eq!(load(&db, order(2).id).await, (None, None), "{}", db.label());
        place(&db, &Order { number: lower, ..order(3) }, 1, 5).await.expect("another number");
        for number in [4, 5] {
            let none = Order { number: None, email: None, ..order(number) };
            place(&db, &none, 1, 5).await.expect("placed");
        }
        db.close().await;
    }
}

#[tokio::test]
async fn the_schema_refuses_what_must_never_be() {
    for db in engines().await {
        migrated(&db).await;
        let mut too_much = order(1);
        too_much.payment.captured = too_much.totals.total.amount + 1;
        let remembered = Order { refused: true, ..order(2) };
        let mut negative = order(3);
        negative.totals.total = usd(-1);
        let mut less_than_nothing = order(4);
        less_than_nothing.lines[0].total = usd(-1);

        for wrong in [too_much, remembered, negative, less_than_nothing] {
            let refused = place(&db, &wrong, 1, 5).await;
            let what = format!("{} {refused:?}", db.label());
            assert_eq!(refused, Err(DbError::CheckViolation), "{what}");
        }
        assert_eq!(claim(&db, 2, 100, 10).await, []);
        db.close().await;
    }
}

#[tokio::test]
async fn only_the_leases_owner_stores_a_step() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let next = Saga {
            step: Step::Release,
            attempt: 2,
            tries: 3,
            asked_at: Some(at(1)),
            answered: true,
            deadline: Some(at(90)),
            refusal: Some(Refusal::OutOfStock {
                lines: vec![OutOfStockLine {
                    sku: "GPU".parse().expect("a SKU"),
                    requested: 3,
                    available: 1,
                }],
            }),
        };
        let step = Change {
            next: Some(next.clone()),
            payment: Some(PaymentReport::none(PaymentStatus::Failed)),
            ..Change::default()
        };
        order.apply(&step, at(2));

        assert_eq!(change(&db, lease(&order, 2, 9), &step, &order).await, Ok(false));
        assert_eq!(
            load(&db, order.id).await.1.expect("open").saga,
            Saga::begin(at(0)),
            "{}",
            db.label()
        );
        assert_eq!(change(&db, lease(&order, 1, 9), &step, &order).await, Ok(true));
        let (found, saga) = load(&db, order.id).await;
        let stored = StoredSaga { saga: next, claim: Some([9; 32]), revision: 0 };
        assert_eq!(saga, Some(stored), "{}", db.label());
        assert_eq!(found, Some(order), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_settled_order_is_out_of_everybodys_hands() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let end = Change {
            status: Some(OrderStatus::Cancelled),
            note: Some("out of stock".into()),
            forgets_buyer: true,
            ..Change::default()
        };
        order.apply(&end, at(2));

        assert_eq!(change(&db, lease(&order, 2, 9), &end, &order).await, Ok(false));
        assert_eq!(change(&db, lease(&order, 1, 9), &end, &order).await, Ok(true));
        assert_eq!(change(&db, lease(&order, 1, 9), &end, &order).await, Ok(false));

        let (found, saga) = load(&db, order.id).await;
        assert_eq!((found.as_ref(), saga), (Some(&order), None), "{}", db.label());
        let found = found.expect("kept");
        assert_eq!((found.number, found.email, found.history.len()), (None, None, 2));
        assert_eq!(claim(&db, 3, 1_000, 10).await, [], "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn leases_that_have_ended_are_taken_once_the_oldest_first() {
    for db in engines().await {
        migrated(&db).await;
        for (number, due) in [(1, 30), (2, 10), (3, 20), (4, 99)] {
            place(&db, &order(number), 1, due).await.expect("placed");
        }
        let ids = |numbers: &[u128]| numbers.iter().map(|n| order(*n).id).collect::<Vec<_>>();

        assert_eq!(claim(&db, 2, 9, 10).await, [], "{}", db.label());
        assert_eq!(claim(&db, 2, 30, 2).await, ids(&[2, 3]), "{}", db.label());
        assert_eq!(claim(&db, 3, 30, 10).await, ids(&[1]), "{}", db.label());
        assert_eq!(claim(&db, 4, 30, 10).await, [], "{}", db.label());
        let step = Change { next: Some(Saga::begin(at(0))), ..Change::default() };
        assert_eq!(change(&db, lease(&order(2), 1, 50), &step, &order(2)).await, Ok(false));
        let backlog = db.read("test.backlog", store::backlog);
        let backlog = backlog.await.map_err(|e: DbError| e).expect("read");
        assert_eq!((backlog.open, backlog.oldest_due), (4, Some(at(35))), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn workers_at_once_never_take_the_same_order() {
    for db in engines().await {
        migrated(&db).await;
        for number in 1..=40 {
            place(&db, &order(number), 1, 5).await.expect("placed");
        }
        let workers: Vec<_> = (10..18_u128)
            .map(|owner| {
                let db = (*db).clone();
                tokio::spawn(async move {
                    let mut taken = claim(&db, owner, 10, 5).await;
                    taken.extend(claim(&db, owner + 100, 10, 5).await);
                    taken
                })
            })
            .collect();

        let mut taken = Vec::new();
        for worker in workers {
            taken.extend(worker.await.expect("no panic"));
        }
        let rest = claim(&db, 99, 10, 100).await;

        taken.extend(rest);
        taken.sort_unstable();
        let all: Vec<OrderId> = (1..=40).map(|number| order(number).id).collect();
        assert_eq!(taken, all, "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn the_book_is_read_page_by_page() {
    for db in engines().await {
        migrated(&db).await;
        for number in 1..=3 {
            place(&db, &order(number), 1, 5).await.expect("placed");
        }
        let mut sold = order(2);
        let end = Change { status: Some(OrderStatus::Confirmed), ..Change::default() };
        sold.apply(&end, at(7));
        assert_eq!(change(&db, lease(&sold, 1, 9), &end, &sold).await, Ok(true));

        let page = |after: Option<Uuid>| {
            let wanted = Wanted { after, limit: 2 };
            let page = db.read("test.page", move |tx| store::list_entries(tx, &wanted));
            async move { page.await.map_err(|e: DbError| e).expect("read").items }
        };
        let (first, second) = (page(None).await, page(Some(sold.id.uuid())).await);

        let seen: Vec<_> = first
            .iter()
            .chain(&second)
            .map(|entry| (entry.id, entry.stock, entry.settled, entry.lines.len()))
            .collect();
        assert_eq!(
            seen,
            [
                (order(1).id, StockClaim::InFlight, false, 3),
                (sold.id, StockClaim::Committed, true, 3),
                (order(3).id, StockClaim::InFlight, false, 3),
            ],
            "{}",
            db.label()
        );
        assert_eq!(
            (first[1].updated_at, first[1].total, &first[1].history.stations[..]),
            (at(7), usd(900), &[OrderStatus::Pending, OrderStatus::Confirmed][..]),
            "{}",
            db.label()
        );
        db.close().await;
    }
}

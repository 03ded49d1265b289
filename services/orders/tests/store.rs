//! The store on every engine: what is stored comes back, leases keep drivers apart, and the schema
//! refuses what must never be.

use std::time::Duration;

use techtrove_catalog_api::{Fulfilment, ProductId, VariantId};
use techtrove_core::{Currency, Money, Quantity, Timestamp, TypedId as _};
use techtrove_db::{Db, DbError, p};
use techtrove_identity_api::UserId;
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders::{
    domain::{
        Delivery, Entry, EntryKind, HistoryEntry, Line, Order, OrderNumber, PaymentState, Refusal,
        saga::{Change, PaymentReport, Saga, Step},
    },
    store::{self, Lease, StoredSaga},
};
use techtrove_orders_api::{OrderId, OrderStatus, StockClaim, Totals};
use techtrove_payments_api::{PaymentId, PaymentStatus};
use techtrove_testing::engines;
use uuid::Uuid;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000).plus(Duration::from_secs(seconds))
}

fn usd(amount: i64) -> Money {
    Money::new(amount, Currency::USD)
}

fn line(sku: &str, count: u32) -> Line {
    Line {
        sku: sku.parse().expect("a SKU"),
        product_id: ProductId::from_uuid(Uuid::from_u128(71)),
        variant_id: VariantId::from_uuid(Uuid::from_u128(72)),
        name: "Ä 'card' \"with\" 🖥".into(),
        fulfilment: Fulfilment::Physical,
        quantity: Quantity::new(count).expect("a quantity"),
        unit_price: usd(100),
        total: usd(100 * i64::from(count)),
        tax: usd(7),
    }
}

fn order(number: u128) -> Order {
    let address = serde_json::json!({
        "name": "Ada 'O' \"Lovelace\" ☺", "line1": "1\\2 Street", "city": "London",
        "postal_code": "N1", "country": "GB", "phone": "+44",
    });
    let address = serde_json::from_value(address).expect("an address");
    Order {
        id: OrderId::from_uuid(Uuid::from_u128(number)),
        number: Some(OrderNumber::stored(format!("TT-{number:010}"))),
        user_id: Some(UserId::from_uuid(Uuid::from_u128(5))),
        email: Some("ada@example.com".parse().expect("an address")),
        status: OrderStatus::Pending,
        refused: false,
        payment: PaymentState {
            id: PaymentId::from_uuid(Uuid::from_u128(number + 1_000)),
            provider: "sandbox".into(),
            status: PaymentStatus::Unknown,
            captured: 0,
        },
        delivery: Delivery {
            method: Some("standard".into()),
            shipping_address: Some(address),
            billing_address: None,
        },
        lines: vec![line("GPU", 2), line("CPU", 1), line("GPU", 1)],
        totals: Totals {
            subtotal: usd(400),
            discount: usd(0),
            shipping: usd(500),
            tax: usd(21),
            total: usd(921),
        },
        history: vec![HistoryEntry { status: OrderStatus::Pending, at: at(0), note: None }],
        version: 1,
        created_at: at(0),
        updated_at: at(0),
        cart_id: None,
        prices_include_tax: true,
    }
}

fn lease(order: &Order, owner: u128, seconds: u64) -> Lease {
    Lease { order: order.id, owner: Uuid::from_u128(owner), until: at(seconds) }
}

async fn migrated(db: &Db) {
    db.migrate(&store::MIGRATIONS).await.expect("migrated");
}

async fn place(db: &Db, order: &Order, owner: u128, seconds: u64) -> Result<(), DbError> {
    let (order, lease) = (order.clone(), lease(order, owner, seconds));
    db.write("test.place", move |tx| {
        store::insert_order(tx, &order)?;
        let saga = StoredSaga { saga: Saga::begin(), claim: Some([9; 32]) };
        store::insert_saga(tx, &lease, &saga)
    })
    .await
}

async fn load(db: &Db, id: OrderId) -> (Option<Order>, Option<StoredSaga>) {
    let found = db.read("test.load", move |tx| -> Result<_, DbError> {
        Ok((store::lookup_order(tx, id)?, store::lookup_saga(tx, id)?))
    });
    found.await.expect("read")
}

async fn change(db: &Db, lease: Lease, change: &Change, order: &Order) -> Result<bool, DbError> {
    let (change, order) = (change.clone(), order.clone());
    db.write("test.change", move |tx| store::store_change(tx, &lease, &change, &order)).await
}

async fn claim(db: &Db, owner: u128, now: u64, limit: u32) -> Vec<OrderId> {
    let claimed = db.write("test.claim", move |tx| {
        store::claim_due(tx, Uuid::from_u128(owner), at(now), at(now + 5), limit)
    });
    let claimed: Vec<Lease> = claimed.await.map_err(|e: DbError| e).expect("claimed");
    assert!(claimed.iter().all(|l| l.owner == Uuid::from_u128(owner) && l.until == at(now + 5)));
    claimed.into_iter().map(|lease| lease.order).collect()
}

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
        assert_eq!(saga, Some(StoredSaga { saga: Saga::begin(), claim: Some([9; 32]) }));
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
            payment: Some(PaymentReport {
                status: PaymentStatus::Failed,
                captured: 0,
                decline_code: None,
            }),
            ..Change::default()
        };
        order.apply(&step, at(2));

        assert_eq!(change(&db, lease(&order, 2, 9), &step, &order).await, Ok(false));
        assert_eq!(
            load(&db, order.id).await.1.expect("open").saga,
            Saga::begin(),
            "{}",
            db.label()
        );
        assert_eq!(change(&db, lease(&order, 1, 9), &step, &order).await, Ok(true));
        let (found, saga) = load(&db, order.id).await;
        assert_eq!(saga, Some(StoredSaga { saga: next, claim: Some([9; 32]) }), "{}", db.label());
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
        let step = Change { next: Some(Saga::begin()), ..Change::default() };
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

        let page = |after: Option<OrderId>| {
            let page = db.read("test.page", move |tx| store::list_entries(tx, after, 2));
            async move { page.await.map_err(|e: DbError| e).expect("read") }
        };
        let (first, second) = (page(None).await, page(Some(sold.id)).await);

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
        assert_eq!((first[1].updated_at, first[1].total), (at(7), usd(921)), "{}", db.label());
        db.close().await;
    }
}

/// Appends `count` parcels to the log of an order, each in a transaction of its own.
async fn append(db: &Db, order: &Order, count: u32) {
    for number in 0..count {
        let order = order.clone();
        let appended: Result<u64, DbError> = db
            .write("test.append", move |tx| {
                let data = format!("{{\"number\":{number}}}");
                tx.execute("UPDATE orders SET updated_at = updated_at WHERE id = ?", p![order.id])?;
                tx.execute_many(&[store::entry_row(&order, EntryKind::Shipment, &data)])
            })
            .await;
        appended.expect("appended");
    }
}

async fn log(db: &Db, id: OrderId, after: u64) -> Vec<Entry> {
    let entries = db.read("test.log", move |tx| store::list_entries_after(tx, id, after));
    entries.await.map_err(|e: DbError| e).expect("read")
}

#[tokio::test]
async fn the_log_has_no_gap_whoever_appends_at_once() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (db, order) = ((*db).clone(), order.clone());
                tokio::spawn(async move { append(&db, &order, 15).await })
            })
            .collect();
        for writer in writers {
            writer.await.expect("no panic");
        }
        let confirmed = Change {
            status: Some(OrderStatus::Confirmed),
            note: Some("paid".into()),
            payment: Some(PaymentReport {
                status: PaymentStatus::Captured,
                captured: 921,
                decline_code: None,
            }),
            ..Change::default()
        };
        order.apply(&confirmed, at(7));
        assert_eq!(change(&db, lease(&order, 1, 9), &confirmed, &order).await, Ok(true));

        let (first, rest) = (log(&db, order.id, 0).await, log(&db, order.id, 100).await);

        let numbers: Vec<u64> = first.iter().chain(&rest).map(|entry| entry.number).collect();
        assert_eq!(numbers, (1..=123).collect::<Vec<_>>(), "{}", db.label());
        assert_eq!(first.len(), 100);
        let end: Vec<_> = rest[21..].iter().map(|e| (e.kind, e.data.as_str())).collect();
        let payment = format!(
            r#"{{"id":"{}","status":"captured","at":"2026-01-01T00:00:07.000000Z"}}"#,
            order.payment.id
        );
        let status = r#"{"status":"confirmed","at":"2026-01-01T00:00:07.000000Z","note":"paid"}"#;
        assert_eq!(
            end,
            [(EntryKind::Payment, payment.as_str()), (EntryKind::Status, status)],
            "{}",
            db.label()
        );
        assert_eq!(load(&db, order.id).await.0, Some(order), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_refused_attempt_has_no_log() {
    for db in engines().await {
        migrated(&db).await;
        let mut order = order(1);
        place(&db, &order, 1, 5).await.expect("placed");
        let refused = Change {
            status: Some(OrderStatus::Cancelled),
            forgets_buyer: true,
            ..Change::default()
        };
        order.apply(&refused, at(2));
        assert_eq!(change(&db, lease(&order, 1, 9), &refused, &order).await, Ok(true));

        assert_eq!(log(&db, order.id, 0).await, [], "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_ticket_is_used_once_however_many_try_at_once() {
    for db in engines().await {
        migrated(&db).await;
        let (one, other) = (order(1).id, order(2).id);
        place(&db, &order(1), 1, 5).await.expect("placed");
        place(&db, &order(2), 1, 5).await.expect("placed");
        let issued = db.write("test.issue", move |tx| {
            store::insert_ticket(tx, one, &[1; 32], at(60))?;
            store::insert_ticket(tx, one, &[2; 32], at(60))
        });
        issued.await.map_err(|e: DbError| e).expect("issued");
        let used = |order, hash: u8, now| {
            let used =
                db.write("test.use", move |tx| store::use_ticket(tx, order, &[hash; 32], at(now)));
            async move { used.await.map_err(|e: DbError| e).expect("tried") }
        };

        assert!(!used(other, 1, 0).await, "{}: another order", db.label());
        assert!(!used(one, 3, 0).await, "{}: unknown", db.label());
        assert!(!used(one, 1, 60).await, "{}: expired", db.label());
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let db = (*db).clone();
                tokio::spawn(async move {
                    let used = db
                        .write("test.use", move |tx| store::use_ticket(tx, one, &[1; 32], at(59)));
                    used.await.map_err(|e: DbError| e).expect("tried")
                })
            })
            .collect();
        let mut uses = 0;
        for attempt in tries {
            uses += u32::from(attempt.await.expect("no panic"));
        }
        assert_eq!(uses, 1, "{}", db.label());
        let pruned = db.write("test.prune", |tx| store::prune_tickets(tx, at(60)));
        assert_eq!(pruned.await.map_err(|e: DbError| e), Ok(1), "{}", db.label());
        db.close().await;
    }
}

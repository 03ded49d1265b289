//! The history of an order as a log, and the tickets of its stream, on every engine.

use techtrove_db::{Db, DbError, p};
use techtrove_orders::{
    domain::{
        Entry, EntryKind, Order,
        saga::{Change, PaymentReport},
    },
    store,
};
use techtrove_orders_api::{OrderId, OrderStatus};
use techtrove_payments_api::PaymentStatus;
use techtrove_testing::engines;

use crate::shelf::{at, change, lease, load, migrated, order, place};

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
                captured: 900,
                ..PaymentReport::none(PaymentStatus::Captured)
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

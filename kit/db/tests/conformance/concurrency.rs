//! Many at once: nothing is sold twice, and who meets others tries again.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicU32, Ordering},
};

use futures::future::join_all;
use techtrove_db::{Db, DbError, p};

use crate::{add, is_server, on_each_engine, stock};

const TAKE: &str = "UPDATE stock SET quantity = quantity - ? WHERE sku = ? AND quantity >= ?";

#[tokio::test]
async fn two_hundred_callers_for_fifty_pieces() {
    on_each_engine(async |db| {
        add(db, "a", 50).await.expect("added");

        let taken = join_all((0..200).map(|_| {
            db.write("take", |tx| Ok::<_, DbError>(tx.execute(TAKE, p![1, "a", 1])? == 1))
        }))
        .await;

        let sold = taken.iter().filter(|taken| **taken == Ok(true)).count();
        let refused = taken.iter().filter(|taken| **taken == Ok(false)).count();
        assert_eq!((sold, refused), (50, 150));
        assert_eq!(stock(db).await, [("a".to_owned(), 0)]);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_many_look_for_and_make_at_once_is_made_once() {
    on_each_engine(async |db| {
        let added = join_all((0..50).map(|_| {
            db.write_again("add one", |tx| {
                let update = "UPDATE stock SET quantity = quantity + 1 WHERE sku = ?";
                if tx.execute(update, p!["a"])? == 0 {
                    tx.execute("INSERT INTO stock (sku, quantity) VALUES (?, ?)", p!["a", 1])?;
                }
                Ok::<_, DbError>(())
            })
        }))
        .await;

        assert!(added.iter().all(Result::is_ok), "{added:?}");
        assert_eq!(stock(db).await, [("a".to_owned(), 50)]);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_a_job_never_looks_for_is_refused_in_the_end() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");

        let insert = "INSERT INTO stock (sku, quantity) VALUES (?, ?)";
        let refused = db.write_again("insert", move |tx| tx.execute(insert, p!["a", 2])).await;

        assert!(matches!(refused, Err(DbError::UniqueViolation { .. })), "{refused:?}");
    })
    .await;
}

/// Moves pieces from one to the other; in the first attempt both sides wait for each other between
/// their two updates.
async fn move_one(
    db: &Db,
    [from, to]: [&'static str; 2],
    meet: Arc<Barrier>,
    attempts: Arc<AtomicU32>,
) -> Result<(), DbError> {
    db.write("move", move |tx| {
        let first = attempts.fetch_add(1, Ordering::SeqCst) == 0;
        tx.execute(TAKE, p![1, from, 1])?;
        if first {
            meet.wait();
        }
        tx.execute("UPDATE stock SET quantity = quantity + 1 WHERE sku = ?", p![to])?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    on_each_engine(async |db| {
        if !is_server(db) {
            // One writer meets nobody.
            return;
        }
        add(db, "a", 10).await.expect("added");
        add(db, "b", 10).await.expect("added");
        let meet = Arc::new(Barrier::new(2));
        let attempts = [Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0))];

        let (one, other) = tokio::join!(
            move_one(db, ["a", "b"], Arc::clone(&meet), Arc::clone(&attempts[0])),
            move_one(db, ["b", "a"], meet, Arc::clone(&attempts[1])),
        );

        assert_eq!((one, other), (Ok(()), Ok(())));
        assert_eq!(stock(db).await, [("a".to_owned(), 10), ("b".to_owned(), 10)]);
        assert!(attempts.iter().any(|attempts| attempts.load(Ordering::SeqCst) > 1));
        assert!(db.stats().write.retries > 0);
    })
    .await;
}

#[tokio::test]
async fn a_deadlock_inside_a_savepoint_ends_the_whole_attempt() {
    on_each_engine(async |db| {
        if !is_server(db) {
            return;
        }
        add(db, "a", 10).await.expect("added");
        add(db, "b", 10).await.expect("added");
        let meet = Arc::new(Barrier::new(2));
        let job = |skus: [&'static str; 2]| {
            let (meet, attempts) = (Arc::clone(&meet), AtomicU32::new(0));
            db.write("swallow a deadlock", move |tx| {
                let first = attempts.fetch_add(1, Ordering::SeqCst) == 0;
                tx.execute(TAKE, p![1, skus[0], 1])?;
                if first {
                    meet.wait();
                }
                let _ = tx.savepoint(|tx| tx.execute(TAKE, p![1, skus[1], 1]));
                Ok::<_, DbError>(())
            })
        };

        let (one, other) = tokio::join!(job(["a", "b"]), job(["b", "a"]));

        assert_eq!((one, other), (Ok(()), Ok(())));
        assert_eq!(stock(db).await, [("a".to_owned(), 8), ("b".to_owned(), 8)]);
    })
    .await;
}

#[tokio::test]
async fn random_moves_lose_nothing() {
    const SKUS: [&str; 5] = ["a", "b", "c", "d", "e"];
    on_each_engine(async |db| {
        for sku in SKUS {
            add(db, sku, 20).await.expect("added");
        }

        // A walk over all pairs in an order that meets itself often.
        let moves = join_all((0..120_usize).map(|number| {
            let (from, to) = (SKUS[number % 5], SKUS[(number * 3 + 1) % 5]);
            let quantity = i64::try_from(number % 7).expect("small");
            db.write("move", move |tx| {
                let mut order = [(from, -quantity), (to, quantity)];
                order.sort_unstable();
                for (sku, change) in order {
                    let update = "UPDATE stock SET quantity = quantity + ? WHERE sku = ? AND quantity + ? >= 0";
                    if tx.execute(update, p![change, sku, change])? == 0 {
                        return Err(DbError::NotFound);
                    }
                }
                Ok(())
            })
        }))
        .await;

        assert!(moves.iter().all(|moved| matches!(moved, Ok(()) | Err(DbError::NotFound))), "{moves:?}");
        let total: i64 = stock(db).await.iter().map(|(_, quantity)| quantity).sum();
        assert_eq!(total, 100);
    })
    .await;
}

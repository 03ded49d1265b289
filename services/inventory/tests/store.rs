//! What is promised about stock, on every engine, with many callers at the same moment.

use std::sync::Arc;

use futures::future::join_all;
use techtrove_db::{Db, DbError, MigrationSet, p};
use techtrove_inventory::{
    Error, app,
    domain::{CountRefused, Verb},
    store,
};
use techtrove_inventory_api::{
    Availability::{InStock, LowStock, OutOfStock},
    ReservationId,
    ReservationState::{self, Committed, Expired, Held, Released},
    SetStock,
};
use uuid::Uuid;

use crate::support::{Shop, attempt_of, attempts, on_every_engine, sku};

async fn change(
    shop: &Shop,
    (id, attempt): (ReservationId, u32),
    verb: Verb,
) -> Result<ReservationState, Error> {
    app::change_reservation(&shop.app, id, attempt, verb).await.map(|reservation| reservation.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_holds_at_once_of_fifty_pieces_make_exactly_fifty() {
    on_every_engine(|shop| async move {
        shop.stock("FLASH", 50).await;

        let holds = (0..200).map(|number| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { shop.hold(attempts(number), &[("FLASH", 1)], None).await })
        });
        let outcomes = join_all(holds).await;

        let held = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Ok(_)))).count();
        let short = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Ok(Err(Error::OutOfStock(_)))))
            .count();
        assert_eq!((held, short), (50, 150));
        assert_eq!(shop.numbers("FLASH").await, (50, 50, 0));
        let told: Vec<_> = shop.events().await.into_iter().map(|news| news.availability).collect();
        assert_eq!(told, [InStock, LowStock, OutOfStock]);
    })
    .await;
}

/// Hundreds of carts with the same SKUs in other orders: no deadlock is ever seen, each is held whole
/// or not at all, and what is left is less than the smallest that was refused.
#[tokio::test(flavor = "multi_thread")]
async fn carts_with_the_same_skus_in_other_orders_are_held_whole_or_not_at_all() {
    const SKUS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
    on_every_engine(|shop| async move {
        for text in SKUS {
            shop.stock(text, 300).await;
        }

        let carts = (0..400_u32).map(|number| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                let lines: Vec<_> = (0..4)
                    .map(|line| {
                        let place = usize::try_from((number * 7 + line * (1 + number % 5)) % 6)
                            .expect("small");
                        (SKUS[place], 1 + (number + line) % 3)
                    })
                    .collect();
                shop.hold(attempts(number), &lines, None).await
            })
        });
        let outcomes = join_all(carts).await;

        assert_eq!(shop.app.db.stats().write.retries, 0, "no two ever waited for each other");
        let mut smallest_refused = u32::MAX;
        for outcome in outcomes {
            match outcome.expect("no panic") {
                Ok(reservation) => assert_eq!(reservation.state, Held),
                Err(Error::OutOfStock(lines)) => {
                    let least =
                        lines.iter().map(|line| line.requested).min().expect("says of what");
                    smallest_refused = smallest_refused.min(least);
                    assert!(lines.iter().all(|line| line.available < line.requested));
                }
                Err(other) => panic!("{other}: {other:?}"),
            }
        }
        let left =
            shop.stock_book().await.into_iter().map(|entry| entry.on_hand - entry.held).min();
        assert!(
            left.expect("six SKUs") < i64::from(smallest_refused),
            "{left:?} {smallest_refused}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_releases_and_expiry_at_once_leave_true_books() {
    on_every_engine(|shop| async move {
        for text in ["A", "B", "C"] {
            shop.stock(text, 1_000).await;
        }
        let until = shop.in_seconds(60);
        for number in 0..60 {
            let lines = [[("A", 1), ("B", 2)], [("C", 1), ("A", 3)], [("B", 1), ("C", 2)]];
            let lines = lines[number as usize % 3];
            shop.hold(attempts(number), &lines, Some(until)).await.expect("enough");
        }
        shop.wait(60);

        let calls = (0..60).flat_map(|number| {
            [Verb::Commit, Verb::Release, Verb::Expire, Verb::Release].map(|verb| (number, verb))
        });
        let calls = calls.map(|(number, verb)| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { change(&shop, attempts(number), verb).await })
        });
        for outcome in join_all(calls).await {
            match outcome.expect("no panic") {
                Ok(Expired | Released) | Err(Error::Ended) => {}
                other => panic!("{other:?}"),
            }
        }

        assert_eq!(shop.app.db.stats().write.retries, 0, "no two ever waited for each other");
        for text in ["A", "B", "C"] {
            assert_eq!(shop.numbers(text).await, (1_000, 0, 0), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_many_times_at_once_has_one_effect() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        shop.stock("B", 10).await;
        let attempt = attempt_of(1, 1);

        let holds = (0..30).map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(
                async move { shop.hold(attempt, &[("B", 2), ("A", 3), ("B", 1)], None).await },
            )
        });
        for outcome in join_all(holds).await {
            assert_eq!(outcome.expect("no panic").expect("held").state, Held);
        }
        assert_eq!(shop.numbers("A").await, (10, 3, 0));
        assert_eq!(shop.numbers("B").await, (10, 3, 0));

        let commits = (0..30).map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { change(&shop, attempt, Verb::Commit).await })
        });
        for outcome in join_all(commits).await {
            assert_eq!(outcome.expect("no panic").expect("sold"), Committed);
        }
        assert_eq!(shop.numbers("A").await, (10, 0, 3));

        let again =
            shop.hold(attempt, &[("A", 3), ("B", 3)], None).await.expect("answers where it stands");
        assert_eq!(again.state, Committed);
        let other = shop.hold(attempt, &[("A", 4)], None).await;
        assert!(matches!(other, Err(Error::Mismatch)), "{other:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_has_ended_sets_nothing_aside_ever_again() {
    on_every_engine(|shop| async move {
        shop.stock("A", 5).await;
        let (late, over, unknown) = (attempt_of(1, 1), attempt_of(2, 1), attempt_of(3, 1));

        assert_eq!(change(&shop, late, Verb::Release).await.expect("remembered"), Released);
        shop.hold(over, &[("A", 2)], Some(shop.in_seconds(10))).await.expect("enough");
        shop.wait(10);
        for ended in [over, unknown] {
            assert!(matches!(change(&shop, ended, Verb::Commit).await, Err(Error::Ended)));
        }

        for attempt in [late, over, unknown] {
            let again = shop.hold(attempt, &[("A", 2)], None).await;
            assert!(matches!(again, Err(Error::Ended)), "{again:?}");
        }
        assert_eq!(shop.numbers("A").await, (5, 0, 0));
        let second = shop.hold(attempt_of(1, 2), &[("A", 2)], None).await.expect("a new attempt");
        assert_eq!(second.attempt, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_expire_by_the_clock_and_lasting_ones_never() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        let until = shop.in_seconds(30);
        shop.hold(attempt_of(1, 1), &[("A", 4)], Some(until)).await.expect("enough");
        shop.hold(attempt_of(2, 1), &[("A", 4)], None).await.expect("enough");

        shop.wait(29);
        assert_eq!(app::expire_holds(&shop.app, 100).await.expect("runs"), 0);
        shop.wait(1);
        assert_eq!(app::expire_holds(&shop.app, 100).await.expect("runs"), 1);
        assert_eq!(app::expire_holds(&shop.app, 100).await.expect("runs"), 0);

        assert_eq!(shop.numbers("A").await, (10, 4, 0));
        assert_eq!(
            change(&shop, attempt_of(2, 1), Verb::Commit).await.expect("still held"),
            Committed
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_set_at_the_same_moment_as_sales_never_falls_below_them() {
    on_every_engine(|shop| async move {
        shop.stock("A", 40).await;

        let calls = (0..80_u32).map(|number| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                if number.is_multiple_of(4) {
                    let item = SetStock {
                        sku: sku("A"),
                        keyed: false,
                        on_hand: Some(20 + number % 30),
                        low_stock_threshold: None,
                    };
                    app::set_stock(&shop.app, &format!("{number}"), vec![item]).await.map(|_| ())
                } else {
                    shop.hold(attempts(number), &[("A", 1)], None).await.map(|_| ())
                }
            })
        });
        for outcome in join_all(calls).await {
            let outcome = outcome.expect("no panic");
            assert!(matches!(outcome, Ok(()) | Err(Error::OutOfStock(_))), "{outcome:?}");
        }

        let (on_hand, held, committed) = shop.numbers("A").await;
        assert!(held + committed <= on_hand);
        let refused = shop.edit("A", held - 1, None, false).await;
        assert!(matches!(refused, Err(Error::Count(CountRefused::Reserved(_)))), "{refused:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_repeated_and_from_two_sides_at_once_changes_nothing_more() {
    on_every_engine(|shop| async move {
        let items: Vec<SetStock> = (0..600_u32)
            .map(|number| SetStock {
                sku: sku(&format!("SKU-{number}")),
                keyed: false,
                on_hand: Some(number % 9),
                low_stock_threshold: Some(number % 7),
            })
            .collect();

        let both = (0..2).map(|_| {
            let (shop, items) = (Arc::clone(&shop), items.clone());
            tokio::spawn(async move { app::set_stock(&shop.app, "one", items).await })
        });
        for outcome in join_all(both).await {
            let outcomes = outcome.expect("no panic").expect("set");
            assert_eq!(outcomes.len(), 600);
            assert!(outcomes.iter().all(|outcome| outcome.refused.is_none()));
        }
        app::set_stock(&shop.app, "another", items.clone()).await.expect("set");

        assert_eq!(shop.numbers("SKU-8").await, (8, 0, 0));
        assert_eq!(shop.item("SKU-8").await.version, 1);
        let told = shop.events().await.len();
        assert_eq!(told, items.iter().filter(|item| item.on_hand != Some(0)).count());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_told_again_brings_nothing_back_that_was_sold_since() {
    on_every_engine(|shop| async move {
        let set = |text, on_hand| SetStock {
            sku: sku(text),
            keyed: false,
            on_hand: Some(on_hand),
            low_stock_threshold: None,
        };
        let items = || vec![set("A", 10), set("B", u32::MAX)];
        let first = app::set_stock(&shop.app, "one", items()).await.expect("set");
        shop.adjust("A", -3).await.expect("in range");

        let again = app::set_stock(&shop.app, "one", items()).await.expect("told");
        let after = shop.numbers("A").await;
        let next = app::set_stock(&shop.app, "next", items()).await.expect("set");

        assert_eq!((&again, &next), (&first, &first), "told alike");
        assert!(first[1].refused.is_some(), "{first:?}");
        assert_eq!(after, (7, 0, 0));
        assert_eq!(shop.numbers("A").await, (10, 0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_is_set_and_read_beside_the_pieces_and_without_them() {
    on_every_engine(|shop| async move {
        shop.stock("A", 5).await;
        let set = |text, keyed, on_hand, threshold| {
            let low_stock_threshold = Some(threshold);
            SetStock { sku: sku(text), keyed, on_hand, low_stock_threshold }
        };

        let items = vec![
            set("A", false, None, 7),
            set("B", false, Some(3), 0),
            set("KEYS", true, None, 40),
            set("HIGH", false, Some(1), u32::MAX),
        ];
        let outcomes = app::set_stock(&shop.app, "one", items).await.expect("the database answers");

        let refused: Vec<bool> = outcomes.iter().map(|it| it.refused.is_some()).collect();
        assert_eq!(refused, [false, false, false, true]);
        let skus = ["A", "B", "KEYS"].map(sku).to_vec();
        let mut read = app::list_on_hand(&shop.app, skus).await.expect("the database answers");
        read.sort_by(|left, right| left.sku.cmp(&right.sku));
        let read: Vec<_> = read.iter().map(|it| (it.on_hand, it.low_stock_threshold)).collect();
        assert_eq!(read, [(5, 7), (3, 0), (0, 40)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_refused_leaves_the_others_set() {
    on_every_engine(|shop| async move {
        shop.stock("A", 5).await;
        shop.hold(attempt_of(1, 1), &[("A", 3)], None).await.expect("enough");
        let set = |text, on_hand| SetStock {
            sku: sku(text),
            keyed: false,
            on_hand,
            low_stock_threshold: None,
        };

        let items =
            vec![set("A", Some(2)), set("B", Some(7)), set("C", None), set("D", Some(u32::MAX))];
        let tried = app::try_stock(&shop.app, items.clone()).await.expect("tried");
        let known = async |text| app::get_stock(&shop.app, sku(text)).await.is_ok();
        assert_eq!((shop.numbers("A").await, known("B").await), ((5, 3, 0), false));
        let outcomes = app::set_stock(&shop.app, "one", items).await.expect("set");
        assert_eq!(tried, outcomes);

        let refused: Vec<_> = outcomes
            .iter()
            .map(|outcome| outcome.refused.as_ref().map(|(code, _)| code.as_str()))
            .collect();
        assert_eq!(refused, [Some("stock_reserved"), None, None, Some("invalid_request")]);
        assert_eq!(shop.numbers("A").await, (5, 3, 0));
        assert_eq!(shop.numbers("B").await, (7, 0, 0));
        assert_eq!(shop.numbers("C").await, (0, 0, 0));
        assert_eq!(shop.item("C").await.version, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_to_sell_twice() {
    on_every_engine(|shop| async move {
        shop.stock("A", 1).await;
        let oversold = shop
            .app
            .db
            .write("test.oversell", |tx| {
                tx.execute(
                    "UPDATE stock SET held = 1, committed = 1 WHERE sku = 'A'",
                    techtrove_db::p![],
                )
            })
            .await;

        assert!(oversold.is_err(), "{oversold:?}");
        assert_eq!(shop.numbers("A").await, (1, 0, 0));
    })
    .await;
}

/// The second migration makes tables anew: what was held and sold before it stays so.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_reserved_before_parcels_were_known_can_be_sent() {
    for engine in techtrove_testing::engines().await {
        let first =
            MigrationSet { migrations: &store::MIGRATIONS.migrations[..1], ..store::MIGRATIONS };
        engine.migrate(&first).await.expect("the first tables");
        let (id, attempt) = attempt_of(1, 1);
        let written: Result<(), DbError> = engine
            .write("test.before", move |tx| {
                tx.execute(
                    "INSERT INTO stock (id, sku, location, on_hand, held, committed, \
                     low_stock_threshold, availability, version, updated_at) \
                     VALUES (?, 'A', 'main', 9, 0, 3, 5, 'in_stock', 1, 1)",
                    p![Uuid::from_u128(1)],
                )?;
                tx.execute(
                    "INSERT INTO movements (id, sku, location, kind, delta, on_hand_after, reason, \
                     actor, created_at) VALUES (?, 'A', 'main', 'receive', 9, 9, 'import', 'catalog', 1)",
                    p![Uuid::from_u128(2)],
                )?;
                tx.execute(
                    "INSERT INTO reservations (id, attempt, state, updated_at) \
                     VALUES (?, ?, 'committed', 1)",
                    p![id, attempt],
                )?;
                tx.execute(
                    "INSERT INTO reservation_lines (reservation_id, attempt, sku, location, quantity) \
                     VALUES (?, ?, 'A', 'main', 3)",
                    p![id, attempt],
                )?;
                Ok(())
            })
            .await;
        written.expect("as it was");

        let shop = Shop::new(Db::clone(&engine)).await;
        let sent = shop.ship((id, attempt), 1, &[("A", 3)]).await.expect("committed");

        assert_eq!(sent.state, ReservationState::Shipped);
        assert_eq!(shop.numbers("A").await, (6, 0, 0));
        shop.assert_books_agree().await;
        drop(shop);
        engine.close().await;
    }
}

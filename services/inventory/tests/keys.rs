//! Parcels and licence keys, on every engine, with many callers at the same moment.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use techtrove_inventory::{
    Error, app,
    domain::{CountRefused, Verb},
};
use techtrove_inventory_api::{
    ReservationId,
    ReservationState::{Committed, Released, Shipped},
};

use crate::support::{Shop, attempt_of, attempts, licences, on_every_engine};

async fn sell(shop: &Shop, attempt: (ReservationId, u32), lines: &[(&str, u32)]) {
    shop.hold(attempt, lines, None).await.expect("enough");
    act(shop, attempt, Verb::Commit).await;
}

async fn act(shop: &Shop, (id, attempt): (ReservationId, u32), verb: Verb) {
    app::change_reservation(&shop.app, id, attempt, verb).await.expect("done");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buyers_of_fifty_keys_at_once_get_fifty_distinct_ones() {
    on_every_engine(|shop| async move {
        shop.stock_keys("OS-PRO", &licences(0..50)).await;

        let buyers = (0..200).map(|number| {
            let (shop, attempt) = (Arc::clone(&shop), attempts(number));
            tokio::spawn(async move {
                shop.hold(attempt, &[("OS-PRO", 1)], None).await?;
                app::change_reservation(&shop.app, attempt.0, attempt.1, Verb::Commit).await?;
                shop.ship(attempt, u8::try_from(number).expect("small"), &[("OS-PRO", 1)]).await
            })
        });
        let mut sold = 0;
        for outcome in join_all(buyers).await {
            match outcome.expect("no panic") {
                Ok(reservation) => {
                    assert_eq!(reservation.state, Shipped);
                    sold += 1;
                }
                Err(Error::OutOfStock(_)) => {}
                Err(other) => panic!("{other}: {other:?}"),
            }
        }

        let mut seen = BTreeSet::new();
        for number in 0..200 {
            seen.extend(shop.sold_keys(attempts(number).0).await);
        }
        assert_eq!((sold, seen.len()), (50, 50));
        assert_eq!(shop.numbers("OS-PRO").await, (0, 0, 0));
        assert_eq!(shop.app.db.stats().write.retries, 0, "no two ever waited for each other");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_leaves_in_parts_and_what_has_left_never_comes_back() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        shop.stock_keys("K", &licences(0..5)).await;
        let attempt = attempt_of(1, 1);
        sell(&shop, attempt, &[("A", 4), ("K", 3)]).await;
        assert_eq!(shop.sold_keys(attempt.0).await, [], "nothing is seen before it is shipped");

        let first = shop.ship(attempt, 1, &[("A", 1), ("K", 2)]).await.expect("committed");
        let again = shop.ship(attempt, 1, &[("K", 2), ("A", 1)]).await.expect("the same parcel");
        let other = shop.ship(attempt, 1, &[("A", 1)]).await;
        let too_much = shop.ship(attempt, 2, &[("A", 4)]).await;
        let not_in_it = shop.ship(attempt, 2, &[("B", 1)]).await;

        assert_eq!((first.state, again.state), (Committed, Committed));
        for refused in [other, too_much, not_in_it] {
            assert!(matches!(refused, Err(Error::NotCommitted)), "{refused:?}");
        }
        assert_eq!(shop.numbers("A").await, (9, 0, 3));
        assert_eq!(shop.numbers("K").await, (3, 0, 1));
        let seen = shop.sold_keys(attempt.0).await;
        assert_eq!(seen.len(), 2);
        let open = shop.open_reservations().await;
        let left: Vec<_> = open[0].lines.iter().map(|line| line.quantity - line.shipped).collect();
        assert_eq!(left, [3, 1], "the audit sees what is still committed");

        act(&shop, attempt, Verb::Release).await;

        assert_eq!(shop.numbers("A").await, (9, 0, 0));
        assert_eq!(shop.numbers("K").await, (3, 0, 0));
        assert_eq!(shop.sold_keys(attempt.0).await, seen);
        let late = shop.ship(attempt, 2, &[("A", 1)]).await;
        assert!(matches!(late, Err(Error::Ended)), "{late:?}");
        let repeated = shop.ship(attempt, 1, &[("A", 1), ("K", 2)]).await.expect("it has left");
        assert_eq!(repeated.state, Released);
        sell(&shop, attempt_of(2, 1), &[("K", 3)]).await;
        shop.ship(attempt_of(2, 1), 3, &[("K", 3)]).await.expect("committed");
        let others = shop.sold_keys(attempt_of(2, 1).0).await;
        assert!(others.len() == 3 && others.iter().all(|key| !seen.contains(key)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_parcel_ends_a_reservation_and_only_committed_goods_leave() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        let (attempt, held) = (attempt_of(1, 1), attempt_of(2, 1));
        sell(&shop, attempt, &[("A", 4)]).await;
        shop.hold(held, &[("A", 1)], None).await.expect("enough");

        shop.ship(attempt, 1, &[("A", 3)]).await.expect("committed");
        let last = shop.ship(attempt, 2, &[("A", 1)]).await.expect("committed");
        let early = shop.ship(held, 3, &[("A", 1)]).await;
        let nobody = shop.ship(attempt_of(3, 1), 3, &[("A", 1)]).await;
        let anothers = shop.ship(held, 1, &[("A", 3)]).await;

        assert_eq!(last.state, Shipped);
        for refused in [early, nobody, anothers] {
            assert!(matches!(refused, Err(Error::NotCommitted)), "{refused:?}");
        }
        for verb in [Verb::Commit, Verb::Release] {
            act(&shop, attempt, verb).await;
        }
        assert_eq!(shop.numbers("A").await, (6, 1, 0));
        assert_eq!(shop.open_reservations().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_parcel_many_times_at_once_leaves_once() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        shop.stock_keys("K", &licences(0..4)).await;
        let attempt = attempt_of(1, 1);
        sell(&shop, attempt, &[("A", 6), ("K", 4)]).await;

        let parcels = (0..40).map(|number| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { shop.ship(attempt, number % 2, &[("K", 2), ("A", 3)]).await })
        });
        for outcome in join_all(parcels).await {
            let reservation = outcome.expect("no panic").expect("shipped");
            assert!([Committed, Shipped].contains(&reservation.state));
        }

        assert_eq!(shop.numbers("A").await, (4, 0, 0));
        assert_eq!(shop.numbers("K").await, (0, 0, 0));
        assert_eq!(shop.sold_keys(attempt.0).await.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_added_once_all_or_none() {
    on_every_engine(|shop| async move {
        shop.stock_keys("K", &licences(0..30)).await;
        sell(&shop, attempt_of(1, 1), &[("K", 1)]).await;
        shop.ship(attempt_of(1, 1), 1, &[("K", 1)]).await.expect("committed");

        let both = (0..2).map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { shop.add_keys("K", &licences(100..140)).await })
        });
        let outcomes = join_all(both).await.into_iter().map(|outcome| outcome.expect("no panic"));
        let added = outcomes.filter(|outcome| match outcome {
            Ok(_) => true,
            Err(Error::KnownKeys(places)) => {
                assert_eq!(places.len(), 40);
                false
            }
            Err(other) => panic!("{other}: {other:?}"),
        });
        assert_eq!(added.count(), 1);
        let sold_before = shop.add_keys("K", &[licences(200..201), licences(0..1)].concat()).await;

        assert!(
            matches!(&sold_before, Err(Error::KnownKeys(places)) if places == &[1]),
            "{sold_before:?}"
        );
        assert_eq!(shop.numbers("K").await, (69, 0, 0));
        shop.stock_keys("OTHER", &licences(0..1)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_changes_its_kind_on_an_empty_shelf_alone() {
    on_every_engine(|shop| async move {
        shop.stock("A", 2).await;
        sell(&shop, attempt_of(1, 1), &[("A", 1)]).await;

        assert_eq!(shop.set("A", true, None).await, None);
        let keys = shop.add_keys("A", &licences(0..1)).await;
        assert!(matches!(keys, Err(Error::Count(CountRefused::NoKeys))), "{keys:?}");
        assert_eq!(shop.set("A", true, Some(9)).await.as_deref(), Some("stock_is_keys"));
        assert!(matches!(shop.adjust("A", 1).await, Err(Error::Count(CountRefused::Keys))));
        let sold = shop.hold(attempt_of(2, 1), &[("A", 1)], None).await;
        assert!(matches!(sold, Err(Error::OutOfStock(_))), "a box for a key: {sold:?}");
        shop.adjust("A", -1).await.expect("what is left may be counted down");
        shop.ship(attempt_of(1, 1), 1, &[("A", 1)]).await.expect("committed");

        assert_eq!(shop.sold_keys(attempt_of(1, 1).0).await, []);
        shop.add_keys("A", &licences(0..3)).await.expect("the shelf is empty");
        assert!(matches!(shop.adjust("A", -1).await, Err(Error::Count(CountRefused::Keys))));
        assert_eq!(shop.set("A", false, Some(9)).await.as_deref(), Some("stock_is_keys"));
        assert_eq!(shop.numbers("A").await, (3, 0, 0));
    })
    .await;
}

//! What buyers send back, on every engine: into the stock or written off, once, and never more than left.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use techtrove_core::PageRequest;
use techtrove_inventory::{Error, app, domain::Verb};
use techtrove_inventory_api::{ReservationId, ReservationState};

use crate::support::{Shop, attempt_of, licences, on_every_engine, sku};

type Attempt = (ReservationId, u32);

/// Ten of A and B, of which a buyer was sent three each.
async fn sent(shop: &Shop) -> Attempt {
    shop.stock("A", 10).await;
    shop.stock("B", 10).await;
    sell(shop, &[("A", 3), ("B", 3)]).await
}

async fn sell(shop: &Shop, lines: &[(&str, u32)]) -> Attempt {
    let buyer = attempt_of(1, 1);
    shop.hold(buyer, lines, None).await.expect("enough");
    app::change_reservation(&shop.app, buyer.0, buyer.1, Verb::Commit).await.expect("held");
    shop.ship(buyer, 1, lines).await.expect("committed");
    buyer
}

async fn ledger(shop: &Shop, text: &str) -> Vec<(&'static str, i64, i64)> {
    let rows = app::list_movements(&shop.app, sku(text), &PageRequest::default()).await;
    let rows = rows.expect("the database answers").items;
    rows.iter().map(|row| (row.kind.as_str(), row.delta, row.on_hand_after)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_sold_again_or_written_off_and_the_ledger_tells() {
    on_every_engine(|shop| async move {
        let buyer = sent(&shop).await;

        let kept = shop.take_back(buyer, 1, &[("A", 2)], true).await.expect("left before");
        shop.take_back(buyer, 1, &[("A", 2)], true).await.expect("the same again");
        shop.take_back(buyer, 2, &[("A", 1), ("B", 3)], false).await.expect("left before");

        assert_eq!(kept.state, ReservationState::Shipped);
        assert_eq!((shop.numbers("A").await, shop.numbers("B").await), ((9, 0, 0), (7, 0, 0)));
        assert_eq!(
            ledger(&shop, "A").await[..4],
            [("write_off", -1, 9), ("restock", 1, 10), ("restock", 2, 9), ("ship", -3, 7)]
        );
        assert_eq!(ledger(&shop, "B").await[..2], [("write_off", -3, 7), ("restock", 3, 10)]);
        shop.assert_books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_comes_back_than_left_however_many_ask_at_once() {
    on_every_engine(|shop| async move {
        let buyer = sent(&shop).await;

        let returns = (1..=12_u8).map(|number| {
            let shop = Arc::clone(&shop);
            let lines = if number % 2 == 0 { [("A", 1), ("B", 1)] } else { [("B", 1), ("A", 1)] };
            tokio::spawn(async move { shop.take_back(buyer, 1 + number / 2, &lines, true).await })
        });
        let outcomes: Vec<_> =
            join_all(returns).await.into_iter().map(|done| done.expect("no panic")).collect();

        let refused = outcomes.iter().filter(|it| matches!(it, Err(Error::NotShipped))).count();
        let taken = outcomes.iter().filter(|it| it.is_ok()).count();
        assert_eq!(taken + refused, 12, "{outcomes:?}");
        assert!((3..=6).contains(&taken), "three returns, each once or twice: {taken}");
        assert_eq!((shop.numbers("A").await, shop.numbers("B").await), ((10, 0, 0), (10, 0, 0)));
        shop.assert_books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_left_and_what_was_seen_does_not_come_back() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        shop.set("OS", true, None).await;
        shop.stock_keys("OS", &licences(0..3)).await;
        let buyer = sell(&shop, &[("A", 2), ("OS", 1)]).await;

        let more = shop.take_back(buyer, 1, &[("A", 3)], true).await;
        let key = shop.take_back(buyer, 2, &[("A", 1), ("OS", 1)], true).await;
        let nobodys = shop.take_back(attempt_of(2, 1), 3, &[("A", 1)], true).await;

        for refused in [more, key, nobodys] {
            assert!(matches!(refused, Err(Error::NotShipped)), "{refused:?}");
        }
        assert_eq!((shop.numbers("A").await, shop.numbers("OS").await), ((8, 0, 0), (2, 0, 0)));
        shop.assert_books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_of_returns_is_in_the_order_of_the_reservations() {
    on_every_engine(|shop| async move {
        shop.stock("A", 10).await;
        for number in 1..=3 {
            let buyer = attempt_of(number, 1);
            shop.hold(buyer, &[("A", 2)], None).await.expect("enough");
            app::change_reservation(&shop.app, buyer.0, 1, Verb::Commit).await.expect("held");
            shop.ship(buyer, number, &[("A", 2)]).await.expect("committed");
        }
        for (returned, number) in [(1, 3), (2, 1), (3, 3), (4, 2), (5, 1)] {
            shop.take_back(attempt_of(number, 1), returned, &[("A", 1)], true).await.expect("left");
        }

        let book = shop.returns_book().await;

        let seen: Vec<_> = book.iter().map(|entry| entry.reservation_id).collect();
        let expected = [1, 1, 2, 3, 3].map(|number| attempt_of(number, 1).0);
        let each_once: BTreeSet<_> = book.iter().map(|entry| entry.return_id).collect();
        assert_eq!((seen, each_once.len()), (expected.to_vec(), 5));
        for entry in &book {
            let lines: Vec<_> = entry.lines.iter().map(|it| (&it.sku, it.quantity.get())).collect();
            assert_eq!(lines, [(&sku("A"), 1)]);
        }
    })
    .await;
}

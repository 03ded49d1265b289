//! What is promised about favourites, on every engine, with many callers at the same moment.

use futures::future::join_all;
use techtrove_community::{
    Error,
    app::{self, App},
    domain::MAX_FAVORITES,
    store,
};
use techtrove_core::PageRequest;
use techtrove_db::Db;

use crate::support::{app_over, draft, product, user};

/// Runs a test on every engine there is.
async fn on_every_engine<T: Future<Output = ()>>(test: impl Fn(App) -> T) {
    for engine in techtrove_testing::engines().await {
        test(app_over(Db::clone(&engine)).await).await;
        engine.close().await;
    }
}

/// How many favourites the user is said to have, and has.
async fn counts(app: &App, number: u128) -> (u32, usize) {
    app.db
        .write("test.counts", move |tx| -> Result<_, Error> {
            let said = store::lock_count(tx, user(number))?.unwrap_or(0);
            let found = store::list_favorites(tx, user(number), None, 10_000)?;
            Ok((said, found.len()))
        })
        .await
        .expect("counted")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_product_added_a_hundred_times_at_once_is_one_favourite() {
    on_every_engine(|app| async move {
        let adds = (0..100).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app::add_favorite(&app, user(1), product(1)).await })
        });
        let outcomes = join_all(adds).await;

        assert!(outcomes.into_iter().all(|outcome| matches!(outcome, Ok(Ok(())))));
        assert_eq!(counts(&app, 1).await, (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn products_added_and_removed_at_once_are_counted_exactly() {
    on_every_engine(|app| async move {
        let changes = (0..120_u128).map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                app::add_favorite(&app, user(number % 2), product(number)).await?;
                match number % 3 {
                    0 => app::remove_favorite(&app, user(number % 2), product(number)).await,
                    _ => Ok(()),
                }
            })
        });
        let outcomes = join_all(changes).await;

        assert!(outcomes.into_iter().all(|outcome| matches!(outcome, Ok(Ok(())))));
        assert_eq!((counts(&app, 0).await, counts(&app, 1).await), ((40, 40), (40, 40)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_never_grows_beyond_its_end() {
    on_every_engine(|app| async move {
        let nearly_full = move |tx: &mut techtrove_db::Tx<'_>| -> Result<(), Error> {
            Ok(store::insert_count(tx, user(1), MAX_FAVORITES - 1)?)
        };
        app.db.write("test.fill", nearly_full).await.expect("filled");

        let adds = (0..20).map(|number| {
            let app = app.clone();
            tokio::spawn(async move { app::add_favorite(&app, user(1), product(number)).await })
        });
        let outcomes = join_all(adds).await;

        let full = outcomes.iter().filter(|it| matches!(it, Ok(Err(Error::TooMany(_))))).count();
        assert_eq!((full, counts(&app, 1).await), (19, (MAX_FAVORITES, 1)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_each_favourite_of_their_owner_once_newest_first() {
    on_every_engine(|app| async move {
        for number in 0..7 {
            app::add_favorite(&app, user(1), product(number)).await.expect("added");
        }
        app::add_favorite(&app, user(2), product(8)).await.expect("added");

        let mut seen = Vec::new();
        let mut page = PageRequest { limit: Some(3), cursor: None };
        loop {
            let found = app::list_favorites(&app, user(1), &page).await.expect("a page");
            seen.extend(found.items.iter().map(|favorite| favorite.product));
            match found.next_cursor {
                Some(cursor) => page.cursor = Some(cursor),
                None => break,
            }
        }

        assert_eq!(seen, (0..7).rev().map(product).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_not_on_sale_is_refused_and_leaves_nothing() {
    on_every_engine(|app| async move {
        let refused = app::add_favorite(&app, user(1), draft()).await;

        assert!(matches!(refused, Err(Error::UnknownProduct(_))));
        assert_eq!(counts(&app, 1).await, (0, 0));
    })
    .await;
}

//! What is promised about reviews, votes, ratings and purchases, on every engine, with many customers at
//! the same moment.

use std::sync::Arc;

use futures::future::join_all;
use techtrove_bus::{AggregateRef, Event, EventContext, NewEvent};
use techtrove_catalog_api::ProductId;
use techtrove_community::{
    Error,
    app::{self, App},
    domain::{NewReview, Rating, Review, ReviewChange, ReviewId, ReviewList, ReviewSort, Votes},
    store,
};
use techtrove_core::{SystemClock, Timestamp, TypedId};
use techtrove_db::{Db, p};
use techtrove_http::idempotency::Once;
use techtrove_identity_api::{Claims, Role, SessionId};
use techtrove_orders_api::{ORDER_AGGREGATE, ORDER_CONFIRMED, SoldLine};
use uuid::Uuid;

use crate::support::{app_over, product, user};

/// Runs a test on every engine there is.
async fn on_every_engine<T: Future<Output = ()>>(test: impl Fn(App) -> T) {
    for engine in techtrove_testing::engines().await {
        test(app_over(Db::clone(&engine)).await).await;
        engine.close().await;
    }
}

async fn write(app: &App, number: u128, rating: i64) -> Result<Review, Error> {
    let body = serde_json::json!({"rating": rating, "title": "So", "body": "It is."});
    let new: NewReview = serde_json::from_value(body).expect("a review");
    match app::write_review(app, user(number), product(1), new, None).await? {
        Once::Made(review) => Ok(review),
        other => panic!("without a key, {other:?}"),
    }
}

fn caller(number: u128) -> Claims {
    let session = SessionId::from_uuid(Uuid::from_u128(2));
    let now = techtrove_core::Clock::now(&SystemClock);
    Claims::new(user(number), session, vec![Role::Customer], now, 600)
}

/// The product's rating as it is said, and as its reviews make it.
async fn ratings(app: &App) -> (Rating, Rating) {
    app.db
        .write("test.rating", |tx| -> Result<_, Error> {
            let said = store::lock_rating(tx, product(1))?.unwrap_or_default();
            let list = ReviewList { product: product(1), sort: ReviewSort::Newest };
            let found = store::list_reviews(tx, list, None, 10_000)?;
            let summed = found.iter().fold(Rating::default(), |sum, it| sum.with(it.rating));
            Ok((said, Rating { revision: said.revision, ..summed }))
        })
        .await
        .expect("read")
}

/// The votes on the review as they are said, and as they are counted one by one.
async fn votes(app: &App, id: ReviewId) -> (Votes, Votes) {
    app.db
        .write("test.votes", move |tx| -> Result<_, Error> {
            let said = store::lock_review(tx, id)?.ok_or(Error::UnknownReview(id))?.votes;
            let statement = "SELECT helpful FROM review_votes WHERE review_id = ?";
            let found = tx.query(statement, p![id], |row| row.get::<bool>(0))?;
            let count = |sum: Votes, vote: &bool| sum.changed(None, Some(*vote));
            Ok((said, found.iter().fold(Votes::default(), count)))
        })
        .await
        .expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_customers_who_write_edit_and_remove_at_once_are_summed_exactly() {
    on_every_engine(|app| async move {
        let changes = (0..100_u128).map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                let rating = i64::try_from(number % 5).expect("small") + 1;
                let review = write(&app, number, rating).await?;
                match number % 4 {
                    0 => app::delete_review(&app, &caller(number), review.id, None).await,
                    1 => {
                        let change: ReviewChange =
                            serde_json::from_str(r#"{"rating": 3}"#).expect("a change");
                        let edit = (user(number), review.id);
                        app::edit_review(&app, edit, None, change).await.map(drop)
                    }
                    _ => Ok(()),
                }
            })
        });
        let outcomes = join_all(changes).await;

        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Ok(())))), "{outcomes:?}");
        let (said, summed) = ratings(&app).await;
        assert_eq!(said, summed);
        // A hundred were written, 25 removed, and 20 edits gave another rating than before.
        assert_eq!((said.count(), said.revision), (75, 145));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_who_writes_fifty_times_at_once_has_one_review() {
    on_every_engine(|app| async move {
        let writes = (0..50).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { write(&app, 1, 4).await })
        });
        let outcomes = join_all(writes).await;

        let refused = |it: &&Result<_, _>| matches!(it, Ok(Err(Error::AlreadyReviewed)));
        assert_eq!(outcomes.iter().filter(refused).count(), 49, "{outcomes:?}");
        let (said, summed) = ratings(&app).await;
        assert_eq!(said, summed);
        assert_eq!(said, Rating { stars: [0, 0, 0, 1, 0], revision: 1 });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_voters_who_change_their_minds_at_once_are_counted_exactly() {
    on_every_engine(|app| async move {
        let review = write(&app, 1_000, 4).await.expect("written").id;
        // Each of a hundred votes twice at the same moment, and every fifth takes it back besides.
        let votes_cast = (0..200_u128).map(|number| {
            let (app, voter) = (app.clone(), user(number % 100));
            tokio::spawn(async move {
                app::vote(&app, voter, review, number % 3 == 0).await?;
                match number % 5 {
                    0 => app::take_vote_back(&app, voter, review).await,
                    _ => Ok(()),
                }
            })
        });
        let outcomes = join_all(votes_cast).await;

        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Ok(())))), "{outcomes:?}");
        let (said, counted) = votes(&app, review).await;
        assert_eq!(said, counted);
        assert_eq!(said.helpful + said.not_helpful, 80);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_goes_while_others_vote_takes_their_votes_along() {
    on_every_engine(|app| async move {
        let review = write(&app, 1_000, 4).await.expect("written").id;
        let voters = (0..40_u128).map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                match number {
                    20 => app::delete_review(&app, &caller(1_000), review, None).await,
                    _ => app::vote(&app, user(number), review, true).await.map(drop),
                }
            })
        });
        let outcomes = join_all(voters).await;

        let fits = |it: &Result<_, _>| matches!(it, Ok(Ok(()) | Err(Error::UnknownReview(_))));
        assert!(outcomes.iter().all(fits), "{outcomes:?}");
        let left = app.db.read("test.left", move |tx| {
            let statement = "SELECT COUNT(*) FROM review_votes WHERE review_id = ?";
            tx.query_one(statement, p![review], |row| row.get::<i64>(0)).map_err(Error::from)
        });
        assert_eq!(left.await.expect("read"), 0);
        assert_eq!(ratings(&app).await.0.count(), 0);
    })
    .await;
}

/// The event that the order of a number was confirmed, whatever was in it.
fn confirmed(order: u128) -> Arc<Event> {
    let time = Timestamp::from_micros(0);
    let context = EventContext { id: Uuid::from_u128(order), time, traceparent: None };
    let event = NewEvent {
        kind: ORDER_CONFIRMED,
        aggregate: AggregateRef { kind: ORDER_AGGREGATE, id: Uuid::from_u128(order) },
        data: serde_json::json!({}),
    };
    Arc::new(Event::new("/techtrove/orders", &context, &event, 1))
}

async fn bought(app: &App, order: u128, buyer: u128, goods: &[ProductId]) {
    let lines: Vec<_> =
        goods.iter().map(|it| SoldLine { product_id: it.uuid(), quantity: 1 }).collect();
    let noted = app::note_purchases(app, confirmed(order), user(buyer), &lines).await;
    noted.expect("noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyers_review_is_verified_whichever_came_first() {
    on_every_engine(|app| async move {
        let early = write(&app, 1, 4).await.expect("written");
        bought(&app, 7, 1, &[product(1), product(2), product(1)]).await;
        bought(&app, 7, 1, &[product(1)]).await;
        bought(&app, 8, 1, &[product(1)]).await;
        bought(&app, 9, 2, &[product(1)]).await;
        bought(&app, 10, 3, &[product(2)]).await;
        let late = write(&app, 2, 4).await.expect("written");
        let never = write(&app, 3, 4).await.expect("written");

        let shown = app::get_review(&app, early.id).await.expect("shown");

        assert!(!early.verified_purchase && shown.verified_purchase);
        assert!(late.verified_purchase && !never.verified_purchase);
        assert_eq!(shown.version, early.version);
    })
    .await;
}

//! What recording an event does to the database, on every engine.

use techtrove_bus::{record, record_all};
use techtrove_db::{DbError, p, testing::engines};
use uuid::Uuid;

use crate::common::{self, MOVED, World};

async fn rows(world: &World) -> Vec<(u128, i64)> {
    world
        .db
        .read("outbox", |tx| -> Result<_, DbError> {
            tx.query("SELECT aggregate_id, sequence FROM outbox ORDER BY position", p![], |row| {
                Ok((row.get::<Uuid>(0)?.as_u128(), row.get::<i64>(1)?))
            })
        })
        .await
        .expect("outbox")
}

fn sequences(rows: &[(u128, i64)], aggregate: u128) -> Vec<i64> {
    rows.iter().filter(|(of, _)| *of == aggregate).map(|(_, sequence)| *sequence).collect()
}

#[tokio::test]
async fn writers_of_one_aggregate_get_sequences_in_the_order_of_positions() {
    for db in engines().await {
        let world = World::new(&db).await;

        let writers = (0..60_u128).map(|number| world.record(number % 3));
        futures::future::join_all(writers).await;

        let rows = rows(&world).await;
        for aggregate in 0..3 {
            assert_eq!(sequences(&rows, aggregate), (1..=20).collect::<Vec<_>>());
        }
        db.close().await;
    }
}

#[tokio::test]
async fn an_event_shares_the_fate_of_its_transaction() {
    for db in engines().await {
        let world = World::new(&db).await;
        let (context, event) = world.new_event(1);

        let refused = world
            .db
            .write("refused change", move |tx| -> Result<(), DbError> {
                record(tx, &context, &event)?;
                Err(DbError::NotFound)
            })
            .await;
        world.record(1).await;

        assert!(refused.is_err());
        assert_eq!(rows(&world).await, [(1, 1)]);
        db.close().await;
    }
}

#[tokio::test]
async fn many_events_of_one_transaction_keep_their_order() {
    for db in engines().await {
        let world = World::new(&db).await;
        let events: Vec<_> = [2, 1, 2, 1, 2].map(|aggregate| world.new_event(aggregate)).into();

        world.db.write("import", move |tx| record_all(tx, &events)).await.expect("recorded events");

        let rows = rows(&world).await;
        assert_eq!((sequences(&rows, 1), sequences(&rows, 2)), (vec![1, 2], vec![1, 2, 3]));
        db.close().await;
    }
}

#[tokio::test]
async fn the_backlog_is_counted_with_its_oldest() {
    for db in engines().await {
        let world = World::new(&db).await;
        let first = common::now(&world);
        world.record(1).await;
        world.clock.advance(std::time::Duration::from_secs(5));
        world.record(2).await;

        let backlog =
            db.read("backlog", techtrove_bus::outbox::unpublished).await.expect("backlog");

        assert_eq!((backlog.count, backlog.oldest), (2, Some(first)));
        assert!(MOVED.is_ascii());
        db.close().await;
    }
}

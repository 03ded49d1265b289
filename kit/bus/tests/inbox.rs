//! Once and in order: what a consumer claims, on every engine.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Taken};
use techtrove_db::testing::engines;

use crate::common::{CONSUMER, Follower, World};

fn event(world: &World, sequence: u64) -> Arc<Event> {
    let (context, event) = world.new_event(1);
    Arc::new(Event::new("/tests", &context, &event, sequence))
}

async fn deliver(follower: &Follower, event: &Arc<Event>) -> Result<Taken, HandlerError> {
    follower.clone().handle(Arc::clone(event)).await
}

#[tokio::test]
async fn a_repeated_event_has_one_effect() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let (first, second) = (event(&world, 1), event(&world, 2));

        for event in [&first, &first, &second, &first, &second] {
            deliver(&follower, event).await.expect("taken");
        }

        assert_eq!(world.effects(CONSUMER).await[&1], [1, 2]);
        db.close().await;
    }
}

#[tokio::test]
async fn an_event_after_a_gap_waits_for_what_is_missing() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        deliver(&follower, &event(&world, 1)).await.expect("taken");

        let early = deliver(&follower, &event(&world, 3)).await;
        deliver(&follower, &event(&world, 2)).await.expect("taken");
        deliver(&follower, &event(&world, 3)).await.expect("taken");

        assert!(matches!(early, Err(HandlerError::Gap { expected: 2, found: 3 })));
        assert_eq!(world.effects(CONSUMER).await[&1], [1, 2, 3]);
        db.close().await;
    }
}

#[tokio::test]
async fn an_unknown_aggregate_starts_late_only_by_the_transports_word() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);

        let shuffled = deliver(&follower, &event(&world, 5)).await;
        let mut vouched = Event::clone(&event(&world, 5));
        vouched.predecessors_published = true;
        deliver(&follower, &Arc::new(vouched)).await.expect("taken");
        deliver(&follower, &event(&world, 6)).await.expect("taken");

        assert!(matches!(shuffled, Err(HandlerError::Gap { expected: 1, found: 5 })));
        assert_eq!(world.effects(CONSUMER).await[&1], [5, 6]);
        db.close().await;
    }
}

#[tokio::test]
async fn two_deliveries_at_once_have_one_effect() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);

        for sequence in 1..=5 {
            let event = event(&world, sequence);
            let both = futures::future::join_all((0..4).map(|_| deliver(&follower, &event))).await;
            // Claims of an aggregate's first event may collide on its row: the loser tries again.
            assert!(both.iter().any(Result::is_ok));
            deliver(&follower, &event).await.expect("taken");
        }

        assert_eq!(world.effects(CONSUMER).await[&1], [1, 2, 3, 4, 5]);
        db.close().await;
    }
}

//! Dead letters: what is parked, what goes on, how it comes back; and pruning. On every engine.

use std::time::Duration;

use techtrove_bus::{
    Bus, HandlerError, PruneOptions, Pruned, dead_letters, dead_letters::Replayed, drain,
    prune_once,
};
use techtrove_db::testing::engines;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::common::{self, CONSUMER, Follower, World, bus, in_order};

const OTHER: &str = "tests.other";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn drain_all(world: &World, bus: &Bus) {
    drain(&[(&world.db, &world.options())], bus).await.expect("drained");
}

/// Fails the second event of aggregate 0.
fn poisoned(event: &techtrove_bus::Event) -> Option<HandlerError> {
    (event.aggregate_id.is_nil() && event.sequence == 2).then(|| HandlerError::failed("poison"))
}

async fn record_round(world: &World, aggregates: u128, rounds: usize) {
    for _ in 0..rounds {
        for aggregate in 0..aggregates {
            world.record(aggregate).await;
        }
    }
}

#[tokio::test]
async fn a_poisoned_event_parks_its_aggregate_for_its_consumer_only() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db).failing(poisoned);
        let other = Follower::new(OTHER, &db);
        let bus = bus(&[&follower, &other]);

        record_round(&world, 3, 3).await;
        drain_all(&world, &bus).await;
        record_round(&world, 3, 1).await;
        drain_all(&world, &bus).await;

        let mut expected = in_order(3, 4);
        assert_eq!(world.effects(OTHER).await, expected);
        expected.insert(0, vec![1]);
        assert_eq!(world.effects(CONSUMER).await, expected);
        assert_eq!(world.dead_letters(CONSUMER).await, [(0, 2), (0, 3), (0, 4)]);
        assert_eq!(world.dead_letters(OTHER).await, []);
        assert_eq!(world.unpublished().await, 0);
        db.close().await;
    }
}

#[tokio::test]
async fn a_poisoned_first_event_parks_what_follows() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db)
            .failing(|event| (event.sequence == 1).then(|| HandlerError::rejected("no")));

        record_round(&world, 1, 2).await;
        drain_all(&world, &bus(&[&follower])).await;

        assert_eq!(world.dead_letters(CONSUMER).await, [(0, 1), (0, 2)]);
        assert_eq!(follower.calls(), 2, "what is rejected is not tried again");
        db.close().await;
    }
}

#[tokio::test]
async fn a_letter_says_what_happened() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db).failing(poisoned);
        record_round(&world, 1, 3).await;
        drain_all(&world, &bus(&[&follower])).await;

        let letters = db
            .read("dead letters", |tx| dead_letters::list(tx, None, 1))
            .await
            .expect("first page");
        let rest = db
            .read("dead letters", {
                let after = (CONSUMER.to_owned(), letters[0].event_id);
                move |tx| dead_letters::list(tx, Some(&after), 10)
            })
            .await
            .expect("second page");

        assert_eq!((letters.len(), letters[0].error.as_str()), (1, "poison"));
        assert_eq!(letters[0].attempts, 8);
        assert_eq!(letters[0].parked_at, common::now(&world));
        assert_eq!((rest.len(), rest[0].attempts), (1, 0));
        assert_eq!(rest[0].error, "waits behind event 2 of its aggregate");
        db.close().await;
    }
}

#[tokio::test]
async fn a_replay_takes_everything_in_order_and_frees_the_aggregate() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db).failing(poisoned);
        let bus = bus(&[&follower]);
        record_round(&world, 2, 4).await;
        drain_all(&world, &bus).await;
        let subscription = bus.subscription(CONSUMER).expect("subscribed");

        let still_broken =
            dead_letters::replay(subscription, Some(Uuid::nil()), 9).await.expect("replay");
        follower.set_fault(|_| None);
        let other = Uuid::from_u128(1);
        let another = dead_letters::replay(subscription, Some(other), 9).await.expect("replay");
        let some = dead_letters::replay(subscription, None, 2).await.expect("replay");
        let left = db.read("left", dead_letters::count).await.expect("counted");
        let repaired = dead_letters::replay(subscription, None, 9).await.expect("replay");
        let again = dead_letters::replay(subscription, None, 9).await.expect("replay");
        record_round(&world, 2, 1).await;
        drain_all(&world, &bus).await;

        assert_eq!((still_broken.taken, still_broken.errors.len()), (0, 1));
        assert_eq!((another, again), (Replayed::default(), Replayed::default()));
        assert_eq!((some, left), (Replayed { taken: 2, errors: vec![] }, 1));
        assert_eq!(repaired, Replayed { taken: 1, errors: vec![] });
        assert_eq!(world.effects(CONSUMER).await, in_order(2, 5));
        assert_eq!(world.dead_letters(CONSUMER).await, []);
        db.close().await;
    }
}

#[tokio::test]
async fn a_panicking_handler_is_a_failing_one() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db).failing(|event| {
            assert!(!event.aggregate_id.is_nil(), "the handler's own mistake");
            None
        });

        record_round(&world, 2, 2).await;
        drain_all(&world, &bus(&[&follower])).await;

        assert_eq!(world.effects(CONSUMER).await, [(1, vec![1, 2])].into());
        assert_eq!(world.dead_letters(CONSUMER).await, [(0, 1), (0, 2)]);
        db.close().await;
    }
}

#[tokio::test]
async fn old_rows_go_in_batches_and_young_ones_stay() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db).failing(poisoned);
        let bus = bus(&[&follower]);
        record_round(&world, 100, 2).await;
        drain_all(&world, &bus).await;
        world.clock.advance(9 * DAY);
        record_round(&world, 10, 1).await;
        drain_all(&world, &bus).await;
        let mut options = PruneOptions::new(world.clock.clone());
        options.batch = 30;
        let cancel = CancellationToken::new();

        let pruned = prune_once(&db, &options, &cancel).await.expect("pruned");
        let again = prune_once(&db, &options, &cancel).await.expect("pruned");

        // Of 100 aggregates, 9 were seen since and one is parked.
        assert_eq!(pruned, Pruned { outbox: 200, inbox: 90 });
        assert_eq!(again, Pruned::default());
        record_round(&world, 100, 1).await;
        drain_all(&world, &bus).await;
        let effects = world.effects(CONSUMER).await;
        assert_eq!(
            (&effects[&0], &effects[&1], &effects[&99]),
            (&vec![1], &vec![1, 2, 3, 4], &vec![1, 2, 3],)
        );
        db.close().await;
    }
}

#[tokio::test]
async fn what_is_not_published_is_never_pruned() {
    for db in engines().await {
        let world = World::new(&db).await;
        record_round(&world, 3, 1).await;
        world.clock.advance(30 * DAY);

        let pruned =
            prune_once(&db, &PruneOptions::new(world.clock.clone()), &CancellationToken::new())
                .await
                .expect("pruned");

        assert_eq!((pruned, world.unpublished().await), (Pruned::default(), 3));
        db.close().await;
    }
}

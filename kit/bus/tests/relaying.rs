//! Relaying: order, repetition, retries, leases, the end; on every engine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use techtrove_bus::{Bus, HandlerError, Taken, drain, relay};
use techtrove_db::testing::engines;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::common::{CONSUMER, Follower, World, bus, eventually, in_order};

const HOUR: Duration = Duration::from_secs(3_600);

async fn drain_all(world: &World, bus: &Bus) {
    drain(&[(&world.db, &world.options())], bus).await.expect("drained");
}

#[tokio::test]
async fn every_aggregate_arrives_once_and_in_order() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        futures::future::join_all((0..300_u128).map(|number| world.record(number % 10))).await;

        drain_all(&world, &bus(&[&follower])).await;

        assert_eq!(world.effects(CONSUMER).await, in_order(10, 30));
        assert_eq!(follower.calls(), 300);
        assert_eq!(world.unpublished().await, 0);
        db.close().await;
    }
}

#[tokio::test]
async fn a_crash_before_the_mark_changes_nothing() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let bus = bus(&[&follower]);
        for _ in 0..3 {
            world.record(0).await;
        }
        drain_all(&world, &bus).await;

        world.forget_marks().await;
        drain_all(&world, &bus).await;

        assert_eq!(follower.calls(), 6);
        assert_eq!(world.effects(CONSUMER).await, in_order(1, 3));
        db.close().await;
    }
}

#[tokio::test]
async fn what_nobody_listens_to_is_published_at_once() {
    for db in engines().await {
        let world = World::new(&db).await;
        world.record(0).await;

        drain_all(&world, &Bus::in_process()).await;

        assert_eq!(world.unpublished().await, 0);
        db.close().await;
    }
}

#[tokio::test]
async fn ignored_events_leave_no_gap() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let mut subscription = follower.subscription();
        let inner = follower.clone();
        subscription.handler = Arc::new(move |event: Arc<techtrove_bus::Event>| {
            let inner = inner.clone();
            async move {
                if event.sequence % 2 == 1 { Ok(Taken::Ignored) } else { inner.handle(event).await }
            }
        });
        let mut bus = Bus::in_process();
        bus.subscribe(subscription).expect("the only one");
        for _ in 0..6 {
            world.record(0).await;
        }

        drain_all(&world, &bus).await;

        assert_eq!(world.effects(CONSUMER).await[&0], [2, 4, 6]);
        assert_eq!(world.dead_letters(CONSUMER).await, []);
        db.close().await;
    }
}

#[tokio::test]
async fn a_commit_wakes_the_relay() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let mut options = world.options();
        options.tick = HOUR;
        let cancel = CancellationToken::new();
        let running =
            tokio::spawn(relay(world.db.clone(), bus(&[&follower]), options, cancel.clone()));

        for _ in 0..3 {
            world.record(0).await;
            eventually("published", || async { world.unpublished().await == 0 }).await;
        }
        cancel.cancel();
        running.await.expect("relay ends");

        assert_eq!(world.effects(CONSUMER).await, in_order(1, 3));
        db.close().await;
    }
}

#[tokio::test]
async fn a_failing_aggregate_holds_up_nobody_else() {
    for db in engines().await {
        let world = World::new(&db).await;
        let failing = Follower::new(CONSUMER, &db)
            .failing(|event| (event.aggregate_id.is_nil()).then(|| HandlerError::failed("boom")));
        let healthy = Follower::new("tests.other", &db);
        let mut options = world.options();
        (options.retry.first, options.retry.longest, options.tick) = (HOUR, HOUR, HOUR);
        (options.batch, options.concurrency) = (4, 2);
        futures::future::join_all((0..60_u128).map(|number| world.record(number % 3))).await;
        let cancel = CancellationToken::new();
        let running = tokio::spawn(relay(
            world.db.clone(),
            bus(&[&failing, &healthy]),
            options,
            cancel.clone(),
        ));

        eventually("all others published", || async { world.unpublished().await == 20 }).await;
        cancel.cancel();
        running.await.expect("relay ends");

        let mut others = in_order(3, 20);
        assert_eq!(world.effects("tests.other").await, others);
        others.remove(&0);
        assert_eq!(world.effects(CONSUMER).await, others);
        db.close().await;
    }
}

#[tokio::test]
async fn failures_are_tried_again_and_outages_do_not_count() {
    for db in engines().await {
        let world = World::new(&db).await;
        let tries = Arc::new(AtomicU32::new(0));
        let follower = Follower::new(CONSUMER, &db).failing(move |_| {
            match tries.fetch_add(1, Ordering::SeqCst) {
                0..20 => Some(HandlerError::unavailable("the neighbour is away")),
                20..22 => Some(HandlerError::failed("not yet")),
                _ => None,
            }
        });
        let mut options = world.options();
        options.retry.attempts = 3;
        (options.retry.first, options.retry.longest) = (Duration::ZERO, Duration::ZERO);
        world.record(0).await;
        let cancel = CancellationToken::new();
        let running =
            tokio::spawn(relay(world.db.clone(), bus(&[&follower]), options, cancel.clone()));

        eventually("published", || async { world.unpublished().await == 0 }).await;
        cancel.cancel();
        running.await.expect("relay ends");

        assert_eq!(follower.calls(), 23);
        assert_eq!(world.effects(CONSUMER).await, in_order(1, 1));
        assert_eq!(world.dead_letters(CONSUMER).await, []);
        db.close().await;
    }
}

#[tokio::test]
async fn at_the_end_running_deliveries_finish_and_are_marked() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut subscription = follower.subscription();
        let (inner, tell, wait) = (follower.clone(), Arc::clone(&started), Arc::clone(&go_on));
        subscription.handler = Arc::new(move |event| {
            let (inner, tell, wait) = (inner.clone(), Arc::clone(&tell), Arc::clone(&wait));
            async move {
                tell.notify_one();
                wait.notified().await;
                inner.handle(event).await
            }
        });
        let mut bus = Bus::in_process();
        bus.subscribe(subscription).expect("the only one");
        world.record(0).await;
        world.record(0).await;
        let cancel = CancellationToken::new();
        let running = tokio::spawn(relay(world.db.clone(), bus, world.options(), cancel.clone()));

        started.notified().await;
        cancel.cancel();
        go_on.notify_one();
        running.await.expect("relay ends");

        assert_eq!(world.effects(CONSUMER).await, in_order(1, 1));
        assert_eq!(world.unpublished().await, 1, "the second was not started");
        db.close().await;
    }
}

#[tokio::test]
async fn two_relays_share_the_work_and_deliver_nothing_twice() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let mut options = world.options();
        options.lease = Some(Duration::from_millis(150));
        options.tick = Duration::from_millis(5);
        let cancel = CancellationToken::new();
        let relays: Vec<_> = (0..2)
            .map(|_| {
                let bus = bus(&[&follower]);
                tokio::spawn(relay(world.db.clone(), bus, options.clone(), cancel.clone()))
            })
            .collect();

        for _ in 0..10 {
            futures::future::join_all((0..20_u128).map(|aggregate| world.record(aggregate))).await;
        }
        eventually("published", || async { world.unpublished().await == 0 }).await;
        cancel.cancel();
        for relay in relays {
            relay.await.expect("relay ends");
        }

        assert_eq!(world.effects(CONSUMER).await, in_order(20, 10));
        assert_eq!(follower.calls(), 200);
        db.close().await;
    }
}

#[tokio::test]
async fn the_leases_of_a_relay_that_ended_are_free() {
    for db in engines().await {
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let mut options = world.options();
        options.lease = Some(HOUR);
        for _ in 0..2 {
            world.record(0).await;
            let cancel = CancellationToken::new();
            let bus = bus(&[&follower]);
            let running =
                tokio::spawn(relay(world.db.clone(), bus, options.clone(), cancel.clone()));
            eventually("published", || async { world.unpublished().await == 0 }).await;
            cancel.cancel();
            running.await.expect("relay ends");
        }

        assert_eq!(world.effects(CONSUMER).await, in_order(1, 2));
        db.close().await;
    }
}

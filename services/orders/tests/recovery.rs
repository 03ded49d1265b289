//! Drivers that die at each of their calls, before and after it had its effect, and drivers that wake
//! up after they were replaced: the recovery ends every order, once, and the books agree.

use std::{sync::Arc, time::Duration};

use techtrove_db::DbOptions;
use techtrove_orders::{Config, recover_due};
use techtrove_runtime::Shutdown;
use techtrove_testing::{engines, eventually, sqlite_file, sqlite_inline};

use crate::world::{Moment, Setting, Shop, Trap, WISHES, World, place};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

#[tokio::test]
async fn a_driver_that_dies_at_any_call_is_replaced() {
    for (token, quantity) in WISHES {
        for moment in [Moment::Before, Moment::After] {
            let mut reached = 0;
            for number in 1..=12 {
                let context = format!("{token} × {quantity}, dies {moment:?} call {number}");
                let world = world().await;
                if !die_at(&world, (token, quantity), Trap::at(number, moment)).await {
                    break;
                }
                reached = number;
                world.settle().await;
                world.assert_settled(&context).await;
            }
            assert!(reached >= 1, "{token} × {quantity}: no call was reached");
        }
    }
}

/// Places an order in a process of its own which ends at the trap; `false` when nothing was caught.
async fn die_at(world: &World, (token, quantity): (&'static str, i64), trap: Arc<Trap>) -> bool {
    let shop = world.shop(Setting::trapped(Arc::clone(&trap))).await;
    let process = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let drivers = shop.app.drivers.clone();
    let placed = process.spawn(async move {
        let _ = place(&shop, token, quantity).await;
        shop.app.drivers.idle().await;
    });
    let caught = tokio::select! {
        () = trap.caught() => true,
        ended = placed => { ended.expect("no panic"); false }
    };
    drop(drivers);
    process.shutdown_background();
    assert!(caught || !trap.was_reached());
    caught
}

#[tokio::test]
async fn a_recovery_that_dies_at_any_call_is_replaced() {
    // The first driver dies before the hold, after the money was reserved, or before it is captured;
    // the second, which recovers, at each of its own calls.
    for (first, moment) in [
        (1, Moment::Before),
        (1, Moment::After),
        (2, Moment::After),
        (3, Moment::After),
        (4, Moment::Before),
    ] {
        for number in 1..=6 {
            let context = format!("dies {moment:?} call {first}, then at {number} of recovery");
            let world = world().await;
            assert!(die_at(&world, ("tok_ok", 2), Trap::at(first, moment)).await, "{context}");
            world.clock.advance(Duration::from_secs(9));

            let trap = Trap::at(number, Moment::After);
            let shop = world.shop(Setting::trapped(Arc::clone(&trap))).await;
            let process = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime");
            let app = Arc::clone(&shop.app);
            let recovered =
                process.spawn(async move { recover_due(&app).await.expect("recovers") });
            tokio::select! {
                () = trap.caught() => {}
                ended = recovered => assert_eq!(ended.expect("no panic"), 1, "{context}"),
            }
            process.shutdown_background();
            world.settle().await;

            world.assert_settled(&context).await;
        }
    }
}

#[tokio::test]
async fn a_driver_that_wakes_up_after_it_was_replaced_changes_nothing() {
    for (token, quantity) in WISHES {
        for moment in [Moment::Before, Moment::After] {
            for number in 1..=6 {
                let context = format!("{token} × {quantity}, sleeps {moment:?} call {number}");
                let world = world().await;
                let trap = Trap::at(number, moment);
                let shop = Arc::new(world.shop(Setting::trapped(Arc::clone(&trap))).await);
                let sleeper = Arc::clone(&shop);
                let placed = tokio::spawn(async move { place(&sleeper, token, quantity).await });
                tokio::select! {
                    () = trap.caught() => {}
                    () = ended(&shop, &trap) => break,
                }

                world.settle().await;
                world.assert_settled(&context).await;
                trap.open();
                let reply = placed.await.expect("no panic");
                shop.app.drivers.idle().await;

                world.assert_settled_again(&context).await;
                assert!(matches!(reply.status.as_u16(), 201 | 402 | 409 | 503), "{context}");
            }
        }
    }
}

/// Waits until the shop drives nothing any more, though its trap caught nothing.
async fn ended(shop: &Shop, trap: &Trap) {
    eventually(Duration::from_secs(10), async || {
        (!trap.was_reached() && shop.app.drivers.is_idle()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_recoveries_at_once_drive_each_order_once() {
    let world = world().await;
    for number in 0..20 {
        let trap = Trap::at(2, Moment::After);
        assert!(die_at(&world, ("tok_ok", 1), trap).await, "{number}");
    }
    world.clock.advance(Duration::from_secs(9));
    let (one, two) = (world.shop(Setting::default()).await, world.shop(Setting::default()).await);

    let (first, second) = tokio::join!(recover_due(&one.app), recover_due(&two.app));

    assert_eq!(first.expect("recovers") + second.expect("recovers"), 20);
    world.assert_settled("two recoveries").await;
}

#[tokio::test]
async fn each_call_dying_once_is_recovered_on_every_engine() {
    for db in engines().await {
        let world = World::new((*db).clone());
        for number in 1..=4 {
            let trap = Trap::at(number, Moment::After);
            assert!(die_at(&world, ("tok_ok", 1), trap).await, "{}: {number}", db.label());
        }
        world.clock.advance(Duration::from_secs(9));

        let shops = (world.shop(Setting::default()).await, world.shop(Setting::default()).await);
        let (one, two) = tokio::join!(recover_due(&shops.0.app), recover_due(&shops.1.app));

        assert_eq!(one.expect("recovers") + two.expect("recovers"), 4, "{}", db.label());
        world.settle().await;
        world.assert_settled(db.label()).await;
        db.close().await;
    }
}

#[tokio::test]
async fn the_workers_recover_from_the_start_and_end_when_told() {
    let world = world().await;
    assert!(die_at(&world, ("tok_ok", 1), Trap::at(3, Moment::After)).await);
    world.clock.advance(Duration::from_secs(9));
    let shop = world.shop(Setting::default()).await;
    let service = techtrove_orders::service(&shop.app, world.authenticator());
    let shutdown = Shutdown::new();
    let workers: Vec<_> = service
        .workers
        .into_iter()
        .map(|worker| tokio::spawn(worker.supervise(shutdown.clone())))
        .collect();

    eventually(Duration::from_secs(10), async || {
        world.entries().await.iter().all(|entry| entry.settled).then_some(())
    })
    .await;
    shutdown.begin();
    for worker in workers {
        worker.await.expect("ends well");
    }

    world.assert_settled("workers").await;
}

#[tokio::test]
async fn a_driver_at_work_keeps_its_order() {
    for number in 1..=4 {
        let world = world().await;
        let trap = Trap::at(number, Moment::After);
        let shop = Arc::new(world.shop(Setting::trapped(Arc::clone(&trap))).await);
        let buyer = Arc::clone(&shop);
        let placed = tokio::spawn(async move { place(&buyer, "tok_ok", 1).await });
        trap.caught().await;

        world.clock.advance(Duration::from_secs(4));
        let other = world.shop(Setting::default()).await;
        assert_eq!(recover_due(&other.app).await.expect("recovers"), 0, "at call {number}");
        trap.open();

        assert_eq!(placed.await.expect("no panic").status, 201);
        shop.app.drivers.idle().await;
        world.assert_settled("at work").await;
    }
}

/// Where there is one process, whoever drove an order before it began is dead; elsewhere it may be another. What
/// was asked of the provider for a buyer who was not answered may be on its way.
#[tokio::test]
async fn a_process_that_is_alone_goes_on_at_once_with_what_buyers_were_told_of() {
    for (alone, call, recovered) in [(false, 2, 0), (true, 2, 0), (false, 4, 0), (true, 4, 1)] {
        let world = world().await;
        assert!(die_at(&world, ("tok_ok", 1), Trap::at(call, Moment::Before)).await);

        let config = Config { alone, ..Config::default() };
        let shop = world.shop(Setting { config, ..Setting::default() }).await;

        assert_eq!(recover_due(&shop.app).await.expect("recovers"), recovered, "{alone} {call}");
        world.settle().await;
        world.assert_settled("alone").await;
    }
}

#[tokio::test]
async fn a_buyer_is_told_only_what_is_stored() {
    // The second call reserves the money, the third commits the stock.
    for number in [2, 3] {
        let db = sqlite_file(DbOptions::default()).await;
        let world = World::new((*db).clone());
        let trap = Trap::at(number, Moment::After);
        let shop = Arc::new(world.shop(Setting::trapped(Arc::clone(&trap))).await);
        let buyer = Arc::clone(&shop);
        let placed = tokio::spawn(async move { place(&buyer, "tok_ok", 1).await });
        trap.caught().await;

        world.db.close().await;
        trap.open();
        let reply = placed.await.expect("no panic").expect(503);

        assert_eq!(
            (reply.problem_code(), reply.header("retry-after")),
            ("unknown_outcome".into(), "2")
        );
        db.close().await;
    }
}

//! That everything rests soon after a fault: within ten seconds after the last fault is over and nobody
//! asks for anything more, every order has come to its end or waits for its buyer, and no neighbour has
//! anything left to do for it. What waits has as long from the end of its time on.

use std::time::Duration;

use techtrove_core::Clock as _;

use crate::{checker, world::World};

/// How long it may take.
const PROMISED: Duration = Duration::from_secs(10);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Until when orders wait for their buyers.
const WAITING: &str = "SELECT deadline FROM sagas WHERE deadline IS NOT NULL";

/// Waits until everything rests, and tells how long it took.
pub async fn rest(world: &World) -> Duration {
    let mut since = world.started.elapsed();
    loop {
        let now = world.started.elapsed();
        since = if is_waiting(world) { now } else { since.max(world.healed()) };
        let took = now.saturating_sub(since);
        let lives = world.hosts().iter().all(|host| host.life().is_some());
        let left = checker::unsettled(world).next();
        match left {
            None if lives => return took,
            Some(left) if took > PROMISED => {
                world.violated("every order rests within ten seconds", left);
                checker::settle(world).await;
                return took;
            }
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Whether an order's buyer has time left, by its own clock.
fn is_waiting(world: &World) -> bool {
    let orders = world.host("orders");
    let now = orders.clock.now().as_micros();
    checker::values::<i64>(&orders.look, WAITING).into_iter().any(|until| until > now)
}

/// The same once what was held back arrives.
pub async fn rest_again(world: &World) -> Duration {
    world.is_late();
    world.heals();
    tokio::time::sleep(Duration::from_secs(1)).await;
    rest(world).await
}

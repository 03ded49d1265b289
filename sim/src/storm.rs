//! What goes wrong beside single messages and commits: hosts go down, parts of the network are cut off,
//! the payment provider misbehaves. Which of it, when and for how long is the seed's.

use std::{sync::Arc, time::Duration};

use techtrove_sandbox::faults::{Fault, Operation};

use crate::{
    plan::Plan,
    weather::{HELD_BACK, STORM},
    wiring::HOSTS,
    world::World,
};

/// The provider's operations that go wrong.
const OPERATIONS: [Operation; 6] = [
    Operation::Charge,
    Operation::Lookup,
    Operation::CompleteAction,
    Operation::Capture,
    Operation::Void,
    Operation::Refund,
];

/// Lets it storm, and waits until the weather is fair again and every host lives.
pub async fn rage(world: &Arc<World>) {
    let plan = Plan::of(world.seed);
    world.tell("storm begins");
    if plan.deaf {
        world.fault("webhooks never come", "");
    }
    if plan.replicated {
        world.fault("two processes on one database", "");
    }
    world.with_weather(|weather| {
        weather.network = plan.network;
        weather.focus = plan.focus;
        weather.held_back = HELD_BACK;
        weather.commits = plan.commits;
        weather.slow_disk = plan.slow_disk;
    });
    let end = world.started.elapsed() + STORM;
    while world.started.elapsed() < end {
        tokio::time::sleep(world.time(100, 1_500)).await;
        strike(world);
    }
    world.with_weather(|weather| {
        weather.network = 0;
        weather.focus = None;
        weather.held_back = 0;
        weather.commits = 0;
        weather.slow_disk = 0;
        weather.cut.clear();
    });
    while world.hosts().iter().any(|host| host.life().is_none()) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.tell("storm ends");
}

fn strike(world: &Arc<World>) {
    match world.pick(0, 10) {
        0..=2 => {
            let host = world.host(world.one_of(&HOSTS));
            world.fault("crash", host.name);
            host.crash(world, world.time(50, 3_000));
        }
        3..=4 => cut(world),
        5..=8 => misbehave(world),
        _ => {}
    }
}

/// Cuts one host off another, in one direction or both, for a while.
fn cut(world: &Arc<World>) {
    let (from, to) = (world.one_of(&HOSTS), world.one_of(&HOSTS));
    let both = world.chance(600);
    let pause = world.time(200, 4_000);
    world.fault("partition", &format!("{from} {} {to}", if both { "and" } else { "to" }));
    world.with_weather(|weather| {
        weather.cut.insert((from, to));
        if both {
            weather.cut.insert((to, from));
        }
    });
    let world = Arc::clone(world);
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        world.tell(&format!("{from} reaches {to} again"));
        world.with_weather(|weather| {
            weather.cut.remove(&(from, to));
            weather.cut.remove(&(to, from));
        });
    });
}

/// Plans that one of the provider's next calls goes wrong.
fn misbehave(world: &Arc<World>) {
    let operation = world.one_of(&OPERATIONS);
    let (kind, fault) = match world.pick(0, 5) {
        0 => ("provider fails before", Fault::ErrorBefore),
        1 => ("provider fails after", Fault::ErrorAfter),
        2 => ("provider hangs before", Fault::HangBefore),
        3 => ("provider hangs after", Fault::HangAfter),
        _ => ("provider is late", Fault::Delay(world.time(100, 5_000))),
    };
    world.fault(kind, &format!("{operation:?}"));
    world.with_weather(|weather| weather.provider.plan(operation, fault));
}

//! The whole shop under simulated faults, by seed: every service is a host with a disk of its own, on a
//! simulated network, disk and clock, running its real code and SQL in one thread. It must never let
//! anything but the seed decide what happens. Start with [`run`], or with [`sagas`], where faults are not
//! left to chance; `main.rs` is its command line.

mod alarms;
mod bank;
mod bus;
mod checker;
mod clock;
mod customers;
mod expected;
mod hosts;
mod network;
mod panics;
mod plan;
mod plants;
pub mod sagas;
mod storm;
mod trace;
mod weather;
mod wiring;
mod world;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use techtrove_db::{DbOptions, Disk};

pub use expected::{LONG, missed};
pub use plants::{PLANTS, Plant};
pub use trace::Fingerprint;
pub use world::Violation;

use crate::{
    clock::HostClock,
    customers::{Memory, Staff},
    hosts::Host,
    plan::Plan,
    wiring::HOSTS,
    world::World,
};

/// How long what was held back takes to arrive.
const HELD_UP: Duration = Duration::from_secs(1);

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What two runs of the seed share.
    pub fingerprint: Fingerprint,
    /// The invariants that did not hold.
    pub violations: Vec<Violation>,
    /// Which faults and edges were reached, and how often.
    pub reached: BTreeMap<String, u64>,
    /// How much virtual time passed.
    pub lasted: Duration,
}

/// How a run is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Print the trace as it grows.
    pub shown: bool,
    /// The bug that is planted.
    pub plant: Option<&'static str>,
}

/// Runs the shop once, as `seed` has it.
///
/// # Errors
/// When the simulation itself fails, rather than the shop.
pub fn run(seed: u64, options: Options) -> anyhow::Result<Outcome> {
    simulated(options, live(seed, options.shown))
}

/// Runs a simulation on a runtime of its own, whose time is virtual.
fn simulated<T>(
    options: Options,
    simulation: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    panics::listen();
    alarms::listen();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("no runtime")?;
    techtrove_core::plant(options.plant.unwrap_or_default());
    let outcome = runtime.block_on(simulation);
    techtrove_core::plant("");
    outcome
}

async fn live(seed: u64, shown: bool) -> anyhow::Result<Outcome> {
    let world = World::new(seed, shown);
    build(&world).await?;
    let staff = Staff::hire(&world)?;
    let memory = Arc::new(Memory::default());
    customers::open_shop(&world, &staff, &memory).await.context("the shop cannot open")?;
    let mut visits = Vec::new();
    for number in 0..Plan::of(seed).buyers {
        let (world, memory, staff) = (Arc::clone(&world), Arc::clone(&memory), staff.clone());
        visits.push(tokio::spawn(async move {
            tokio::time::sleep(world.time(0, 9_000)).await;
            customers::visit(world, memory, staff, number).await;
        }));
    }
    let bank = tokio::spawn(bank::decide(Arc::clone(&world)));
    let prices = {
        let (memory, staff) = (Arc::clone(&memory), staff.clone());
        tokio::spawn(async move { staff.reprice(&memory).await })
    };
    storm::rage(&world).await;
    for visit in visits {
        visit.await.context("a buyer panicked")?;
    }
    prices.await.context("whoever changes prices panicked")?;
    checker::settle(&world).await;
    world.tell("what was held back arrives");
    world.is_late();
    tokio::time::sleep(HELD_UP).await;
    checker::settle(&world).await;
    bank.abort();
    customers::look_through(&staff.support).await;
    check(&world, &memory);
    let (fingerprint, reached) =
        world.with_trace(|trace| (trace.fingerprint(), trace.reached().clone()));
    let (violations, lasted) = (world.violations(), world.started.elapsed());
    world.end();
    Ok(Outcome { seed, fingerprint, violations, reached, lasted })
}

/// Checks everything that must hold in the end.
fn check(world: &World, memory: &Memory) {
    checker::check(world, memory);
    for alarm in alarms::heard() {
        world.violated("nobody has to look", alarm);
    }
    for panic in panics::heard() {
        world.violated("nothing panics", panic);
    }
}

/// Makes all hosts and starts them.
async fn build(world: &Arc<World>) -> anyhow::Result<()> {
    for name in HOSTS {
        let disk = Disk::in_memory()?;
        let look = disk.look(name, DbOptions::default())?;
        let clock = Arc::new(HostClock::new(world.started));
        world.add_host(Arc::new(Host::new(name, disk, look, clock)));
    }
    for host in world.hosts() {
        host.start(world).await?;
    }
    Ok(())
}

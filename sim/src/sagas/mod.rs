//! Every saga with every fault at every point: a saga is played once in fair weather, which numbers all
//! messages and commits of it, and then once for each of them and each fault that can strike there. It must
//! know nothing of the steps that sagas have, so that a new one comes under it by itself. Start with
//! [`survey`].

mod people;
mod points;
mod resting;
mod scenarios;

pub use points::{Fault, Kind, Point, Points, Strike, template};
pub use scenarios::{SCENARIOS, Scenario};

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};

use self::people::{Ending, People};
use crate::{
    Options, Violation, build, check, checker,
    customers::{self, Memory, Staff},
    plan::Plan,
    simulated,
    world::World,
};

/// What a saga came to that was played once.
#[derive(Clone, Debug)]
pub struct Played {
    /// What happened, in order.
    pub points: Vec<Point>,
    /// The invariants that did not hold.
    pub violations: Vec<Violation>,
    /// Whether what was wanted could not be had, and everything was undone.
    pub undone: bool,
    /// How long it took after the last fault until everything rested.
    pub rested: Duration,
}

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Found {
    /// The fault, and where.
    pub strike: Strike,
    /// What happened there.
    pub what: String,
    /// The invariants that did not hold.
    pub violations: Vec<Violation>,
}

/// What a saga came to that was played with its faults.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// How many points it has that something can go wrong at.
    pub points: usize,
    /// How often it was played with a fault.
    pub runs: usize,
    /// How often it was undone.
    pub undone: usize,
    /// The longest that anything took to rest after its fault.
    pub slowest: Duration,
    /// The runs that went wrong.
    pub found: Vec<Found>,
}

/// Which of a saga's faults are tried: one of so many, from this one on.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// One of so many.
    pub of: usize,
    /// From this one on.
    pub from: usize,
}

impl Sample {
    /// All.
    pub const ALL: Self = Self { of: 1, from: 0 };
}

/// The saga of this name.
#[must_use]
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

/// Plays a saga once, with this fault or in fair weather.
///
/// # Errors
/// When the simulation itself fails, rather than the shop, or the fault has no such point to strike at.
pub fn play(
    scenario: &Scenario,
    strike: Option<Strike>,
    options: Options,
) -> anyhow::Result<Played> {
    simulated(options, live(scenario, strike, options.shown))
}

/// Plays a saga with each fault of the sample at each of its points, on all processors. `done` hears of
/// every run.
///
/// # Errors
/// As [`play`], or when the saga has no fair ending.
pub fn survey(
    scenario: &Scenario,
    sample: Sample,
    options: Options,
    done: impl Fn() + Sync,
) -> anyhow::Result<Survey> {
    let fair = play(scenario, None, options)?;
    if !fair.violations.is_empty() {
        let (strike, what) = (Strike { point: 0, fault: Fault::Lost }, "no fault".to_owned());
        let found = vec![Found { strike, what, violations: fair.violations }];
        return Ok(Survey { found, ..Survey::default() });
    }
    let strikes: Vec<Strike> = strikes(&fair.points).skip(sample.from).step_by(sample.of).collect();
    let (next, survey) = (AtomicUsize::new(0), Mutex::new(Survey::default()));
    let work = || -> anyhow::Result<()> {
        while let Some(strike) = strikes.get(next.fetch_add(1, Relaxed)) {
            let played = play(scenario, Some(*strike), options)
                .with_context(|| address(scenario, *strike))?;
            let what = fair.points.get(strike.point).map(|point| point.what.clone());
            let what = what.unwrap_or_default();
            survey.lock().unwrap_or_else(PoisonError::into_inner).add(*strike, what, played);
            done();
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow::anyhow!("a simulation panicked"))?
        })
    })?;
    let points = fair.points.iter().filter(|point| point.kind != Kind::Idle).count();
    let mut survey = survey.into_inner().unwrap_or_else(PoisonError::into_inner);
    survey.found.sort_by_key(|found| (found.strike.point, found.strike.fault.name()));
    Ok(Survey { points, ..survey })
}

/// How a run is asked for again.
#[must_use]
pub fn address(scenario: &Scenario, Strike { point, fault }: Strike) -> String {
    format!("--saga {} --point {point} --fault {}", scenario.name, fault.name())
}

/// Every fault that can strike at these points.
fn strikes(points: &[Point]) -> impl Iterator<Item = Strike> {
    points.iter().enumerate().flat_map(|(point, met)| {
        let fits = |fault: &Fault| fault.kind() == met.kind;
        Fault::ALL.into_iter().filter(fits).map(move |fault| Strike { point, fault })
    })
}

impl Survey {
    fn add(&mut self, strike: Strike, what: String, played: Played) {
        self.runs += 1;
        self.undone += usize::from(played.undone);
        self.slowest = self.slowest.max(played.rested);
        if !played.violations.is_empty() {
            self.found.push(Found { strike, what, violations: played.violations });
        }
    }
}

/// A seed whose plan takes the money as the saga has it and lets the provider be heard, without replicas:
/// nothing else of a plan matters in fair weather.
fn seed(scenario: &Scenario) -> u64 {
    let fits = |plan: Plan| plan.capture == scenario.capture && !plan.deaf && !plan.replicated;
    (0..).find(|seed| fits(Plan::of(*seed))).unwrap_or_default()
}

async fn live(scenario: &Scenario, strike: Option<Strike>, shown: bool) -> anyhow::Result<Played> {
    let world = World::new(seed(scenario), shown);
    build(&world).await?;
    let staff = Staff::hire(&world)?;
    let memory = Arc::new(Memory::default());
    customers::open_shop(&world, &staff, &memory).await.context("the shop cannot open")?;
    checker::settle(&world).await;
    world.tell(&format!("the saga begins: {}", scenario.what));
    world.with_points(|points| points.open(strike));
    let people = People::new(&world, &memory, &staff);
    let ending = (scenario.play)(people.clone()).await;
    let mut rested = resting::rest(&world).await;
    let points = world.with_points(Points::close);
    if strike.is_some_and(|strike| matches!(strike.fault, Fault::Late | Fault::Lost)) {
        world.tell("what was held back arrives");
        rested = rested.max(resting::rest_again(&world).await);
    }
    if let Some(ending) = &ending {
        people.see(ending).await;
    }
    check(&world, &memory);
    let undone = matches!(ending, Some(Ending::Undone));
    match strike {
        None if undone => world.violated("in fair weather nothing is undone", scenario.name),
        Some(Strike { point, .. }) => ensure!(point < points.len(), "there is no such point"),
        None => {}
    }
    world.end();
    Ok(Played { points, violations: world.violations(), undone, rested })
}

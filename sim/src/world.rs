//! What everything in a run shares: its chance, its trace, its hosts, its weather, and what was found
//! wrong. One thread runs it all, so that the order of what happens is the seed's alone.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use tokio::time::Instant;

use crate::{hosts::Host, sagas::Points, trace::Trace, weather::Weather};

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// Of what, and how.
    pub detail: String,
}

/// A run's world.
#[derive(Debug)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// When it began.
    pub started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    random: ChaCha20Rng,
    /// Chance for what has no part in the storm, so that it may change without changing every run.
    aside: ChaCha20Rng,
    trace: Trace,
    hosts: BTreeMap<&'static str, Arc<Host>>,
    weather: Weather,
    points: Points,
    violations: Vec<Violation>,
    messages: u64,
    /// Whether a fault answered 500 in the place of a host.
    answers_errors: bool,
}

impl World {
    /// A world without hosts, in fair weather.
    #[must_use]
    pub fn new(seed: u64, shown: bool) -> Arc<Self> {
        let mut aside = ChaCha20Rng::seed_from_u64(seed);
        aside.set_stream(2);
        let inner = Inner {
            random: ChaCha20Rng::seed_from_u64(seed),
            aside,
            trace: Trace::new(shown),
            hosts: BTreeMap::new(),
            weather: Weather::default(),
            points: Points::default(),
            violations: Vec::new(),
            messages: 0,
            answers_errors: false,
        };
        Arc::new(Self { seed, started: Instant::now(), inner: Mutex::new(inner) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // One thread runs everything; a panic of a task leaves nothing half-done here.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happened.
    pub fn tell(&self, what: &str) {
        let at = self.started.elapsed();
        self.inner().trace.tell(at, what);
    }

    /// Counts that a fault or an edge was reached.
    pub fn reach(&self, what: impl Into<String>) {
        self.inner().trace.reach(what);
    }

    /// Writes down a fault, and counts it.
    pub fn fault(&self, kind: &'static str, what: &str) {
        self.reach(format!("fault {kind}"));
        self.tell(&format!("! {kind} {what}"));
    }

    /// Says that an invariant does not hold.
    pub fn violated(&self, invariant: &'static str, detail: impl Into<String>) {
        let violation = Violation { invariant, detail: detail.into() };
        self.tell(&format!("VIOLATED {invariant}: {}", violation.detail));
        self.inner().violations.push(violation);
    }

    /// What was found wrong.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.inner().violations.clone()
    }

    /// Looks at the trace.
    pub fn with_trace<T>(&self, look: impl FnOnce(&Trace) -> T) -> T {
        look(&self.inner().trace)
    }

    /// Looks at the weather, or changes it.
    pub fn with_weather<T>(&self, change: impl FnOnce(&mut Weather) -> T) -> T {
        change(&mut self.inner().weather)
    }

    /// Looks at the points that faults are addressed to, or changes them.
    pub fn with_points<T>(&self, change: impl FnOnce(&mut Points) -> T) -> T {
        change(&mut self.inner().points)
    }

    /// Notes that a fault answers 500 where a host would have answered: whoever asked it may do the same.
    pub fn answer_errors(&self) {
        self.inner().answers_errors = true;
    }

    /// Whether a fault did.
    #[must_use]
    pub fn answers_errors(&self) -> bool {
        self.inner().answers_errors
    }

    /// The number of the next message.
    pub fn next_message(&self) -> u64 {
        let mut inner = self.inner();
        inner.messages += 1;
        inner.messages
    }

    /// Adds a host.
    pub fn add_host(&self, host: Arc<Host>) {
        self.inner().hosts.insert(host.name, host);
    }

    /// The host of this name.
    #[must_use]
    pub fn host(&self, name: &str) -> Arc<Host> {
        Arc::clone(self.inner().hosts.get(name).expect("every host is added before it is used"))
    }

    /// All hosts, by name.
    #[must_use]
    pub fn hosts(&self) -> Vec<Arc<Host>> {
        self.inner().hosts.values().map(Arc::clone).collect()
    }

    /// Ends it: its hosts hold it as it holds them.
    pub fn end(&self) {
        let hosts = std::mem::take(&mut self.inner().hosts);
        hosts.into_values().for_each(|host| host.end());
    }

    /// Whether chance has it: so many times in a thousand.
    pub fn chance(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.inner().random.random_range(0..1_000) < per_mille
    }

    /// As [`Self::chance`], for what has no part in the storm.
    pub fn chance_aside(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.inner().aside.random_range(0..1_000) < per_mille
    }

    /// As [`Self::time`], for what has no part in the storm.
    pub fn time_aside(&self, least: u64, most: u64) -> Duration {
        let micros = self.inner().aside.random_range(least * 1_000..=most * 1_000);
        Duration::from_micros(micros)
    }

    /// A number from `least` to below `beyond`.
    pub fn pick(&self, least: u64, beyond: u64) -> u64 {
        self.inner().random.random_range(least..beyond.max(least + 1))
    }

    /// One of these.
    pub fn one_of<T: Clone>(&self, choice: &[T]) -> T {
        let count = u64::try_from(choice.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(self.pick(0, count)).unwrap_or_default();
        choice[place].clone()
    }

    /// A time between these, in milliseconds.
    pub fn time(&self, least: u64, most: u64) -> Duration {
        Duration::from_micros(self.pick(least * 1_000, most * 1_000 + 1))
    }

    /// 128 bits of chance, as nobody else draws them.
    pub fn bits(&self) -> u128 {
        self.inner().random.random()
    }
}

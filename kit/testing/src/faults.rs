//! Networks that fail on demand, handed to a client by `Client::with_faults`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::RngExt as _;
use rand_chacha::ChaCha20Rng;
use techtrove_http::{Call, Faults};

pub use techtrove_http::Fault;

/// A network whose faults are written down: each rule is a part of the path, which of its calls, and
/// what happens to it. The first rule that fits counts. It remembers all calls.
#[derive(Debug, Default)]
pub struct Script {
    rules: Vec<Rule>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Rule {
    part: String,
    which: Which,
    fault: Fault,
}

#[derive(Debug)]
enum Which {
    Every,
    Nth(usize),
}

#[derive(Debug, Default)]
struct Seen {
    /// `METHOD /path`, in order.
    calls: Vec<String>,
    by_rule: BTreeMap<usize, usize>,
}

impl Script {
    /// A network without faults, which remembers its calls.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first call whose path contains `part` meets `fault`.
    #[must_use]
    pub fn first(self, part: &str, fault: Fault) -> Self {
        self.nth(part, 1, fault)
    }

    /// The `number`th call, from 1, whose path contains `part` meets `fault`.
    #[must_use]
    pub fn nth(self, part: &str, number: usize, fault: Fault) -> Self {
        self.rule(part, Which::Nth(number), fault)
    }

    /// Every call whose path contains `part` meets `fault`.
    #[must_use]
    pub fn every(self, part: &str, fault: Fault) -> Self {
        self.rule(part, Which::Every, fault)
    }

    fn rule(mut self, part: &str, which: Which, fault: Fault) -> Self {
        self.rules.push(Rule { part: part.to_owned(), which, fault });
        self
    }

    /// All calls so far, as `METHOD /path`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.seen().calls.clone()
    }

    /// How many calls so far contain `part`.
    #[must_use]
    pub fn count(&self, part: &str) -> usize {
        self.seen().calls.iter().filter(|call| call.contains(part)).count()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults for Script {
    fn decide(&self, call: &Call<'_>) -> Fault {
        let mut seen = self.seen();
        seen.calls.push(format!("{} {}", call.method, call.path));
        let mut decided = None;
        // Every rule counts every call that fits it, also when an earlier rule decides.
        for (index, rule) in self.rules.iter().enumerate() {
            if !call.path.contains(&rule.part) {
                continue;
            }
            let times = seen.by_rule.entry(index).or_default();
            *times += 1;
            let fits = match rule.which {
                Which::Every => true,
                Which::Nth(number) => *times == number,
            };
            if fits {
                decided = decided.or(Some(rule.fault));
            }
        }
        decided.unwrap_or_default()
    }
}

/// A network on which about one call in so many meets some fault, repeatable by its generator.
#[derive(Debug)]
pub struct Chance {
    one_in: u32,
    random: Mutex<ChaCha20Rng>,
}

impl Chance {
    /// One call in `one_in` fails, as `random` has it; zero counts as one.
    #[must_use]
    pub fn new(one_in: u32, random: ChaCha20Rng) -> Self {
        Self { one_in: one_in.max(1), random: Mutex::new(random) }
    }
}

impl Faults for Chance {
    fn decide(&self, _: &Call<'_>) -> Fault {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if random.random_range(0..self.one_in) > 0 {
            return Fault::None;
        }
        match random.random_range(0..5) {
            0 => Fault::Unreachable,
            1 => Fault::DropRequest,
            2 => Fault::DropAnswer,
            3 => Fault::Duplicate,
            _ => Fault::Delay(Duration::from_millis(random.random_range(1..50))),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::Seed;

    fn decide(faults: &dyn Faults, path: &str) -> Fault {
        faults.decide(&Call { callee: "test", method: &Method::POST, path })
    }

    #[test]
    fn a_script_is_followed() {
        let script = Script::new()
            .nth("/commit", 2, Fault::DropAnswer)
            .every("/commit/x", Fault::Unreachable);

        let decided =
            ["/commit", "/commit", "/other", "/commit/x"].map(|path| decide(&script, path));

        assert_eq!(decided, [Fault::None, Fault::DropAnswer, Fault::None, Fault::Unreachable]);
        assert_eq!(script.count("/commit"), 3);
        assert_eq!(script.calls()[2], "POST /other");
    }

    #[test]
    fn chance_repeats_itself() {
        let faults = || {
            let chance = Chance::new(3, Seed::fixed(5).random(0));
            [(); 100].map(|()| decide(&chance, "/"))
        };

        assert_eq!(faults(), faults());
        assert!(faults().iter().any(|fault| *fault != Fault::None));
        assert!(faults().contains(&Fault::None));
    }
}

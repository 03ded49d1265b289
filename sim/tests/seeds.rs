//! What CI says of the simulation: the first seeds hold and reach all that is to be reached, and a seed is the same
//! run wherever it runs. The long run is `cargo xtask sim --seeds 0..10000`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::Command;
use std::thread;

use techtrove_core::{Clock as _, SystemClock};
use techtrove_sim::{LONG, Options, PLANTS, Plant, missed, run};

/// How many threads run seeds, one after the other each.
const THREADS: usize = 2;

/// How many fresh seeds a planted bug gets.
const FRESH: u64 = 1_000;

/// Seeds far from the first ones that have found a bug of ours.
const FOUND: [u64; 1] = [500_356];

/// How many seeds that nobody chose have to hold, and how many planted bugs are looked for by such alone.
const DRAWN_SEEDS: u64 = 20;
const DRAWN_PLANTS: usize = 2;

#[test]
fn every_invariant_holds_over_the_first_seeds_and_all_is_reached() {
    let run_some = |first: usize| {
        let mut reached = BTreeMap::new();
        for seed in (0..LONG).skip(first).step_by(THREADS) {
            let outcome = run(seed, Options::default()).expect("the simulation runs");
            assert_eq!(outcome.violations, [], "cargo xtask sim --seed {seed}");
            reached.extend(outcome.reached);
        }
        reached
    };

    let mut reached = BTreeMap::new();
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|first| scope.spawn(move || run_some(first))).collect();
        for thread in threads {
            reached.extend(thread.join().expect("every invariant holds"));
        }
    });

    assert_eq!(missed(&reached), Vec::<&str>::new(), "never reached");
}

#[test]
fn seeds_that_have_found_a_bug_hold() {
    for seed in FOUND {
        let outcome = run(seed, Options::default()).expect("the simulation runs");
        assert_eq!(outcome.violations, [], "cargo xtask sim --seed {seed}");
    }
}

#[test]
fn a_seed_has_the_same_trace_in_another_process() {
    let trace = |seed: u64| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_techtrove-sim"));
        let output = program.args(["--seed", &seed.to_string()]).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };

    let (one, again, other) = (trace(7), trace(7), trace(8));

    assert!(one.lines().count() > 100, "{one}");
    let differing = one.lines().zip(again.lines()).find(|(one, again)| one != again);
    assert_eq!(differing, None);
    assert_eq!(one, again);
    assert_ne!(one, other);
}

/// Seeds that are others with every run.
fn drawn() -> Range<u64> {
    let now = SystemClock.now().as_micros() / 1_000_000;
    let first = u64::try_from(now).expect("after 1970") * FRESH;
    first..first + FRESH
}

fn is_found(plant: &Plant, seed: u64) -> bool {
    let options = Options { plant: Some(plant.name), ..Options::default() };
    !run(seed, options).expect("the simulation runs").violations.is_empty()
}

#[test]
fn seeds_that_nobody_chose_hold_and_find_bugs_too() {
    let seeds = drawn();
    for seed in seeds.clone().take(usize::try_from(DRAWN_SEEDS).expect("few")) {
        let outcome = run(seed, Options::default()).expect("the simulation runs");
        assert_eq!(outcome.violations, [], "cargo xtask sim --seed {seed}");
    }

    let first = usize::try_from(seeds.start / FRESH).expect("few");
    for plant in PLANTS.iter().cycle().skip(first % PLANTS.len()).take(DRAWN_PLANTS) {
        let found = seeds.clone().any(|seed| is_found(plant, seed));
        assert!(found, "cargo xtask sim --plant {} --seeds {seeds:?}", plant.name);
    }
}

#[test]
fn every_planted_bug_is_found() {
    // The known seed does not find it any more where the shop has changed: then fresh ones have to.
    let missed: Vec<&str> = PLANTS
        .iter()
        .filter(|plant| {
            !is_found(plant, plant.seed) && !(0..FRESH).any(|seed| is_found(plant, seed))
        })
        .map(|plant| plant.name)
        .collect();

    assert!(PLANTS.len() >= 25);
    assert_eq!(missed, Vec::<&str>::new(), "cargo xtask sim --plants 0..1000");
}

//! The simulation's command line: seeds in, violations out.

mod surveys;

use std::{collections::BTreeMap, fmt::Write as _, process::ExitCode, str::FromStr};

use anyhow::{Context as _, ensure};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use techtrove_sim::{
    LONG, Options, Outcome, PLANTS, Violation, missed, run,
    sagas::{Fault, SCENARIOS, Scenario, Strike},
};

/// Run the whole shop under simulated faults
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
#[command(after_help = "Examples:
  cargo xtask sim --seeds 0..1000       a thousand runs, with what was reached
  cargo xtask sim --seed 42             one run again, with its trace
  cargo xtask sim --list-plants         the bugs that can be planted
  cargo xtask sim --plant NAME --seeds 0..1000   with this bug, which it should find
  cargo xtask sim --plants 0..1000      each bug until a seed finds it
  cargo xtask sim --sagas               every saga with every fault at every point
  cargo xtask sim --saga cancel         one saga
  cargo xtask sim --saga cancel --point 31 --fault answer-lost   one fault again, with its trace
  cargo xtask sim --sagas --plant NAME  with this bug, which it should find")]
struct Arguments {
    /// The seeds to run
    #[arg(long, value_name = "A..B", default_value = "0..100")]
    seeds: Seeds,
    /// The one seed to run, with its trace
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// The bug to plant
    #[arg(long, value_name = "NAME", value_parser = known_plant)]
    plant: Option<&'static str>,
    /// Say which bugs can be planted
    #[arg(long)]
    list_plants: bool,
    /// Plant each bug in turn, and run seeds until one finds it
    #[arg(long, value_name = "A..B", conflicts_with_all = ["seeds", "seed", "plant"])]
    plants: Option<Seeds>,
    /// Play every saga with every fault at every point
    #[arg(long, conflicts_with_all = ["seeds", "seed", "plants", "saga"])]
    sagas: bool,
    /// Play this saga with every fault at every point
    #[arg(long, value_name = "NAME", value_parser = surveys::known_saga)]
    #[arg(conflicts_with_all = ["seeds", "seed", "plants"])]
    saga: Option<&'static Scenario>,
    /// Only with the fault at this point, with its trace
    #[arg(long, value_name = "N", requires = "saga", requires = "fault")]
    point: Option<usize>,
    /// The fault: lost, answer-lost, twice, late, fails, fails-after; crash-before, crash-after of a commit
    #[arg(long, value_name = "KIND", requires = "point", value_parser = surveys::known_fault)]
    fault: Option<Fault>,
    /// Print no trace and no progress
    #[arg(long)]
    quiet: bool,
}

/// From the first to below the last.
#[derive(Clone, Copy, Debug)]
struct Seeds(u64, u64);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once("..").ok_or("write A..B")?;
        let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
        let (first, beyond) = (number(parts.0)?, number(parts.1)?);
        if first < beyond { Ok(Self(first, beyond)) } else { Err("there is no seed in it".into()) }
    }
}

fn known_plant(name: &str) -> Result<&'static str, String> {
    let known = PLANTS.iter().find(|plant| plant.name == name);
    known.map(|plant| plant.name).ok_or_else(|| "--list-plants says which there are".into())
}

fn main() -> ExitCode {
    match start(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list_plants {
        for plant in PLANTS {
            println!("{:<28} {}", plant.name, plant.what);
        }
        return Ok(());
    }
    if let Some(seeds) = arguments.plants {
        return find_plants(seeds, arguments.quiet);
    }
    let plant = arguments.plant;
    let shown = Options { shown: !arguments.quiet, plant };
    if let Some((saga, strike)) = arguments.saga.zip(strike(arguments)) {
        return surveys::replay(saga, strike, shown);
    }
    if arguments.sagas || arguments.saga.is_some() {
        let sagas = arguments.saga.map_or(SCENARIOS, std::slice::from_ref);
        return surveys::survey_all(sagas, plant, arguments.quiet);
    }
    if let Some(seed) = arguments.seed {
        let outcome = run(seed, shown).with_context(|| format!("seed {seed}"))?;
        println!("{}", summary(&outcome));
        ensure!(outcome.violations.is_empty(), "seed {seed} violates an invariant");
        return Ok(());
    }
    run_all(arguments.seeds, Options { shown: false, plant }, arguments.quiet)
}

/// The one fault that is asked for.
fn strike(arguments: &Arguments) -> Option<Strike> {
    let (point, fault) = arguments.point.zip(arguments.fault)?;
    Some(Strike { point, fault })
}

fn run_all(Seeds(first, beyond): Seeds, options: Options, quiet: bool) -> anyhow::Result<()> {
    let bar = progress(beyond - first, quiet)?;
    let (mut bad, mut reached) = (0_u64, BTreeMap::<String, u64>::new());
    for seed in first..beyond {
        let outcome = run(seed, options).with_context(|| format!("seed {seed}"))?;
        for (what, times) in &outcome.reached {
            *reached.entry(what.clone()).or_default() += times;
        }
        if !outcome.violations.is_empty() {
            bar.suspend(|| println!("{}", summary(&outcome)));
            bad += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for (what, times) in &reached {
        println!("{times:>8}  {what}");
    }
    ensure!(bad == 0, "{bad} seeds violate an invariant");
    let missed = if beyond - first >= LONG { missed(&reached) } else { Vec::new() };
    ensure!(missed.is_empty(), "never reached: {}", missed.join(", "));
    Ok(())
}

/// Says for each bug which seed finds it first, and by which invariant.
fn find_plants(Seeds(first, beyond): Seeds, quiet: bool) -> anyhow::Result<()> {
    let bar = progress(u64::try_from(PLANTS.len())?, quiet)?;
    let mut unfound = Vec::new();
    for plant in PLANTS {
        let options = Options { shown: false, plant: Some(plant.name) };
        let mut found = None;
        for seed in first..beyond {
            let outcome = run(seed, options).with_context(|| format!("seed {seed}"))?;
            if let Some(violation) = outcome.violations.first() {
                found = Some((seed, violation.invariant));
                break;
            }
        }
        match found {
            Some((seed, by)) => {
                bar.suspend(|| println!("{:<28} seed {seed:>4}: {by}", plant.name));
            }
            None => unfound.push(plant.name),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    ensure!(unfound.is_empty(), "not found: {}", unfound.join(", "));
    Ok(())
}

fn progress(count: u64, quiet: bool) -> anyhow::Result<ProgressBar> {
    if quiet {
        return Ok(ProgressBar::hidden());
    }
    let style = "{bar:40} {pos} of {len}, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).context("the template is wrong")?;
    Ok(ProgressBar::new(count).with_style(style))
}

fn summary(outcome: &Outcome) -> String {
    let Outcome { seed, fingerprint, violations, lasted, .. } = outcome;
    let text = format!(
        "seed {seed}: {} lines in {} s of virtual time, {}",
        fingerprint.lines,
        lasted.as_secs(),
        fingerprint.hash
    );
    text + &told(violations)
}

/// What was found wrong, a line each.
fn told(violations: &[Violation]) -> String {
    let mut text = String::new();
    for violation in violations {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {}: {}", violation.invariant, violation.detail);
    }
    text
}

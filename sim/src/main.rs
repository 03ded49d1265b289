//! The simulation's command line: seeds in, violations out.

use std::{collections::BTreeMap, process::ExitCode, str::FromStr};

use anyhow::{Context as _, ensure};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use techtrove_sim::{LONG, Outcome, missed, run};

/// Run the whole shop under simulated faults
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
#[command(after_help = "Examples:
  cargo xtask sim --seeds 0..1000     a thousand runs, with what was reached
  cargo xtask sim --seed 42           one run again, with its trace
  cargo xtask sim --seed 42 --quiet   its hash alone")]
struct Arguments {
    /// The seeds to run
    #[arg(long, value_name = "A..B", conflicts_with = "seed")]
    seeds: Option<Seeds>,
    /// The one seed to run, with its trace
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
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
    if let Some(seed) = arguments.seed {
        let outcome = run(seed, !arguments.quiet).with_context(|| format!("seed {seed}"))?;
        println!("{}", summary(&outcome));
        return failed(&[outcome]);
    }
    let Seeds(first, beyond) = arguments.seeds.unwrap_or(Seeds(0, 100));
    let bar = progress(beyond - first, arguments.quiet)?;
    let (mut bad, mut reached) = (Vec::new(), BTreeMap::<String, u64>::new());
    for seed in first..beyond {
        let outcome = run(seed, false).with_context(|| format!("seed {seed}"))?;
        for (what, times) in &outcome.reached {
            *reached.entry(what.clone()).or_default() += times;
        }
        if !outcome.violations.is_empty() {
            bar.suspend(|| println!("{}", summary(&outcome)));
            bad.push(outcome);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for (what, times) in &reached {
        println!("{times:>8}  {what}");
    }
    let missed = if beyond - first >= LONG { missed(&reached) } else { Vec::new() };
    ensure!(missed.is_empty(), "never reached: {}", missed.join(", "));
    failed(&bad)
}

fn progress(count: u64, quiet: bool) -> anyhow::Result<ProgressBar> {
    if quiet {
        return Ok(ProgressBar::hidden());
    }
    let style = "{bar:40} {pos} of {len} seeds, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).context("the template is wrong")?;
    Ok(ProgressBar::new(count).with_style(style))
}

fn summary(outcome: &Outcome) -> String {
    let Outcome { seed, fingerprint, violations, lasted, .. } = outcome;
    let mut text = format!(
        "seed {seed}: {} lines in {} s of virtual time, {}",
        fingerprint.lines,
        lasted.as_secs(),
        fingerprint.hash
    );
    for violation in violations {
        text.push_str(&format!("\n  {}: {}", violation.invariant, violation.detail));
    }
    text
}

fn failed(outcomes: &[Outcome]) -> anyhow::Result<()> {
    let bad = outcomes.iter().filter(|outcome| !outcome.violations.is_empty()).count();
    ensure!(bad == 0, "{bad} seeds violate an invariant");
    Ok(())
}

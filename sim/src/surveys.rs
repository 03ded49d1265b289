//! The command line's part about sagas: which are played, and what is said of them.

use anyhow::{Context as _, ensure};
use techtrove_sim::{
    Options,
    sagas::{Fault, SCENARIOS, Sample, Scenario, Strike, Survey, address, play, scenario, survey},
};

use crate::{progress, told};

/// The saga of this name.
///
/// # Errors
/// When there is none.
pub fn known_saga(name: &str) -> Result<&'static Scenario, String> {
    let names = || SCENARIOS.iter().map(|saga| saga.name).collect::<Vec<_>>().join(", ");
    scenario(name).ok_or_else(|| format!("there are {}", names()))
}

/// The fault of this name.
///
/// # Errors
/// When there is none.
pub fn known_fault(name: &str) -> Result<Fault, String> {
    let names = || Fault::ALL.map(Fault::name).join(", ");
    let found = Fault::ALL.into_iter().find(|fault| fault.name() == name);
    found.ok_or_else(|| format!("there are {}", names()))
}

/// Plays a saga with one fault, with its trace.
///
/// # Errors
/// When an invariant does not hold.
pub fn replay(saga: &Scenario, strike: Strike, options: Options) -> anyhow::Result<()> {
    let address = address(saga, strike);
    let played = play(saga, Some(strike), options).with_context(|| address.clone())?;
    let what = played.points.get(strike.point).map_or("", |point| &point.what);
    let ending = if played.undone { "undone" } else { "done" };
    println!(
        "{address}: at {what}; {ending}, at rest after {:.1} s{}",
        played.rested.as_secs_f64(),
        told(&played.violations)
    );
    ensure!(played.violations.is_empty(), "{address} violates an invariant");
    Ok(())
}

/// Plays these sagas with every fault at every point, and says what came of each.
///
/// # Errors
/// When an invariant does not hold.
pub fn survey_all(
    sagas: &[Scenario],
    plant: Option<&'static str>,
    quiet: bool,
) -> anyhow::Result<()> {
    let options = Options { shown: false, plant };
    let mut bad = 0;
    for saga in sagas {
        let bar = progress(0, quiet)?;
        let survey = survey(saga, Sample::ALL, options, || {
            bar.inc_length(1);
            bar.inc(1);
        })
        .with_context(|| saga.name)?;
        bar.finish_and_clear();
        println!("{}", summary(saga, &survey));
        bad += survey.found.len();
    }
    ensure!(bad == 0, "{bad} runs violate an invariant");
    Ok(())
}

fn summary(saga: &Scenario, survey: &Survey) -> String {
    let Survey { points, runs, undone, slowest, found } = survey;
    let mut text = format!(
        "{:<20} {points:>4} points, {runs:>5} faults, {undone:>3} undone, at rest within {:.1} s",
        saga.name,
        slowest.as_secs_f64()
    );
    for run in found {
        text += &format!("\n{} at {}", address(saga, run.strike), run.what);
        text += &told(&run.violations);
    }
    text
}

//! `cargo xtask sim`: builds the simulation with optimisation and runs it. It simulates nothing itself;
//! what it may be asked, the simulation says.

use std::{ffi::OsString, process::Command};

use anyhow::{Context, ensure};

use crate::tidy;

/// Run the whole shop under simulated faults, by seed
///
/// Builds the simulation first. `cargo xtask sim -- --help` says what it may be asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask sim --seeds 0..1000     a thousand runs, with what was reached
  cargo xtask sim --seed 42           one run again, with its trace
  cargo xtask sim --plants 0..1000    each planted bug, until a seed finds it")]
pub struct Arguments {
    /// What the simulation is asked
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    asked: Vec<OsString>,
}

/// Builds and simulates.
///
/// # Errors
/// When the build fails, or an invariant does not hold.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "--package", "techtrove-sim", "--"])
        .args(&arguments.asked)
        .current_dir(tidy::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the simulation failed ({status})");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_has_no_planted_bugs_and_no_descriptions_of_routes() {
        let features = |package: &str, of: &str| {
            let tree = ["tree", "--offline", "--edges", "normal", "--format", "{p} {f}"];
            let mut command = Command::new("cargo");
            command.args(tree).args(["--package", package]);
            let tree = command.current_dir(tidy::root()).output().expect("cargo runs").stdout;
            let tree = String::from_utf8(tree).expect("text");
            let lines = tree.lines().filter(|line| line.contains(of));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };

        let (simulation, program) = (
            features("techtrove-sim", "techtrove-core "),
            features("techtrove", "techtrove-core "),
        );
        let (tests, lean) = (
            features("techtrove-testing", "techtrove-http "),
            features("techtrove", "techtrove-http "),
        );

        let is_planted = |line: &String| line.contains(" plant");
        assert!(simulation.iter().any(is_planted), "{simulation:?}");
        assert!(!program.is_empty() && !program.iter().any(is_planted), "{program:?}");
        let is_described = |line: &String| line.contains(" document");
        assert!(tests.iter().any(is_described), "{tests:?}");
        assert!(!lean.is_empty() && !lean.iter().any(is_described), "{lean:?}");
    }
}

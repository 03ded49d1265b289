//! `cargo xtask fire`: builds the release program and lets the tests that kill it, and take its disk away, do so to
//! that. It tests nothing itself.

use std::{num::NonZeroU32, process::Command};

use anyhow::{Context, ensure};

use crate::{bench, tidy};

/// The tests: killed under load, with a slow disk, without room on the disk, backed up under load.
const TESTS: [&str; 5] = ["under_fire::", "slow_disk::", "disk_full::", "locked::", "backups::"];

/// Kill the release program under load, slow its disk, fill it
///
/// Builds it first. The tests that do so to the program as tests are built (`cargo xtask test`) do so to the release.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fire                 killed 20 times under load, and 4 times on a slow disk
  cargo xtask fire --repeat 10     ten times as often")]
pub struct Arguments {
    /// So many times as often
    #[arg(long, default_value = "1")]
    repeat: NonZeroU32,
}

/// Builds and lets test.
///
/// # Errors
/// When the build or a test fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let cargo = |words: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(tidy::root());
        command
    };
    let built = cargo(&["build", "--release", "--package", "techtrove"]).status();
    ensure!(built.context("cannot start cargo")?.success(), "the program was not built");
    let program = bench::target_folder()?.join("release/techtrove");
    let tested = cargo(&["test", "--package", "techtrove", "--test", "shop", "--"])
        .args(TESTS)
        .env("TECHTROVE_TEST_PROGRAM", program)
        .env("TECHTROVE_TEST_REPEAT", arguments.repeat.to_string())
        .status()
        .context("cannot start cargo")?;
    ensure!(tested.success(), "tests failed ({tested})");
    Ok(())
}

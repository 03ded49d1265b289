//! `cargo xtask test`: every test of the workspace, on every database that runs here. It must never
//! install or start anything, and never be quiet about what it left out: a server that is not there
//! is named loudly, and where the tests decide (CI) it is an error. The servers: `servers`.

use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::{servers, tidy};

/// The real servers that suites run on, the variable that says where one is, and what its absence
/// leaves out.
const SERVERS: [(&str, &str, &str); 3] = [
    ("PostgreSQL", "TECHTROVE_TEST_POSTGRES", "every store's suite on PostgreSQL"),
    ("MariaDB", "TECHTROVE_TEST_MYSQL", "every store's suite on MySQL and MariaDB"),
    ("stripe-mock", "TECHTROVE_TEST_STRIPE_MOCK", "our requests held against Stripe's API"),
];

/// What else tests run: its name, the shell's question whether it is there, and what is not tested without.
const TOOLS: [(&str, &str, &str); 5] = [
    ("bash", "command -v bash", TOUR),
    ("curl", "command -v curl", TOUR),
    ("jq", "command -v jq", TOUR),
    ("awk", "command -v awk", TOUR),
    (
        "aiosmtpd",
        "python3 -c 'import aiosmtpd' || /usr/bin/python3 -c 'import aiosmtpd'",
        "mails handed over to a mail server",
    ),
];

const TOUR: &str = "the README's tour";

/// Run every test of the workspace
///
/// Uses the PostgreSQL and MariaDB that `cargo xtask servers up` started. Without them their suites
/// are left out, loudly; with CI=true in the environment that is an error. Installs and starts
/// nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                      every test
  cargo xtask test holds_are_all        every test whose name contains this
  cargo xtask servers up && cargo xtask test    every test, on all three databases")]
pub struct Arguments {
    /// Only tests whose name contains one of these
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

/// Runs the tests and says what was left out.
///
/// # Errors
/// When a test fails, or a server is absent where the tests decide.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let known = servers::environment();
    let mut absent =
        absent(|name| known.iter().any(|(key, _)| key == name) || variable(name).is_some());
    absent.extend(absent_tools());
    if !absent.is_empty() && variable("CI").is_some_and(|value| value == "true") {
        bail!("in CI every test runs, on every database\n{}", notice(&absent));
    }
    eprint!("{}", notice(&absent));
    let status = Command::new("cargo")
        .args(["test", "--workspace", "--no-fail-fast", "--"])
        .args(&arguments.filters)
        .envs(known)
        .current_dir(tidy::root())
        .status()
        .context("cannot start cargo")?;
    eprint!("{}", notice(&absent));
    ensure!(status.success(), "tests failed ({status})");
    Ok(())
}

/// What is missing: name and consequence.
fn absent(is_present: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let missing = SERVERS.iter().filter(|(_, variable, _)| !is_present(variable));
    missing.map(|(name, _, consequence)| (*name, *consequence)).collect()
}

/// The tools that are missing, likewise.
fn absent_tools() -> Vec<(&'static str, &'static str)> {
    let missing = TOOLS.into_iter().filter(|(_, question, _)| {
        let asked = Command::new("sh").args(["-c", question]).output();
        !asked.is_ok_and(|answer| answer.status.success())
    });
    missing.map(|(tool, _, consequence)| (tool, consequence)).collect()
}

/// Nobody overlooks it.
fn notice(absent: &[(&str, &str)]) -> String {
    if absent.is_empty() {
        return String::new();
    }
    let rule = "*".repeat(78);
    let lines: String = absent
        .iter()
        .map(|(name, consequence)| {
            format!("*** SKIPPED: {consequence}, because {name} does not run here\n")
        })
        .collect();
    format!(
        "\n{rule}\n{lines}*** To run them: cargo xtask servers install (once, as root), then \
         cargo xtask servers up\n{rule}\n\n"
    )
}

#[expect(clippy::disallowed_methods, reason = "the environment of a developer, not of the program")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_nothing_when_all_servers_are_there() {
        assert_eq!(notice(&absent(|_| true)), "");
    }

    #[test]
    fn names_every_absent_server_and_the_way_to_it() {
        let notice = notice(&absent(|name| name == "TECHTROVE_TEST_MYSQL"));

        assert!(notice.contains("PostgreSQL") && !notice.contains("MariaDB"), "{notice}");
        assert!(notice.contains("cargo xtask servers up"), "{notice}");
    }
}

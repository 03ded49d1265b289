//! The project's own chores, run as `cargo xtask …`: what a developer or CI does that is neither the
//! program nor a test. Nothing of this may end up in the program. One module per command; a new
//! command is a new module and one line in each of the two places below.

mod bench;
mod fire;
mod fuzz;
mod openapi;
mod pc_parts;
mod servers;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "Examples:
  cargo xtask tidy                                   check the rules of the architecture
  cargo xtask servers install                        PostgreSQL and MariaDB from Debian, once, as root
  cargo xtask servers up                             start both on private ports and folders
  cargo xtask test                                   every test, on every database that runs
  cargo xtask pc-parts DIR --complete 1 > p.ndjson   real parts for `techtrove import`
  cargo xtask bench --parts DIR                      measure the release program on them
  cargo xtask sim --seeds 0..1000                    the shop under simulated faults, by seed
  cargo xtask fire                                   kill the release program under load, on a slow disk, a full one
  cargo xtask openapi                                write the API's document, after a route changed
  cargo xtask fuzz                                   ask the API whatever its document allows

`cargo xtask COMMAND --help` says more of each.";

/// The project's own chores: its rules, its tests, its servers, its data.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Arguments),
    Fire(fire::Arguments),
    Fuzz(fuzz::Arguments),
    Openapi(openapi::Arguments),
    PcParts(pc_parts::Arguments),
    Servers(servers::Arguments),
    Sim(sim::Arguments),
    Test(test::Arguments),
    Tidy(tidy::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Fire(arguments) => fire::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::PcParts(arguments) => pc_parts::run(&arguments),
        Command::Servers(arguments) => servers::run(&arguments),
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Tidy(arguments) => tidy::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

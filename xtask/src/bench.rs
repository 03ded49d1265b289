//! `cargo xtask bench`: builds the release program and lets `techtrove-bench` measure it from outside.
//! It measures nothing itself.

use std::{fs::File, io::BufWriter, path::PathBuf, process::Command};

use anyhow::{Context, ensure};

use crate::{pc_parts, tidy};

/// Measure the release program: start, memory, import, reads, orders
///
/// Builds it first. With --parts the real parts are imported and sold, completed with prices and
/// stock; without, products are made up. Prints the machine, and each figure beside its limit.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench --parts ../shared/data/pc-parts
  cargo xtask bench --orders-only
  cargo xtask bench --seconds 20 --json > figures.json
  cargo xtask bench audit --orders 1000000")]
pub struct Arguments {
    #[command(subcommand)]
    alone: Option<Alone>,
    /// The folder of the data set of PC parts
    #[arg(long, value_name = "DIR")]
    parts: Option<PathBuf>,
    /// How long each load lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Chooses the products that are read and bought
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// Measure orders alone
    #[arg(long)]
    orders_only: bool,
    /// Print the figures as JSON
    #[arg(long, global = true)]
    json: bool,
}

/// What is measured alone.
#[derive(Debug, clap::Subcommand)]
enum Alone {
    /// Measure `techtrove audit` at rest, on the books of many orders
    Audit {
        /// How many orders
        #[arg(long, default_value_t = 1_000_000)]
        orders: u64,
    },
}

/// Builds and measures.
///
/// # Errors
/// When a build fails, the parts cannot be read, or the program does not do its work.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let root = tidy::root();
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", "techtrove", "--package", "techtrove-bench"]);
    let status = build.current_dir(&root).status().context("cannot start cargo")?;
    ensure!(status.success(), "the release build failed ({status})");
    let target = target_folder()?;
    let mut bench = Command::new(target.join("release/techtrove-bench"));
    bench.arg("--program").arg(target.join("release/techtrove"));
    bench.args([
        "--seconds",
        &arguments.seconds.to_string(),
        "--seed",
        &arguments.seed.to_string(),
    ]);
    if let Some(Alone::Audit { orders }) = &arguments.alone {
        bench.args(["audit", "--orders", &orders.to_string()]);
    }
    if arguments.orders_only {
        bench.arg("--orders-only");
    }
    if arguments.json {
        bench.arg("--json");
    }
    if let Some(parts) = &arguments.parts {
        let products = target.join("bench-parts.ndjson");
        let mut output =
            BufWriter::new(File::create(&products).context("cannot write the products")?);
        eprint!("{}", pc_parts::convert(parts, Some(arguments.seed), &mut output)?);
        bench.arg("--products").arg(products);
    }
    let status = bench.status().context("cannot start the benchmark")?;
    ensure!(status.success(), "the benchmark failed ({status})");
    Ok(())
}

/// Where cargo builds to, which need not be `target`: this program was built there too, as
/// `debug/xtask`.
///
/// # Errors
/// When this program is nowhere.
pub fn target_folder() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = here.ancestors().nth(2).context("this program is not in a target folder")?;
    Ok(folder.to_owned())
}

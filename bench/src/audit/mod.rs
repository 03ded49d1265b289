//! How long `techtrove audit` takes for the books of many orders at rest, and how much memory. A shop sells
//! some dozens, of every kind; their rows are then copied in the databases until there are enough, which
//! takes minutes where selling a million would take an hour. It is the only measurement that writes into
//! the program's databases.

mod copies;
mod sold;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::{catalogue, report::Report, shop, shop::Shop};

/// How many products there are, each with this much stock before it is copied.
const PRODUCTS: usize = 500;

/// How long the audit of so many orders may take: a million in a minute.
const SECONDS: f64 = 60.0;
const ORDERS_PER_SECOND: f64 = 1_000_000.0 / SECONDS;

/// Measures the audit of at least so many orders on a fresh folder.
///
/// # Errors
/// When the folder cannot be filled, or the books do not agree.
pub async fn measure(
    report: &mut Report,
    program: &Path,
    folder: &Path,
    orders: u64,
    seed: u64,
) -> anyhow::Result<()> {
    let shop = Shop::start(program, folder).await?;
    catalogue::import(program, folder, &catalogue::make_up(folder, PRODUCTS)?)?;
    let staff = shop.create_admin(program, folder).await?;
    let sold = sold::sell(&shop, &staff, PRODUCTS, seed).await?;
    shop.stop().await?;
    let begun = Instant::now();
    let copies = orders.div_ceil(sold).saturating_sub(1);
    copies::make(folder, copies).await?;
    let (orders, seconds) = (sold * (copies + 1), begun.elapsed().as_secs_f64());
    report.note(format!("{orders} orders written in {seconds:.0} s"));

    let audited = audit(program, folder)?;
    audited.said.lines().for_each(|line| report.note(line.trim().to_owned()));
    let rate = orders as f64 / audited.seconds;
    report.at_most("audit at rest", audited.seconds, SECONDS, "s");
    report.at_least("orders audited", rate, ORDERS_PER_SECOND, "/s");
    report.at_most("memory of the audit, peak", audited.peak_mib, 150.0, "MiB");
    Ok(())
}

/// What an audit took, and what it said.
struct Audited {
    seconds: f64,
    peak_mib: f64,
    said: String,
}

/// Runs the program's audit on a folder at rest.
fn audit(program: &Path, folder: &Path) -> anyhow::Result<Audited> {
    let output = folder.join("audit.txt");
    let begun = Instant::now();
    let mut process = Command::new(program)
        .args(["audit", "--data"])
        .arg(folder)
        .stdout(Stdio::from(File::create(&output)?))
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let mut peak_mib: f64 = 0.0;
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        peak_mib = peak_mib.max(shop::peak_memory_mib(process.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begun.elapsed().as_secs_f64();
    let said = std::fs::read_to_string(&output)?;
    ensure!(status.success(), "techtrove audit ended with {status}: {}", first_lines(&said));
    Ok(Audited { seconds, peak_mib, said })
}

/// So much of an answer as a person reads.
fn first_lines(said: &str) -> String {
    said.lines().take(20).collect::<Vec<_>>().join("\n")
}

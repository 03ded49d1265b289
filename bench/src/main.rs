//! Measures the release program from outside: it starts `techtrove` on a fresh folder with its default
//! settings, loads it over HTTP on the same machine, and prints each figure beside its limit from the
//! same run. It must never reach into the program, nor, but for the audit of many orders, into its data. Run it as `cargo xtask bench`.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

mod audit;
mod catalogue;
mod flash_sale;
mod held;
mod limit_server;
mod lists;
mod load;
mod machine;
mod product_reads;
mod purchases;
mod report;
mod reviews;
mod shop;
mod tracking;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::{
    catalogue::Chosen, load::Load, product_reads::Reads, purchases::Way, report::Report, shop::Shop,
};

/// How many connections are held open at once.
const HELD: usize = 5_000;

/// Measure the release program: start, memory, import, reads, orders
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench --seconds 20 --json > figures.json
  cargo xtask bench audit --orders 1000000       the audit of so many orders, alone
  cargo xtask bench --products parts.ndjson      lines as `cargo xtask pc-parts DIR --complete 1` prints them")]
struct Arguments {
    #[command(subcommand)]
    alone: Option<Alone>,
    /// The release program
    #[arg(long, global = true, default_value = "target/release/techtrove")]
    program: PathBuf,
    /// Products to import and sell, one a line, with stock; made up when absent
    #[arg(long)]
    products: Option<PathBuf>,
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
    /// Serve the given file's bytes with a bare server instead of measuring (used by the program itself)
    #[arg(long, hide = true)]
    serve_limit: Option<PathBuf>,
}

/// What is measured alone.
#[derive(Debug, Subcommand)]
enum Alone {
    /// Measure `techtrove audit` at rest, on the books of many orders
    Audit {
        /// How many orders
        #[arg(long, default_value_t = 1_000_000)]
        orders: u64,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(body) = &arguments.serve_limit {
        return limit_server::serve(body);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(async {
        match arguments.alone {
            Some(Alone::Audit { orders }) => measure_audit(&arguments, orders).await,
            None if arguments.orders_only => measure_orders(&arguments).await,
            None => measure(&arguments).await,
        }
    })?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?)
    } else {
        print!("{report}")
    }
    Ok(())
}

async fn measure_audit(arguments: &Arguments, orders: u64) -> anyhow::Result<Report> {
    let mut report = Report::new(machine::describe()?);
    let folder = tempfile::tempdir()?;
    let Arguments { program, seed, .. } = arguments;
    audit::measure(&mut report, program, folder.path(), orders, *seed).await?;
    Ok(report)
}

/// The part of [`measure`] that a change to the way of an order is judged by, in half a minute.
async fn measure_orders(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut report = Report::new(machine::describe()?);
    let folder = tempfile::tempdir()?;
    let shop = Shop::start(&arguments.program, folder.path()).await?;
    let products = catalogue::file(arguments.products.as_deref(), folder.path())?;
    catalogue::import(&arguments.program, folder.path(), &products)?;
    shop.wait_until_quiet().await?;
    let chosen = catalogue::choose(&products, arguments.seed)?;
    measure_purchases(&mut report, &shop, &chosen, Duration::from_secs(arguments.seconds)).await?;
    measure_flash_sale(&mut report, &shop, arguments, folder.path()).await?;
    shop.stop().await?;
    Ok(report)
}

async fn measure(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut report = Report::new(machine::describe()?);
    let folder = tempfile::tempdir()?;
    let lasting = Duration::from_secs(arguments.seconds);

    let first = Shop::start(&arguments.program, folder.path()).await?;
    report.at_most("start to ready, empty folder", first.ready_after_ms(), 500.0, "ms");
    first.create_admin(&arguments.program, folder.path()).await?;
    first.stop().await?;

    let shop = Shop::start(&arguments.program, folder.path()).await?;
    report.at_most("start to ready, existing folder", shop.ready_after_ms(), 150.0, "ms");
    tokio::time::sleep(Duration::from_secs(3)).await;
    report.at_most("memory, idle", shop.memory_mib()?, 50.0, "MiB");
    let held = held::cost_mib(&shop, "/healthz", &[], HELD).await?;
    report.at_most("memory more, 5,000 connections held open", held, 100.0, "MiB");

    let products = catalogue::file(arguments.products.as_deref(), folder.path())?;
    let import = catalogue::import(&arguments.program, folder.path(), &products)?;
    report.note(format!("{} products with {} variants imported", import.products, import.variants));
    report.at_most("import of the catalogue", import.seconds, 20.0, "s");
    shop.wait_until_quiet().await?;

    let chosen = catalogue::choose(&products, arguments.seed)?;
    let ids = chosen.product_ids(&shop).await?;
    let paths = ids.iter().map(|id| format!("/api/v1/products/{id}")).collect();
    let reads = product_reads::measure(&shop, paths, lasting).await?;
    note_reads(&mut report, "GET /products/{id}", &reads);
    let part = 100.0 * reads.ours.rate() / reads.limit;
    report.at_least("GET /products/{id}, part of the bare server's rate", part, 40.0, "%");
    measure_lists(&mut report, &shop, lasting).await?;

    let followed = reviews::follow(&shop, &ids).await?;
    report.note(latencies("a review reaches its product's rating, 100 writers", &followed.apart));
    let slow = followed.apart.percentile_ms(99.0);
    report.at_most("a review reaches its product's rating, 99 %", slow, 2_000.0, "ms");
    let together = followed.together_ms;
    report.at_most("100 reviews of one product reach its rating", together, 2_000.0, "ms");

    measure_purchases(&mut report, &shop, &chosen, lasting).await?;
    measure_flash_sale(&mut report, &shop, arguments, folder.path()).await?;

    let bought = tracking::buy(&shop, &chosen).await?;
    shop.wait_until_quiet().await?;
    shop.stop().await?;
    let shop = Shop::start(&arguments.program, folder.path()).await?;
    track(&mut report, shop, bought).await?;
    Ok(report)
}

fn note_reads(report: &mut Report, what: &str, reads: &Reads) {
    report.note(format!("bare axum server, the bytes of {what}: {:.0} reads/s", reads.limit));
    report.note(format!("{what}: {:.0} reads/s", reads.ours.rate()));
    report.note(latencies(what, &reads.ours));
}

async fn measure_lists(report: &mut Report, shop: &Shop, lasting: Duration) -> anyhow::Result<()> {
    let pages = lists::by_category(shop, lasting).await?;
    note_reads(report, "GET /products?category=…&limit=20", &pages);
    let part = 100.0 * pages.ours.rate() / pages.limit;
    report.at_least("a category's page, part of the bare server's rate", part, 25.0, "%");
    let filters = lists::filters(shop).await?;
    for (query, load) in &filters {
        report.note(latencies(&format!("GET /products?{query}"), load));
    }
    let slowest = filters.last().map_or(0.0, |(_, load)| load.percentile_ms(50.0));
    report.at_most("the slowest list filter, median", slowest, 5.0, "ms");
    Ok(())
}

async fn measure_purchases(
    report: &mut Report,
    shop: &Shop,
    chosen: &Chosen,
    lasting: Duration,
) -> anyhow::Result<()> {
    // A host that shares its disk may slow it down in the middle of a run, and these figures with it.
    report.note(format!("fdatasync before the orders: {:.0} µs", machine::fdatasync_us()?));
    let alone = purchases::alone(shop, chosen).await?;
    report.note(latencies("one complete checkout alone", &alone));
    report.at_most("one complete checkout alone, median", alone.percentile_ms(50.0), 5.0, "ms");

    let orders = purchases::measure(shop, chosen, lasting, Way::AtOnce).await?;
    report.note(latencies("buy-now orders", &orders.load));
    report.note(format!("buy-now orders that were not confirmed: {}", orders.refused));
    report.at_least("buy-now orders, confirmed, events and mail done", orders.rate, 1_200.0, "/s");
    report.at_most("backlog at the end", orders.backlog_seconds, 1.0, "s");
    report.at_most("memory, with the catalogue, under load", orders.peak_mib, 150.0, "MiB");

    let (plain, keyed) = purchases::with_and_without_key(shop, chosen, lasting).await?;
    report
        .note(format!("buy-now orders: {plain:.0}/s; each with an idempotency key: {keyed:.0}/s"));
    let cost = 100.0 * (1.0 - keyed / plain);
    report.at_most("what an idempotency key costs of the orders' rate", cost, 25.0, "%");

    let checkouts = purchases::measure(shop, chosen, lasting, Way::ByCart).await?;
    report.note(latencies("complete checkouts (cart, item, checkout)", &checkouts.load));
    report.note(format!("checkouts that were not confirmed: {}", checkouts.refused));
    report.at_least("complete checkouts in three calls", checkouts.rate, 1_000.0, "/s");

    let mix = purchases::mix(shop, chosen, lasting).await?;
    report.note(format!("90 % reads and 10 % complete checkouts: {:.0}/s", mix.rate()));
    report.note(latencies("of the mix", &mix));
    Ok(())
}

async fn measure_flash_sale(
    report: &mut Report,
    shop: &Shop,
    arguments: &Arguments,
    folder: &Path,
) -> anyhow::Result<()> {
    let sale = flash_sale::hold(shop, &arguments.program, folder).await?;
    report.note(latencies("a buyer in the flash sale", &sale.load));
    let what = "flash sale: 50 pieces, 2,000 buyers, 256 at once";
    report.at_most(what, sale.seconds, 2.0, "s");
    Ok(())
}

fn latencies(what: &str, load: &Load) -> String {
    let (median, high) = (load.percentile_ms(50.0), load.percentile_ms(99.0));
    format!("{what}: median {median:.2} ms, 99 % {high:.2} ms")
}

async fn track(
    report: &mut Report,
    shop: Shop,
    bought: Vec<tracking::Bought>,
) -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut watched = tracking::watch(&shop, bought).await?;
    report.at_most("memory more, 5,000 orders tracked", watched.added_mib, 100.0, "MiB");
    let delays = watched.change(&shop).await?;
    let part = |percent: usize| delays.get(delays.len() * percent / 100).copied().unwrap_or(0.0);
    report.note(format!("a change reaches who tracks it: 99 % within {:.2} ms", part(99)));
    report.at_most("a change reaches who tracks it, median", part(50), 200.0, "ms");
    report.at_most("end with 5,000 streams open", watched.end(shop).await?, 2.0, "s");
    Ok(())
}

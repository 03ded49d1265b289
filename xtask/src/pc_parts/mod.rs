//! `cargo xtask pc-parts`: turns the public data set of PC parts into the shop's import format, one
//! product per line. It must never lose or invent a part without saying so: every row ends in exactly
//! one variant, on its own or merged into an equal one, and the sums are checked. The steps, in their
//! order, are `source` (read), `group` (rows to products), `complete` (prices and stock where asked
//! for), `naming` (names that a person can tell apart) and `line` (the format).

mod brand;
mod complete;
mod group;
mod line;
mod naming;
mod phrase;
mod sku;
mod source;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use self::{complete::Completion, group::Listing, source::Row, tally::Tally};

/// Turn the public data set of PC parts into the shop's import format
///
/// Reads every *.jsonl file of DIR (its name is the category) and writes one product per line to
/// standard output; the counts, and the check that none is lost, go to standard error.
///
/// Rows of one category and name that differ only in colour, capacity, kit or switch become one
/// product with variants; any other difference makes another product; rows equal in everything but
/// price are merged at the lowest known price. Parts without a price become drafts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask pc-parts ../shared/data/pc-parts > parts.ndjson
  cargo xtask pc-parts ../shared/data/pc-parts --complete 1 > parts.ndjson
  techtrove import parts.ndjson --data techtrove-data")]
pub struct Arguments {
    /// The folder of the data set
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Give unpriced parts a price and every variant stock, marked as generated; the same SEED gives
    /// the same figures
    #[arg(long, value_name = "SEED")]
    complete: Option<u64>,
}

/// Writes the import file to standard output and the tally to standard error.
///
/// # Errors
/// When the folder cannot be read, a row is not understood, or the sums do not agree.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    let tally = convert(&arguments.directory, arguments.complete, &mut output)?;
    output.flush().context("cannot write the products")?;
    eprint!("{tally}");
    tally.check()
}

/// Converts the data set in `directory`; what it counts is not yet checked.
pub(crate) fn convert(
    directory: &Path,
    seed: Option<u64>,
    output: &mut impl Write,
) -> anyhow::Result<Tally> {
    let rows = source::read(directory)?;
    let mut tally = Tally::default();
    for category in rows.chunk_by(|a, b| a.category == b.category) {
        tally.count_category(category.len());
    }
    let (listings, merged) = listings(&rows, seed);
    tally.count_merged(merged);
    for listing in &listings {
        let line = line::Line::new(listing);
        tally.count_line(&line);
        serde_json::to_writer(&mut *output, &line).context("cannot write a product")?;
        output.write_all(b"\n").context("cannot write a product")?;
    }
    Ok(tally)
}

/// What the rows of a data set sell, in the order of the source, and how many rows were merged.
fn listings(rows: &[Row], seed: Option<u64>) -> (Vec<Listing<'_>>, usize) {
    let (mut families, merged) = group::families(rows);
    if let Some(seed) = seed {
        Completion::new(seed, &families).complete(&mut families);
    }
    let mut listings = group::listings(families);
    naming::name_apart(&mut listings);
    (listings, merged)
}

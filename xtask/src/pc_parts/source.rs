//! Reads the data set: one JSON object per line, the file's name is the category. Numbers keep their
//! text and prices never pass through arithmetic of floats; what is not understood is refused with
//! its file and line, never skipped. What becomes of the rows: `group`.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use super::sku;

/// What a row says besides its name and price, in the source's order, nulls included.
pub type Specs = Map<String, Value>;

/// One row of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The file's name without its extension, the slug of the category.
    pub category: String,
    /// The name, as it is.
    pub name: String,
    /// US cents, when some shop sold it.
    pub price: Option<i64>,
    /// From category, line and how often the same line came before it in its file.
    pub sku: String,
    /// Everything else.
    pub specs: Specs,
}

/// Every row of every `*.jsonl` file in `directory`, by file name, then by line.
///
/// # Errors
/// When the folder holds no such file, or a line is not what the data set's description says.
pub fn read(directory: &Path) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (category, path) in categories(directory)? {
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        rows.extend(parse_file(&category, &text).with_context(|| path.display().to_string())?);
    }
    Ok(rows)
}

fn categories(directory: &Path) -> anyhow::Result<Vec<(String, std::path::PathBuf)>> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("cannot read the folder {}", directory.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", directory.display()))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(stem), true) = (stem, path.extension().is_some_and(|e| e == "jsonl")) {
            found.push((stem.to_owned(), path));
        }
    }
    ensure!(!found.is_empty(), "no *.jsonl file in {}", directory.display());
    found.sort();
    Ok(found)
}

/// The rows of one file.
pub fn parse_file(category: &str, text: &str) -> anyhow::Result<Vec<Row>> {
    let mut occurrences: HashMap<&str, u32> = HashMap::new();
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let occurrence = occurrences.entry(line).or_default();
        let sku = sku::derive(category, line, *occurrence);
        *occurrence += 1;
        let row = parse_line(category, line, sku);
        rows.push(row.with_context(|| format!("line {}", index + 1))?);
    }
    Ok(rows)
}

fn parse_line(category: &str, line: &str, sku: String) -> anyhow::Result<Row> {
    let mut specs: Specs = serde_json::from_str(line).context("not a JSON object")?;
    let Some(Value::String(name)) = specs.shift_remove("name") else {
        bail!("the row has no name");
    };
    ensure!(!name.trim().is_empty(), "the row's name is empty");
    let price = match specs.shift_remove("price") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => Some(minor_units(&number.to_string())?),
        Some(other) => bail!("the price is not a number: {other}"),
    };
    for (key, value) in &specs {
        ensure!(is_attribute(value), "{key} is neither a value nor a list of values: {value}");
    }
    Ok(Row { category: category.to_owned(), name, price, sku, specs })
}

fn is_attribute(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            items.iter().all(|i| !(i.is_array() || i.is_object() || i.is_null()))
        }
        Value::Object(_) => false,
        _ => true,
    }
}

/// US cents of a decimal number of dollars, by its digits.
pub fn minor_units(decimal: &str) -> anyhow::Result<i64> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let digits = fraction.trim_end_matches('0');
    ensure!(digits.len() <= 2, "the price {decimal} has more than two decimals");
    let cents = format!("{whole}{digits:0<2}").parse::<i64>();
    let cents = cents.with_context(|| format!("the price {decimal} is no decimal number"))?;
    ensure!(cents > 0, "the price {decimal} is not above zero");
    Ok(cents)
}

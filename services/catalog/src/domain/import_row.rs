//! One record of an import in CSV: a variant with what is said of its product, under the names that
//! the first record gives to the columns. It is read as the line of NDJSON that says the same, so that
//! both obey the same rules. An empty cell says nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use techtrove_core::{Currency, codes};

use super::{
    Category, ImportLine, Invalid, LineProblem,
    category_path::PathStep,
    csv,
    import_line::{check_length, written_line},
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Column {
    Sku,
    Slug,
    Name,
    Description,
    Brand,
    Category,
    CategoryPath,
    Status,
    Fulfilment,
    Currency,
    Price,
    DefaultPrice,
    CompareAtPrice,
    Stock,
    LowStockThreshold,
    Attributes,
    Options,
    Images,
    VariantOptions,
    VariantAttributes,
}

impl Column {
    fn holds_json(self) -> bool {
        matches!(
            self,
            Self::CategoryPath
                | Self::Attributes
                | Self::Options
                | Self::Images
                | Self::VariantOptions
                | Self::VariantAttributes
        )
    }
}

/// All columns, as an export has them.
const ALL: [(Column, &str); 20] = [
    (Column::Sku, "sku"),
    (Column::Slug, "slug"),
    (Column::Name, "name"),
    (Column::Description, "description"),
    (Column::Brand, "brand"),
    (Column::Category, "category"),
    (Column::CategoryPath, "category_path"),
    (Column::Status, "status"),
    (Column::Fulfilment, "fulfilment"),
    (Column::Currency, "currency"),
    (Column::Price, "price"),
    (Column::DefaultPrice, "default_price"),
    (Column::CompareAtPrice, "compare_at_price"),
    (Column::Stock, "stock"),
    (Column::LowStockThreshold, "low_stock_threshold"),
    (Column::Attributes, "attributes"),
    (Column::Options, "options"),
    (Column::Images, "images"),
    (Column::VariantOptions, "variant_options"),
    (Column::VariantAttributes, "variant_attributes"),
];

/// The columns of an import in CSV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// The columns that the first record of an import names.
    ///
    /// # Errors
    /// When it cannot be read, names a column that there is not or one twice, or has no `sku`.
    pub fn read(header: &[u8]) -> Result<Self, Invalid> {
        let refused = |detail: String| Invalid::field("", format!("the first record: {detail}"));
        let names = cells(header).map_err(|problem| refused(problem.detail))?;
        let mut columns = Vec::with_capacity(names.len());
        for name in &names {
            let known = ALL.iter().find(|(_, known)| name.trim().eq_ignore_ascii_case(known));
            let Some((column, _)) = known else {
                let names = ALL.map(|(_, name)| name).join(", ");
                return Err(refused(format!("there is no column {name:?}; there are {names}")));
            };
            if columns.contains(column) {
                return Err(refused(format!("the column {name:?} is named twice")));
            }
            columns.push(*column);
        }
        if columns.contains(&Column::Sku) {
            Ok(Self(columns))
        } else {
            Err(refused("a column sku is needed".to_owned()))
        }
    }

    /// The first record of an export.
    #[must_use]
    pub fn header() -> String {
        let mut header = String::new();
        csv::write_record(ALL.map(|(_, name)| name), &mut header);
        header
    }

    /// The record, of all columns there are, that makes a category and those above it.
    ///
    /// # Errors
    /// Never, as all of it can be written as JSON.
    pub fn category_record(path: &[Category]) -> Result<String, serde_json::Error> {
        let steps: Vec<PathStep> = path.iter().map(PathStep::from).collect();
        let steps = serde_json::to_string(&steps)?;
        let cell = |column| if column == Column::CategoryPath { steps.as_str() } else { "" };
        let mut record = String::new();
        csv::write_record(ALL.map(|(column, _)| cell(column)), &mut record);
        Ok(record)
    }

    /// The cells of a record that hold JSON, each with its column's name; none where they cannot be read.
    pub fn json_cells(&self, record: &[u8]) -> impl Iterator<Item = (&'static str, String)> {
        let cells = cells(record).unwrap_or_default();
        let filled = self.0.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty());
        filled.filter(|(column, _)| column.holds_json()).map(|(column, cell)| (name(*column), cell))
    }

    /// Reads a record for a shop of this `currency`.
    ///
    /// # Errors
    /// When it is too long, no record of these columns, or has a value that is not acceptable by itself.
    pub fn read_row(&self, record: &[u8], currency: Currency) -> Result<ImportLine, LineProblem> {
        check_length(record)?;
        let cells = cells(record)?;
        if cells.len() != self.0.len() {
            let detail =
                format!("a record has {} cells here, this one {}", self.0.len(), cells.len());
            return Err(invalid(detail));
        }
        let mut row = Row { currency: json!(currency), ..Row::default() };
        let filled = self.0.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty());
        for (column, cell) in filled {
            row.set(*column, cell)?;
        }
        let line = written_line(row.into_line(), currency)?;
        Ok(ImportLine { joins: true, ..line })
    }
}

/// A record on its way to the line that says the same.
#[derive(Default)]
struct Row {
    product: Map<String, Value>,
    variant: Map<String, Value>,
    stock: Map<String, Value>,
    currency: Value,
    /// Amounts that still need their currency.
    prices: Vec<(Column, i64)>,
}

impl Row {
    fn set(&mut self, column: Column, cell: String) -> Result<(), LineProblem> {
        let name = name(column);
        match column {
            Column::Currency => self.currency = Value::String(cell),
            Column::Price | Column::DefaultPrice | Column::CompareAtPrice => {
                self.prices.push((column, whole(name, &cell)?));
            }
            Column::Stock => set(&mut self.stock, "on_hand", whole(name, &cell)?),
            Column::LowStockThreshold => set(&mut self.stock, name, whole(name, &cell)?),
            Column::Sku => set(&mut self.variant, name, cell),
            Column::VariantOptions => set(&mut self.variant, "options", parsed(name, &cell)?),
            Column::VariantAttributes => set(&mut self.variant, "attributes", parsed(name, &cell)?),
            Column::CategoryPath | Column::Attributes | Column::Options | Column::Images => {
                set(&mut self.product, name, parsed(name, &cell)?);
            }
            _ => set(&mut self.product, name, cell),
        }
        Ok(())
    }

    /// Whether nothing is said but where something stands.
    fn is_of_categories(&self) -> bool {
        let of_place = |name: &String| matches!(name.as_str(), "category" | "category_path");
        !self.product.is_empty() && self.product.keys().all(of_place)
    }

    fn into_line(mut self) -> Value {
        for (column, amount) in std::mem::take(&mut self.prices) {
            let money = json!({"amount": amount, "currency": self.currency});
            match column {
                Column::Price => set(&mut self.variant, "price", money),
                Column::DefaultPrice => set(&mut self.product, "price", money),
                _ => set(&mut self.product, "compare_at_price", money),
            }
        }
        if !self.stock.is_empty() {
            let stock = std::mem::take(&mut self.stock);
            set(&mut self.variant, "stock", stock);
        }
        if !self.variant.is_empty() || !self.is_of_categories() {
            set(&mut self.product, "variants", json!([self.variant]));
        }
        Value::Object(self.product)
    }
}

fn name(column: Column) -> &'static str {
    ALL.iter().find(|(known, _)| *known == column).map_or("", |(_, name)| name)
}

fn set(object: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    object.insert(name.to_owned(), value.into());
}

/// A number of pieces or of minor units: `12.99` could be either of two prices, and is refused.
fn whole(name: &str, cell: &str) -> Result<i64, LineProblem> {
    let detail =
        || invalid(format!("{name}: a whole number is needed (of minor units for a price)"));
    cell.trim().parse().map_err(|_| detail())
}

fn parsed(name: &str, cell: &str) -> Result<Value, LineProblem> {
    serde_json::from_str(cell).map_err(|error| invalid(format!("{name}: not JSON: {error}")))
}

fn cells(record: &[u8]) -> Result<Vec<String>, LineProblem> {
    // Editors of one large house begin a file with a byte order mark.
    let record = record.strip_prefix(b"\xef\xbb\xbf").unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    let text = std::str::from_utf8(record).map_err(|_| malformed("it is not UTF-8"))?;
    csv::cells(text).map_err(|found| malformed(found.detail).below(found.line))
}

fn malformed(detail: &str) -> LineProblem {
    LineProblem::new("malformed_csv", detail)
}

fn invalid(detail: String) -> LineProblem {
    LineProblem::new(codes::INVALID_REQUEST.code, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CategoryChange, Slug};

    const HEADER: &[u8] = b"\xef\xbb\xbfsku, Name,slug,category,price,currency,stock,attributes\r";

    fn code(record: &[u8]) -> String {
        let columns = Columns::read(HEADER).expect("columns");
        let read = columns.read_row(record, Currency::USD);
        read.map_or_else(|problem| problem.code, |_| "ok".to_owned())
    }

    #[test]
    fn reads_a_record_under_its_header() {
        let columns = Columns::read(HEADER).expect("columns");
        let record = br#"X-1,"Examplar ""X""",,video-card,12900,,7,"{""memory"":24}""#;

        let read = columns.read_row(record, Currency::USD).expect("read");

        let category = read.categories.first().and_then(CategoryChange::slug);
        assert_eq!(category.map(Slug::as_str), Some("video-card"));
        assert_eq!(read.change.name.as_deref(), Some("Examplar \"X\""));
        assert_eq!(read.stock.first().and_then(|stock| stock.on_hand), Some(7));
        assert!(read.joins);
    }

    #[test]
    fn says_what_is_wrong_with_a_record() {
        assert_eq!(code(b"A,A,,,,,,\r"), "ok");
        assert_eq!(code(b",,,x,,,,"), "ok", "a category alone");
        assert_eq!(code(b"A,\"A,,,,,,"), "malformed_csv");
        assert_eq!(code(b"A,\xff,,,,,,"), "malformed_csv");
        assert_eq!(code(b"A,A,,,5,EUR,,"), "currency_mismatch");
        assert_eq!(code(&vec![b'x'; 2_000_000]), "line_too_long");
        for record in [
            "A,A",
            ",A,,,,,,",
            "A,A,,,12.99,,,",
            "A,A,,,,,-1,",
            "A,A,,,,,,{",
            "A,A,no slug!,,,,,",
            ",,,x,5,,,",
            ",,,,,,,",
        ] {
            assert_eq!(code(record.as_bytes()), "invalid_request", "{record}");
        }
    }

    #[test]
    fn a_header_names_known_columns_once_and_the_sku() {
        for header in ["name", "sku,colour", "sku,name,SKU", "sku,\"name", ""] {
            assert!(Columns::read(header.as_bytes()).is_err(), "{header}");
        }
    }
}

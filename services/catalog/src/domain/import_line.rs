//! One line of an import: a product as `POST /products` takes it, its category by slug, and stock per
//! variant. A line that can't be read is that line's error, never the import's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use techtrove_catalog_api::Fulfilment;
use techtrove_core::{Currency, Field, Money, Sku, codes, readable};

use super::{
    CategoryChange, Invalid, ProductChange, ProductInput, Status,
    category_path::{PathStep, categories_of_line},
    change::VariantInput,
    image::check_images,
    import_chunk::MAX_LINE,
};

/// The longest code and detail of a line's error that are kept, in characters.
const MAX_DETAIL: usize = 500;

/// A line that was read.
#[derive(Clone, Debug)]
pub struct ImportLine {
    /// What makes its category and those above it, from the top down, as far as there are none.
    pub categories: Vec<CategoryChange>,
    /// What is written of the product.
    pub change: ProductChange,
    /// The stock that the line carries.
    pub stock: Vec<StockLine>,
    /// Whether a SKU that is new joins the product which has the line's slug: a record of CSV has room
    /// for one variant.
    pub joins: bool,
}

impl ImportLine {
    /// Whether it makes categories alone, and no product.
    #[must_use]
    pub fn is_of_categories(&self) -> bool {
        self.change.skus().next().is_none()
    }
}

/// The stock of one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLine {
    /// Which variant.
    pub sku: Sku,
    /// The pieces in the building, if the line says so.
    pub on_hand: Option<u32>,
    /// Up to how many available pieces it counts as low, if the line says so.
    pub low_stock_threshold: Option<u32>,
}

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The stable code.
    pub code: String,
    /// What is wrong, in one sentence.
    pub detail: String,
    /// How many lines below its first one the record has it.
    within: i64,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportError)]
pub struct LineError {
    /// Its number, from 1.
    pub line: i64,
    /// The stable code.
    pub code: String,
    /// What is wrong, in one sentence.
    pub detail: String,
}

impl LineProblem {
    /// A problem of this code; a long detail is cut.
    pub fn new(code: impl Into<String>, detail: impl AsRef<str>) -> Self {
        let detail = detail.as_ref().chars().take(MAX_DETAIL).collect();
        Self { code: code.into(), detail, within: 0 }
    }

    /// The same problem on a later line of its record.
    #[must_use]
    pub fn below(self, within: i64) -> Self {
        Self { within, ..self }
    }

    /// The problem of the record that begins on the line of this number.
    #[must_use]
    pub fn at(self, line: i64) -> LineError {
        LineError { line: line.saturating_add(self.within), code: self.code, detail: self.detail }
    }
}

impl From<Invalid> for LineProblem {
    fn from(invalid: Invalid) -> Self {
        Self::new(invalid.code().code, invalid.summary())
    }
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenLine {
    category: Option<String>,
    category_path: Option<Vec<PathStep>>,
    name: Field<String>,
    slug: Field<String>,
    description: Field<String>,
    brand: Field<String>,
    status: Field<Status>,
    fulfilment: Field<Fulfilment>,
    price: Field<Money>,
    compare_at_price: Field<Money>,
    attributes: Field<Map<String, Value>>,
    options: Field<Vec<String>>,
    images: Field<Vec<String>>,
    variants: Vec<WrittenVariant>,
}

#[derive(PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenVariant {
    sku: Sku,
    price: Option<Money>,
    options: Option<Map<String, Value>>,
    attributes: Option<Map<String, Value>>,
    stock: Option<WrittenStock>,
}

/// The pieces in the building, as a number or named as the stock's own route names them.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "stock is a whole number of pieces, or {\"on_hand\": number, \"low_stock_threshold\": number}"
)]
enum WrittenStock {
    Count(u32),
    Named(NamedStock),
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedStock {
    on_hand: Option<u32>,
    low_stock_threshold: Option<u32>,
}

impl WrittenStock {
    fn named(self) -> NamedStock {
        match self {
            Self::Count(on_hand) => {
                NamedStock { on_hand: Some(on_hand), low_stock_threshold: None }
            }
            Self::Named(named) => named,
        }
    }
}

/// Reads a line for a shop of this `currency`.
///
/// # Errors
/// When it is too long, no JSON of this format, or has a value that is not acceptable by itself.
pub fn read_line(line: &[u8], currency: Currency) -> Result<ImportLine, LineProblem> {
    check_length(line)?;
    // Editors of one large house begin a file with a byte order mark.
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(not_an_object(line));
    }
    let written: WrittenLine = serde_json::from_slice(line).map_err(|error| {
        let code = if error.is_data() { codes::INVALID_REQUEST } else { codes::MALFORMED_JSON };
        LineProblem::new(code.code, in_words(&error))
    })?;
    checked(written, currency)
}

/// A line is not too long.
pub(super) fn check_length(line: &[u8]) -> Result<(), LineProblem> {
    if line.len() > MAX_LINE {
        let detail = format!("a line has at most {MAX_LINE} bytes");
        return Err(LineProblem::new("line_too_long", detail));
    }
    Ok(())
}

/// Reads a line that is JSON already.
pub(super) fn written_line(line: Value, currency: Currency) -> Result<ImportLine, LineProblem> {
    let written = WrittenLine::deserialize(line).map_err(|error| {
        LineProblem::new(codes::INVALID_REQUEST.code, readable(&error.to_string()))
    })?;
    checked(written, currency)
}

fn checked(mut written: WrittenLine, currency: Currency) -> Result<ImportLine, LineProblem> {
    let (category, path) = (written.category.take(), written.category_path.take());
    let categories = categories_of_line(category, path)?;
    if !categories.is_empty() && written == WrittenLine::default() {
        let (change, stock) = (ProductChange::default(), Vec::new());
        return Ok(ImportLine { categories, change, stock, joins: false });
    }
    let stock = written.variants.iter().map(|variant| {
        let stock = variant.stock.map(WrittenStock::named);
        StockLine {
            sku: variant.sku.clone(),
            on_hand: stock.and_then(|stock| stock.on_hand),
            low_stock_threshold: stock.and_then(|stock| stock.low_stock_threshold),
        }
    });
    let stock = stock.collect();
    let input = ProductInput {
        name: written.name,
        slug: written.slug,
        description: written.description,
        brand: written.brand,
        category_id: Field::Keep,
        price: written.price,
        compare_at_price: written.compare_at_price,
        status: written.status,
        fulfilment: written.fulfilment,
        attributes: written.attributes,
        options: written.options,
        variants: Field::Set(written.variants.into_iter().map(VariantInput::from).collect()),
    };
    let mut change = input.checked(currency)?;
    match written.images {
        Field::Keep => {}
        Field::Clear => change = change.with_images(Vec::new()),
        Field::Set(images) => change = change.with_images(check_images(&images)?),
    }
    Ok(ImportLine { categories, change, stock, joins: false })
}

impl From<WrittenVariant> for VariantInput {
    fn from(written: WrittenVariant) -> Self {
        Self {
            sku: written.sku,
            price: written.price,
            options: written.options,
            attributes: written.attributes,
        }
    }
}

/// What is wrong with a line that is another kind of JSON, or none. (Serde would fill a line from a
/// list as well.)
fn not_an_object(line: &[u8]) -> LineProblem {
    match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
        Ok(_) => LineProblem::new(codes::INVALID_REQUEST.code, "a line is a JSON object"),
        Err(error) => LineProblem::new(codes::MALFORMED_JSON.code, in_words(&error)),
    }
}

/// What serde says, for a person: with the column and without the line, which is always 1 here.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = text.strip_suffix(&place).unwrap_or(&text);
    let words = if error.is_data() { readable(said) } else { format!("not JSON: {said}") };
    format!("{words} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &[u8]) -> String {
        read_line(line, Currency::USD).map_or_else(|problem| problem.code, |_| "ok".to_owned())
    }

    fn slugs(line: &ImportLine) -> Vec<&str> {
        line.categories.iter().filter_map(|it| Some(it.slug()?.as_str())).collect()
    }

    #[test]
    fn a_path_leads_to_the_category_of_the_line() {
        let read = |category: &str, steps: usize| {
            let step = |n: usize| serde_json::json!({"slug": format!("c{n}"), "name": "C"});
            let path: Vec<Value> = (1..=steps).map(step).collect();
            let line = serde_json::json!({"name": "A", "category": category,
                "category_path": path, "variants": [{"sku": "A"}]});
            read_line(line.to_string().as_bytes(), Currency::USD)
        };

        assert_eq!(read("c2", 2).as_ref().map(slugs), Ok(vec!["c1", "c2"]));
        for (category, steps) in [("c1", 2), ("c1", 0), ("c9", 9)] {
            let refused = read(category, steps).expect_err("refused");
            assert_eq!(refused.code, "invalid_request", "{category} {steps}");
        }
    }

    #[test]
    fn reads_a_whole_line() {
        let line = br#"{"category":"video-card","name":"Examplar X","variants":[{"sku":"X-1","price":{"amount":100,"currency":"USD"},"stock":{"on_hand":7}},{"sku":"X-2"}]}"#;

        let read = read_line(line, Currency::USD).expect("read");

        assert_eq!(slugs(&read), ["video-card"]);
        let stock: Vec<_> = read.stock.iter().map(|s| (s.sku.as_str(), s.on_hand)).collect();
        assert_eq!(stock, [("X-1", Some(7)), ("X-2", None)]);
    }

    #[test]
    fn says_what_is_wrong_with_a_line() {
        let good = br#"{"name":"A","variants":[{"sku":"A"}]}"#;
        assert_eq!(code(good), "ok");
        assert_eq!(code(&[b"\xef\xbb\xbf".as_slice(), good].concat()), "ok");
        assert_eq!(code(&vec![b'x'; MAX_LINE + 1]), "line_too_long");
        assert_eq!(code(br#"{"category":"x"}"#), "ok", "a category alone");
        assert_eq!(code(br#"{"category":"x","name":"A"}"#), "invalid_request");
        assert_eq!(code(b"{"), "malformed_json");
        assert_eq!(code(b"\xff\xfe"), "malformed_json");
        assert_eq!(code("[".repeat(100_000).as_bytes()), "malformed_json");
        for line in [
            &b"[]"[..],
            b"17",
            b"{}",
            br#"{"name":"A","variants":[]}"#,
            br#"{"name":"A","variants":[{"sku":"A"},{"sku":"A"}]}"#,
            br#"{"name":"A","variants":[{"sku":"A"}],"colour":"red"}"#,
            br#"{"name":"A\u0000","variants":[{"sku":"A"}]}"#,
            br#"{"name":"A","variants":[{"sku":"A","price":{"amount":-1,"currency":"USD"}}]}"#,
            br#"{"name":"A","variants":[{"sku":"A","stock":{"on_hand":-1}}]}"#,
            br#"{"name":"A","category":"No Slug","variants":[{"sku":"A"}]}"#,
            br#"{"name":"A","images":["javascript:x"],"variants":[{"sku":"A"}]}"#,
        ] {
            assert_eq!(code(line), "invalid_request", "{}", String::from_utf8_lossy(line));
        }
        let euro =
            br#"{"name":"A","variants":[{"sku":"A","price":{"amount":1,"currency":"EUR"}}]}"#;
        assert_eq!(code(euro), "currency_mismatch");
    }
}

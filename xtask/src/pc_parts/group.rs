//! The rules by which rows become products. Rows equal in everything but price are one variant, at
//! the lowest known price; variants of one category and name that differ only along an axis (colour,
//! capacity, kit, switch) are one family; what a family sells is one active product, what nobody has
//! priced is a draft of its own. Any other difference, of a chipset or of a clock, is another family.
//! How the products are called: `naming`.

use std::collections::HashMap;

use serde_json::Value;

use super::source::{Row, Specs};

/// What variants of one product may differ in: colour, a drive's capacity, a memory kit, a switch.
pub const AXES: [&str; 4] = ["color", "capacity", "modules", "switches"];

/// Follows from the price, so it never tells two parts apart.
pub const PRICE_PER_GB: &str = "price_per_gb";

/// One thing to sell.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant<'a> {
    /// The first of the equal rows; gives the SKU and what the part is.
    pub row: &'a Row,
    /// US cents: the lowest known price of the equal rows, or one made up.
    pub price: Option<i64>,
    /// The price was made up.
    pub price_generated: bool,
    /// The source's price per gigabyte, of the row that gave the price.
    pub price_per_gb: Option<&'a Value>,
    /// Pieces on hand, made up, since the source knows of none.
    pub stock: Option<u32>,
}

/// Variants that belong together, priced or not; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Family<'a>(pub Vec<Variant<'a>>);

/// One product of the import: variants of one family that are all priced, or all not.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<'a> {
    /// Begins with the source's name.
    pub name: String,
    /// All of one family; never empty.
    pub variants: Vec<Variant<'a>>,
}

impl<'a> Variant<'a> {
    fn new(row: &'a Row) -> Self {
        let mut variant =
            Self { row, price: None, price_generated: false, price_per_gb: None, stock: None };
        variant.merge(row);
        variant
    }

    /// Takes in an equal row.
    fn merge(&mut self, row: &'a Row) {
        let cheaper = match (row.price, self.price) {
            (Some(new), Some(old)) => new < old,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if cheaper {
            self.price = row.price;
            self.price_per_gb = row.specs.get(PRICE_PER_GB).filter(|value| !value.is_null());
        }
    }
}

impl<'a> Listing<'a> {
    /// What stands for all variants: the row of the first.
    pub fn first_row(&self) -> &'a Row {
        self.variants.first().expect("a listing is never empty").row
    }

    /// Nobody has priced it.
    pub fn is_draft(&self) -> bool {
        self.variants.iter().any(|variant| variant.price.is_none())
    }

    /// The axes along which the variants differ, in the source's order.
    pub fn options(&self) -> Vec<&'a str> {
        let first = &self.first_row().specs;
        let differs = |key: &&'a str| {
            self.variants.iter().any(|variant| variant.row.specs.get(*key) != first.get(*key))
        };
        first.keys().map(String::as_str).filter(|key| AXES.contains(key)).filter(differs).collect()
    }
}

/// The families of the rows, in the order of their first rows, and how many rows were merged into an
/// earlier one.
pub fn families(rows: &[Row]) -> (Vec<Family<'_>>, usize) {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut family_of: HashMap<String, usize> = HashMap::new();
    let mut variant_of: HashMap<String, (usize, usize)> = HashMap::new();
    let mut merged = 0;
    for row in rows {
        let part = identity(row, |key| key != PRICE_PER_GB);
        if let Some(&(family, variant)) = variant_of.get(&part) {
            families[family].0[variant].merge(row);
            merged += 1;
            continue;
        }
        let kind = identity(row, |key| key != PRICE_PER_GB && !AXES.contains(&key));
        let family = *family_of.entry(kind).or_insert_with(|| {
            families.push(Family(Vec::new()));
            families.len() - 1
        });
        variant_of.insert(part, (family, families[family].0.len()));
        families[family].0.push(Variant::new(row));
    }
    (families, merged)
}

/// What makes two rows the same, as far as the keys that `counts` picks go.
fn identity(row: &Row, counts: impl Fn(&str) -> bool) -> String {
    let specs: Vec<(&String, &Value)> = row.specs.iter().filter(|(key, _)| counts(key)).collect();
    serde_json::to_string(&(&row.category, &row.name, specs)).expect("JSON values become text")
}

/// The products of the families, in order, the priced one of a family before its draft; each still
/// has the source's name.
pub fn listings(families: Vec<Family<'_>>) -> Vec<Listing<'_>> {
    let mut listings = Vec::with_capacity(families.len());
    for Family(variants) in families {
        let (priced, unpriced): (Vec<_>, Vec<_>) =
            variants.into_iter().partition(|variant| variant.price.is_some());
        for variants in [priced, unpriced] {
            if let Some(first) = variants.first() {
                listings.push(Listing { name: first.row.name.clone(), variants });
            }
        }
    }
    listings
}

/// What the part is apart from the axes: equal for all of a family.
pub fn traits(specs: &Specs) -> impl Iterator<Item = (&str, &Value)> {
    let own = |key: &str| key != PRICE_PER_GB && !AXES.contains(&key);
    specs.iter().map(|(key, value)| (key.as_str(), value)).filter(move |(key, _)| own(key))
}

//! One line of the import format: a product with the fields that `POST /products` takes, its category
//! by slug, and stock per variant. Attribute names and values are the source's, except that a
//! range of `rpm`, `airflow` or `noise_level` becomes `{min, max}` (put right where the source has it
//! the wrong way round). Pairs that are no range (`speed`, `modules`, `resolution`,
//! `frequency_response`, whose two numbers have different units, `form_factor`, `mode`) stay lists;
//! what the source leaves open is left out.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    brand,
    group::{Listing, PRICE_PER_GB, Variant},
    phrase,
};

/// Pairs that mean from and to, in one unit.
const RANGES: [&str; 3] = ["rpm", "airflow", "noise_level"];

/// Everything ships, a downloaded operating system too: what is digital is counted by its licence keys,
/// of which the source has none.
const FULFILMENT: &str = "physical";

/// A product.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// The category's slug.
    pub category: &'a str,
    name: &'a str,
    brand: &'a str,
    /// `draft` where no price is known.
    pub status: &'static str,
    fulfilment: &'static str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
    /// The names of what the variants differ in; each variant says its value of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<&'a str>,
    /// At least one.
    pub variants: Vec<VariantLine<'a>>,
}

/// A variant of a product.
#[derive(Debug, Serialize)]
pub struct VariantLine<'a> {
    /// Its SKU.
    pub sku: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<Stock>,
}

#[derive(Debug, Serialize)]
struct Price {
    amount: i64,
    currency: &'static str,
}

#[derive(Debug, Serialize)]
struct Stock {
    on_hand: u32,
}

impl<'a> Line<'a> {
    /// The line of `listing`.
    pub fn new(listing: &'a Listing<'a>) -> Self {
        let row = listing.first_row();
        let options = listing.options();
        let shared = |key: &String| key != PRICE_PER_GB && !options.contains(&key.as_str());
        let attributes = row
            .specs
            .iter()
            .filter(|(key, value)| shared(key) && !value.is_null())
            .map(|(key, value)| (key.clone(), attribute(key, value)))
            .collect();
        Self {
            category: &row.category,
            name: &listing.name,
            brand: brand::of(&row.name),
            status: if listing.is_draft() { "draft" } else { "active" },
            fulfilment: FULFILMENT,
            attributes,
            variants: listing.variants.iter().map(|v| VariantLine::new(v, &options)).collect(),
            options,
        }
    }
}

impl<'a> VariantLine<'a> {
    fn new(variant: &Variant<'a>, options: &[&str]) -> Self {
        let row = variant.row;
        let axes = row.specs.iter().filter(|(key, _)| options.contains(&key.as_str()));
        Self {
            sku: &row.sku,
            price: variant.price.map(|amount| Price { amount, currency: "USD" }),
            options: axes
                .map(|(key, value)| (key.clone(), phrase::option(&row.category, key, value).into()))
                .collect(),
            attributes: own_attributes(variant, options),
            stock: variant.stock.map(|on_hand| Stock { on_hand }),
        }
    }
}

/// What a variant has of its own: the values behind its options, what follows from its price, and
/// what of it was made up.
fn own_attributes(variant: &Variant<'_>, options: &[&str]) -> Map<String, Value> {
    let specs = variant.row.specs.iter();
    let mut attributes: Map<String, Value> = specs
        .filter(|(key, value)| options.contains(&key.as_str()) && !value.is_null())
        .map(|(key, value)| (key.clone(), attribute(key, value)))
        .collect();
    if let Some(value) = variant.price_per_gb {
        attributes.insert(PRICE_PER_GB.to_owned(), value.clone());
    }
    for (mark, generated) in
        [("price_generated", variant.price_generated), ("stock_generated", variant.stock.is_some())]
    {
        if generated {
            attributes.insert(mark.to_owned(), Value::Bool(true));
        }
    }
    attributes
}

/// The value of an attribute as the API takes it.
fn attribute(key: &str, value: &Value) -> Value {
    match value.as_array().map(Vec::as_slice) {
        Some([from, to]) if RANGES.contains(&key) => {
            let reversed = from.as_f64() > to.as_f64();
            let (min, max) = if reversed { (to, from) } else { (from, to) };
            json!({ "min": min, "max": max })
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_become_min_and_max() {
        assert_eq!(attribute("rpm", &json!([450, 2000])), json!({"min": 450, "max": 2000}));
        assert_eq!(attribute("airflow", &json!([61.5, 9])), json!({"min": 9, "max": 61.5}));
        assert_eq!(attribute("rpm", &json!(1200)), json!(1200));
        assert_eq!(attribute("resolution", &json!([1920, 1080])), json!([1920, 1080]));
        assert_eq!(attribute("frequency_response", &json!([15, 25])), json!([15, 25]));
    }
}

//! A product as an export tells of it, so that an import of it makes the same product.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use techtrove_catalog_api::Fulfilment;
use techtrove_core::{Money, Sku};
use techtrove_inventory_api::OnHand;

use super::{
    Attributes, Category, ImageUrl, Product, Slug, Status, Variant, category_path::PathStep, csv,
};

/// A product with what stands elsewhere: its category, with those above it, and its stock.
#[derive(Clone, Debug)]
pub struct ExportLine {
    /// The product.
    pub product: Product,
    /// The category that it stands in behind those above it, from the top down; none where it stands in none.
    pub categories: Vec<Category>,
    /// The stock of its SKUs, as far as it is known.
    pub stock: BTreeMap<Sku, OnHand>,
}

#[derive(Serialize)]
struct Line<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'p Slug>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    category_path: &'p [PathStep],
    name: &'p str,
    slug: &'p Slug,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'p str>,
    status: Status,
    fulfilment: Fulfilment,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare_at_price: Option<Money>,
    attributes: &'p Attributes,
    options: &'p [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    images: &'p [ImageUrl],
    variants: Vec<LineVariant<'p>>,
}

#[derive(Serialize)]
struct LineVariant<'p> {
    sku: &'p Sku,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    options: &'p Map<String, Value>,
    attributes: &'p Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<LineStock>,
}

#[derive(Clone, Copy, Serialize)]
struct LineStock {
    #[serde(skip_serializing_if = "Option::is_none")]
    on_hand: Option<i64>,
    low_stock_threshold: i64,
}

impl ExportLine {
    /// The line of NDJSON, with its line break.
    ///
    /// # Errors
    /// Never, as all of it can be written as JSON.
    pub fn ndjson(&self) -> Result<String, serde_json::Error> {
        let (product, path) = (&self.product, self.path());
        let line = Line {
            category: self.category(),
            category_path: &path,
            name: &product.name,
            slug: &product.slug,
            description: product.description.as_deref(),
            brand: product.brand.as_deref(),
            status: product.status,
            fulfilment: product.fulfilment,
            price: product.default_price,
            compare_at_price: product.compare_at_price,
            attributes: &product.attributes,
            options: &product.options,
            images: &product.images,
            variants: product.variants.iter().map(|variant| self.line_variant(variant)).collect(),
        };
        serde_json::to_string(&line).map(|line| line + "\n")
    }

    /// The records of CSV, one for each variant, with their line breaks.
    ///
    /// # Errors
    /// Never, as all of it can be written as JSON.
    pub fn csv(&self) -> Result<String, serde_json::Error> {
        let product = &self.product;
        let path = self.path();
        let path = if path.is_empty() { String::new() } else { serde_json::to_string(&path)? };
        let mut records = String::new();
        for variant in &product.variants {
            let currency = variant.own_price.or(product.default_price).or(product.compare_at_price);
            let stock = self.stock_of(variant);
            // In the order of the columns.
            let cells = [
                variant.sku.as_str().to_owned(),
                product.slug.as_str().to_owned(),
                product.name.clone(),
                product.description.clone().unwrap_or_default(),
                product.brand.clone().unwrap_or_default(),
                self.category().map(|slug| slug.as_str().to_owned()).unwrap_or_default(),
                path.clone(),
                product.status.as_str().to_owned(),
                product.fulfilment.as_str().to_owned(),
                currency.map(|price| price.currency.code().to_owned()).unwrap_or_default(),
                amount(variant.own_price),
                amount(product.default_price),
                amount(product.compare_at_price),
                number(stock.and_then(|stock| stock.on_hand)),
                number(stock.map(|stock| stock.low_stock_threshold)),
                serde_json::to_string(&product.attributes)?,
                serde_json::to_string(&product.options)?,
                serde_json::to_string(&product.images)?,
                serde_json::to_string(&variant.options)?,
                serde_json::to_string(&variant.attributes)?,
            ];
            csv::write_record(cells.iter().map(String::as_str), &mut records);
        }
        Ok(records)
    }

    fn category(&self) -> Option<&Slug> {
        self.categories.last().map(|category| &category.slug)
    }

    fn path(&self) -> Vec<PathStep> {
        self.categories.iter().map(PathStep::from).collect()
    }

    fn line_variant<'p>(&'p self, variant: &'p Variant) -> LineVariant<'p> {
        LineVariant {
            sku: &variant.sku,
            price: variant.own_price,
            options: &variant.options,
            attributes: &variant.attributes,
            stock: self.stock_of(variant),
        }
    }

    /// The stock that a line may carry: what is digital is stocked as licence keys.
    fn stock_of(&self, variant: &Variant) -> Option<LineStock> {
        let stock = self.stock.get(&variant.sku)?;
        let counted = self.product.fulfilment == Fulfilment::Physical;
        let on_hand = counted.then_some(stock.on_hand);
        Some(LineStock { on_hand, low_stock_threshold: stock.low_stock_threshold })
    }
}

fn amount(price: Option<Money>) -> String {
    number(price.map(|price| price.amount))
}

fn number(number: Option<i64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use techtrove_core::{Currency, Timestamp, TypedId};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Columns, Fresh, ImportLine, VariantMode, read_line};

    fn fresh() -> Fresh {
        let variant = |n: u128| TypedId::from_uuid(Uuid::from_u128(1_000 + n));
        Fresh {
            now: Timestamp::from_micros(1),
            product: TypedId::from_uuid(Uuid::from_u128(1)),
            variants: (0..100).map(variant).collect(),
        }
    }

    /// The product that some lines make one after the other, whatever ids its variants get.
    fn made(lines: impl IntoIterator<Item = ImportLine>) -> Product {
        let mut product: Option<Product> = None;
        for line in lines {
            let next = match product {
                None => Product::create(line.change, &fresh()),
                Some(before) => before.edited(line.change, VariantMode::Upsert, &fresh()),
            };
            product = Some(next.expect("accepted"));
        }
        product.expect("a line")
    }

    fn without_ids(mut product: Product) -> Product {
        for variant in &mut product.variants {
            variant.id = TypedId::from_uuid(Uuid::nil());
        }
        product
    }

    fn written() -> impl Strategy<Value = Value> {
        let text = || "[=+@'\",\\-a ä\n]{0,8}x";
        let price = || proptest::option::of(1..1_000_000_i64);
        let variants = prop::collection::vec((price(), "[=a-z]{1,5}", any::<bool>()), 1..5);
        (text(), text(), price(), price(), variants).prop_map(
            |(name, description, price, compare, variants)| {
                let usd = |amount: Option<i64>| {
                    amount.map(|amount| json!({"amount": amount, "currency": "USD"}))
                };
                let variant = |(n, (price, color, flag)): (usize, &(Option<i64>, String, bool))| {
                    json!({"sku": format!("S-{n}"), "price": usd(*price),
                        "options": {"color": format!("{color}{n}")}, "attributes": {"flag": flag, "n": n}})
                };
                let variants: Vec<Value> = variants.iter().enumerate().map(variant).collect();
                json!({"name": name.replace('\n', " "), "description": description,
                    "price": usd(price), "compare_at_price": usd(compare),
                    "attributes": {"=a": ["x", 1, true], "range": {"min": 1, "max": 2.5}},
                    "options": ["color"], "images": ["/a,b.svg", "https://example.com/c"],
                    "variants": variants})
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported_as_the_same(written in written()) {
            let text = written.to_string();
            let read = read_line(text.as_bytes(), Currency::USD).expect("read");
            let product = Product::create(read.change, &fresh()).expect("made");
            let line = ExportLine { product: product.clone(), categories: Vec::new(), stock: BTreeMap::new() };

            let ndjson = line.ndjson().expect("written");
            let again = made([read_line(ndjson.trim_end().as_bytes(), Currency::USD).expect("read")]);
            prop_assert!(again.says_the_same_as(&product), "{}", ndjson);

            let columns = Columns::read(Columns::header().trim_end().as_bytes()).expect("columns");
            let csv = line.csv().expect("written");
            let records = crate::domain::record::split_csv(csv.as_bytes());
            let rows = records.map(|(_, record)| columns.read_row(record, Currency::USD).expect("read"));
            let again = without_ids(made(rows));
            prop_assert!(again.says_the_same_as(&without_ids(product)), "{}", csv);
        }
    }
}

//! A product as it is shown, and as it is stored: one JSON text that a read hands on untouched.
//! What changes without an edit (availability, rating) must never stand in it; `crate::http` puts it
//! beside. Where prices come from is not shown, and is stored beside it as [`StoredPrices`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use techtrove_catalog_api::{CategoryId, Fulfilment, ProductId, VariantId};
use techtrove_core::{Money, Sku, Timestamp};

use super::{Attributes, ImageUrl, Product, Slug, Status, Variant};

/// A product as it is shown, without what changes by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProductDocument {
    /// Its id.
    pub id: ProductId,
    /// Its name in addresses.
    pub slug: Slug,
    /// How it is called.
    pub name: String,
    /// Paragraphs of plain text.
    pub description: Option<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// Where it stands in the shop.
    pub category_id: Option<CategoryId>,
    /// The lowest price of its variants.
    pub price: Option<Money>,
    /// A higher price to compare with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compare_at_price: Option<Money>,
    /// Whether it is on sale.
    pub status: Status,
    /// How it reaches the customer.
    pub fulfilment: Fulfilment,
    /// What it is.
    pub attributes: Attributes,
    /// The names of what the variants differ in.
    pub options: Vec<String>,
    /// What can be bought of it.
    pub variants: Vec<VariantDocument>,
    /// Addresses of pictures of it, the first to be shown first.
    #[schema(max_items = 20)]
    pub images: Vec<ImageUrl>,
    /// Raised by edits only.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// A variant as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VariantDocument {
    /// Its id.
    pub id: VariantId,
    /// Unique in the shop.
    pub sku: Sku,
    /// What it costs, if that is known.
    pub price: Option<Money>,
    /// Its value of each option.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub options: Map<String, Value>,
    /// What it has of its own.
    pub attributes: Attributes,
}

/// Where the prices of a document come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPrices {
    /// The price of variants without one of their own.
    pub default_price: Option<Money>,
    /// The variants whose price is the product's.
    pub inheriting: BTreeSet<Sku>,
}

impl StoredPrices {
    /// Where the prices of a product come from.
    #[must_use]
    pub fn of(product: &Product) -> Self {
        let inheriting = product.variants.iter().filter(|variant| variant.own_price.is_none());
        Self {
            default_price: product.default_price,
            inheriting: inheriting.map(|variant| variant.sku.clone()).collect(),
        }
    }
}

impl ProductDocument {
    /// How long it is as JSON, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut counted = Counted(0);
        match serde_json::to_writer(&mut counted, self) {
            Ok(()) => counted.0,
            Err(_) => usize::MAX,
        }
    }
}

/// Counts what is written, and keeps nothing of it.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl From<&Product> for ProductDocument {
    fn from(product: &Product) -> Self {
        let variant = |variant: &Variant| VariantDocument {
            id: variant.id,
            sku: variant.sku.clone(),
            price: product.price_of(variant),
            options: variant.options.clone(),
            attributes: variant.attributes.clone(),
        };
        Self {
            id: product.id,
            slug: product.slug.clone(),
            name: product.name.clone(),
            description: product.description.clone(),
            brand: product.brand.clone(),
            category_id: product.category_id,
            price: product.lowest_price(),
            compare_at_price: product.compare_at_price,
            status: product.status,
            fulfilment: product.fulfilment,
            attributes: product.attributes.clone(),
            options: product.options.clone(),
            variants: product.variants.iter().map(variant).collect(),
            images: product.images.clone(),
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

impl ProductDocument {
    /// The product behind the document.
    #[must_use]
    pub fn into_product(self, prices: &StoredPrices) -> Product {
        let variant = |variant: VariantDocument| Variant {
            own_price: variant.price.filter(|_| !prices.inheriting.contains(&variant.sku)),
            id: variant.id,
            sku: variant.sku,
            options: variant.options,
            attributes: variant.attributes,
        };
        Product {
            id: self.id,
            slug: self.slug,
            name: self.name,
            description: self.description,
            brand: self.brand,
            category_id: self.category_id,
            default_price: prices.default_price,
            compare_at_price: self.compare_at_price,
            status: self.status,
            fulfilment: self.fulfilment,
            attributes: self.attributes,
            options: self.options,
            variants: self.variants.into_iter().map(variant).collect(),
            images: self.images,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

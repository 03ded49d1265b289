//! Products: the document that is shown, and the columns beside it.

use std::collections::BTreeMap;

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::{Currency, Money};
use techtrove_db::{DbError, IntoValue, Params, Row, Sql, Tx, Value, p};

use super::{
    availability,
    availability::sum_up,
    stored_version,
    variants::{self, VariantRow},
    version,
};
use crate::domain::{Product, ProductDocument, Rating, ShownProduct, Slug, Status, StoredPrices};

pub(super) fn read_shown(row: &Row<'_>) -> Result<ShownProduct, DbError> {
    Ok(ShownProduct {
        id: row.get(0)?,
        document: row.get(1)?,
        version: version(row, 2)?,
        status: read_status(&row.get::<String>(3)?)?,
        availability: availability(row, 4)?,
        rating: Rating { average: row.get(5)?, count: version(row, 6)? },
        price_min: row.get(7)?,
        sold: row.get(8)?,
    })
}

fn read_status(stored: &str) -> Result<Status, DbError> {
    [Status::Draft, Status::Active, Status::Archived]
        .into_iter()
        .find(|status| status.as_str() == stored)
        .ok_or_else(|| DbError::decode("no such status"))
}

/// The product of this id as it is shown, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_shown(tx: &mut Tx<'_>, id: ProductId) -> Result<Option<ShownProduct>, DbError> {
    tx.query_opt(
        "SELECT id, document, version, status, availability, rating_average, rating_count, \
         price_min, sold FROM products WHERE id = ?",
        p![id],
        read_shown,
    )
}

/// The category in which a product stands, if it stands in one, and if there is such a product.
///
/// # Errors
/// When the database fails.
pub fn lookup_place(tx: &mut Tx<'_>, id: ProductId) -> Result<Option<Option<CategoryId>>, DbError> {
    tx.query_opt("SELECT category_id FROM products WHERE id = ?", p![id], |row| row.get(0))
}

/// The product of this slug as it is shown, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_shown_by_slug(tx: &mut Tx<'_>, slug: &Slug) -> Result<Option<ShownProduct>, DbError> {
    tx.query_opt(
        "SELECT id, document, version, status, availability, rating_average, rating_count, \
         price_min, sold FROM products WHERE slug = ?",
        p![slug.as_str()],
        read_shown,
    )
}

/// The product of this id as it is shown.
///
/// # Errors
/// [`DbError::NotFound`], or when the database fails.
pub fn get_shown(tx: &mut Tx<'_>, id: ProductId) -> Result<ShownProduct, DbError> {
    lookup_shown(tx, id)?.ok_or(DbError::NotFound)
}

/// How many products are read by one statement: a page of the usual size and what tells of the next.
const AT_ONCE: usize = 21;

/// The products of these ids as they are shown, in the order of the ids.
///
/// # Errors
/// [`DbError::NotFound`] when one of them is not there, or when the database fails.
pub(super) fn get_all_shown(
    tx: &mut Tx<'_>,
    ids: &[ProductId],
) -> Result<Vec<ShownProduct>, DbError> {
    let mut found = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        // A statement has so many places: the first fills those that are left.
        let wanted = some.iter().chain(std::iter::repeat(&some[0])).take(AT_ONCE);
        let shown = tx.query(
            "SELECT id, document, version, status, availability, rating_average, rating_count, \
             price_min, sold FROM products WHERE id IN \
             (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            wanted.map(IntoValue::into_stored).collect::<Vec<Value<'_>>>(),
            read_shown,
        )?;
        found.extend(shown.into_iter().map(|product| (product.id, product)));
    }
    ids.iter().map(|id| found.remove(id).ok_or(DbError::NotFound)).collect()
}

/// The product of this id, if there is one, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub fn lock_product(tx: &mut Tx<'_>, id: ProductId) -> Result<Option<Product>, DbError> {
    let found = tx.query_opt(
        "SELECT document, default_price, currency FROM products WHERE id = ? FOR UPDATE",
        p![id],
        |row| Ok((row.get::<String>(0)?, row.get::<Option<i64>>(1)?, row.get::<Currency>(2)?)),
    )?;
    let Some((document, default_price, currency)) = found else { return Ok(None) };
    let document: ProductDocument = serde_json::from_str(&document).map_err(DbError::decode)?;
    let prices = StoredPrices {
        default_price: default_price.map(|amount| Money::new(amount, currency)),
        inheriting: variants::inheriting(tx, id)?.into_iter().collect(),
    };
    Ok(Some(document.into_product(&prices)))
}

/// The product that has this slug, if one has.
///
/// # Errors
/// When the database fails.
pub fn lookup_by_slug(tx: &mut Tx<'_>, slug: &Slug) -> Result<Option<ProductId>, DbError> {
    tx.query_opt("SELECT id FROM products WHERE slug = ?", p![slug.as_str()], |row| row.get(0))
}

/// Whether a product other than `except` has this slug.
///
/// # Errors
/// When the database fails.
pub fn is_slug_taken(tx: &mut Tx<'_>, slug: &Slug, except: ProductId) -> Result<bool, DbError> {
    Ok(lookup_by_slug(tx, slug)?.is_some_and(|owner| owner != except))
}

/// Takes a product's slug away, within a trial that gives it another or undoes this.
///
/// # Errors
/// When the database fails.
pub fn free_slug(tx: &mut Tx<'_>, id: ProductId) -> Result<(), DbError> {
    // An id can never be taken for a slug.
    tx.execute("UPDATE products SET slug = ? WHERE id = ?", p![id.to_string(), id])?;
    Ok(())
}

/// What is stored of a product in its own row.
struct ProductRow<'p> {
    product: &'p Product,
    document: String,
    brand_folded: String,
    currency: Currency,
    default_price: Option<i64>,
    price_min: i64,
    search_text: String,
}

impl<'p> ProductRow<'p> {
    fn of(product: &'p Product, currency: Currency) -> Result<Self, DbError> {
        Ok(Self {
            product,
            document: serde_json::to_string(&ProductDocument::from(product))
                .map_err(DbError::decode)?,
            brand_folded: super::listing::folded(product.brand.as_deref().unwrap_or_default()),
            currency,
            default_price: product.default_price.map(|price| price.amount),
            price_min: product.lowest_price().map_or(i64::MAX, |price| price.amount),
            search_text: super::listing::search_text(&product.name, product.brand.as_deref()),
        })
    }

    fn insert(&self) -> (Sql, Params<'_>) {
        let product = self.product;
        let insert = Sql::new(
            "INSERT INTO products (id, slug, status, fulfilment, category_id, brand_folded, \
             currency, default_price, price_min, search_text, availability, document, version, \
             created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
        );
        let params = p![
            product.id,
            product.slug.as_str(),
            product.status.as_str(),
            product.fulfilment.as_str(),
            product.category_id,
            self.brand_folded,
            self.currency,
            self.default_price,
            self.price_min,
            self.search_text,
            self.document,
            stored_version(product.version),
            product.created_at,
            product.updated_at,
        ];
        (insert, params)
    }

    fn update(&self) -> (Sql, Params<'_>) {
        let product = self.product;
        let update = Sql::new(
            "UPDATE products SET slug = ?, status = ?, fulfilment = ?, category_id = ?, \
             brand_folded = ?, currency = ?, default_price = ?, price_min = ?, search_text = ?, \
             document = ?, version = ?, updated_at = ? WHERE id = ?",
        );
        let params = p![
            product.slug.as_str(),
            product.status.as_str(),
            product.fulfilment.as_str(),
            product.category_id,
            self.brand_folded,
            self.currency,
            self.default_price,
            self.price_min,
            self.search_text,
            self.document,
            stored_version(product.version),
            product.updated_at,
            product.id,
        ];
        (update, params)
    }
}

/// Stores a new product with its variants.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its slug or a SKU is taken, [`DbError::ForeignKey`] when there is
/// no such category.
pub fn insert_product(
    tx: &mut Tx<'_>,
    product: &Product,
    currency: Currency,
) -> Result<(), DbError> {
    let row = ProductRow::of(product, currency)?;
    let variants = VariantRow::of(product);
    let mut statements = vec![row.insert()];
    statements.extend(variants.iter().flat_map(VariantRow::insert));
    statements.push(sum_up(&product.id));
    tx.execute_many(&statements)?;
    Ok(())
}

/// Stores a product that was `before`, and is locked.
///
/// # Errors
/// As [`insert_product`].
pub fn update_product(
    tx: &mut Tx<'_>,
    before: &Product,
    product: &Product,
    currency: Currency,
) -> Result<(), DbError> {
    let row = ProductRow::of(product, currency)?;
    let variants = VariantRow::of(product);
    let gone = before
        .variants
        .iter()
        .filter(|old| product.variants.iter().all(|variant| variant.sku != old.sku));
    let mut statements: Vec<(Sql, Params<'_>)> =
        gone.map(|variant| variants::delete(product, variant)).collect();
    statements.push(row.update());
    for variant in &variants {
        if variant.was_in(before) {
            statements.push(variant.update());
        } else {
            statements.extend(variant.insert());
        }
    }
    statements.push(sum_up(&product.id));
    tx.execute_many(&statements)?;
    Ok(())
}

//! All products, page by page, for an export.

use std::collections::BTreeMap;

use techtrove_catalog_api::{CategoryId, MAX_DEPTH, ProductId};
use techtrove_core::{Currency, Money, TypedId};
use techtrove_db::{DbError, Tx, p};
use uuid::Uuid;

use super::{lookup_category, variants::inheriting};
use crate::domain::{Category, ExportLine, ProductDocument, StoredPrices};

/// Up to `limit` products behind this one, in the order of their ids, without their stock.
///
/// # Errors
/// When the database fails.
pub fn export_products(
    tx: &mut Tx<'_>,
    after: Option<ProductId>,
    limit: i64,
) -> Result<Vec<ExportLine>, DbError> {
    let after = after.unwrap_or_else(|| ProductId::from_uuid(Uuid::nil()));
    let rows = tx.query(
        "SELECT document, default_price, currency FROM products WHERE id > ? ORDER BY id LIMIT ?",
        p![after, limit],
        |row| Ok((row.get::<String>(0)?, row.get::<Option<i64>>(1)?, row.get::<Currency>(2)?)),
    )?;
    let mut lines = Vec::with_capacity(rows.len());
    let mut paths = BTreeMap::new();
    for (document, default_price, currency) in rows {
        let document: ProductDocument = serde_json::from_str(&document).map_err(DbError::decode)?;
        let prices = StoredPrices {
            default_price: default_price.map(|amount| Money::new(amount, currency)),
            inheriting: inheriting(tx, document.id)?.into_iter().collect(),
        };
        let categories = match document.category_id {
            Some(id) => path(tx, id, &mut paths)?,
            None => Vec::new(),
        };
        let product = document.into_product(&prices);
        lines.push(ExportLine { product, categories, stock: BTreeMap::new() });
    }
    Ok(lines)
}

/// The categories that no line of a product tells of, in the order of their slugs: those in which nothing
/// stands, each behind those above it, from the top down.
///
/// # Errors
/// When the database fails.
pub fn export_empty_categories(tx: &mut Tx<'_>) -> Result<Vec<Vec<Category>>, DbError> {
    let empty = tx.query(
        "SELECT c.id FROM categories c WHERE NOT EXISTS (SELECT 1 FROM categories d \
         WHERE d.parent_id = c.id) AND NOT EXISTS (SELECT 1 FROM products p \
         WHERE p.category_id = c.id) ORDER BY c.slug",
        p![],
        |row| row.get::<CategoryId>(0),
    )?;
    let mut paths = BTreeMap::new();
    empty.into_iter().map(|id| path(tx, id, &mut paths)).collect()
}

/// A category behind those above it, from the top down, looked up once for a page.
fn path(
    tx: &mut Tx<'_>,
    id: CategoryId,
    paths: &mut BTreeMap<CategoryId, Vec<Category>>,
) -> Result<Vec<Category>, DbError> {
    if let Some(path) = paths.get(&id) {
        return Ok(path.clone());
    }
    let mut path = Vec::new();
    let mut next = Some(id);
    // No longer than the tree is high, whatever is moved meanwhile.
    while let Some(here) = next.filter(|_| path.len() < MAX_DEPTH) {
        let category = lookup_category(tx, here)?;
        next = category.as_ref().and_then(|category| category.parent_id);
        path.extend(category);
    }
    path.reverse();
    paths.insert(id, path.clone());
    Ok(path)
}

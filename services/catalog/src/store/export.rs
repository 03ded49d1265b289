//! All products, page by page, for an export.

use std::collections::BTreeMap;

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::{Currency, Money, TypedId};
use techtrove_db::{DbError, Tx, p};
use uuid::Uuid;

use super::{lookup_category, variants::inheriting};
use crate::domain::{ExportLine, ProductDocument, Slug, StoredPrices};

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
    let mut slugs = BTreeMap::new();
    for (document, default_price, currency) in rows {
        let document: ProductDocument = serde_json::from_str(&document).map_err(DbError::decode)?;
        let prices = StoredPrices {
            default_price: default_price.map(|amount| Money::new(amount, currency)),
            inheriting: inheriting(tx, document.id)?.into_iter().collect(),
        };
        let category = match document.category_id {
            Some(id) => category_slug(tx, id, &mut slugs)?,
            None => None,
        };
        let product = document.into_product(&prices);
        lines.push(ExportLine { product, category, stock: BTreeMap::new() });
    }
    Ok(lines)
}

/// The slug of a category, looked up once for a page.
fn category_slug(
    tx: &mut Tx<'_>,
    id: CategoryId,
    slugs: &mut BTreeMap<CategoryId, Slug>,
) -> Result<Option<Slug>, DbError> {
    if let Some(slug) = slugs.get(&id) {
        return Ok(Some(slug.clone()));
    }
    let category = lookup_category(tx, id)?;
    slugs.extend(category.as_ref().map(|category| (id, category.slug.clone())));
    Ok(category.map(|category| category.slug))
}

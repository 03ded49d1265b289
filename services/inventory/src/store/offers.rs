//! What products say of their SKUs, as the catalogue tells of them. Each row is its product's word alone, so
//! that it does not matter in which order two products tell of a SKU that went from one to the other.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_catalog_api::{CategoryId, ProductChanged};
use techtrove_core::Sku;
use techtrove_db::{DbError, Sql, Tx, p};

use super::{Batch, stored_version, tens};

const INSERT: Sql = Sql::new(
    "INSERT INTO offers (on_sale, category_id, version, product_id, sku) VALUES (?, ?, ?, ?, ?)",
);

const UPDATE: Sql = Sql::new(
    "UPDATE offers SET on_sale = ?, category_id = ?, version = ? WHERE product_id = ? AND sku = ?",
);

/// Notes what a product says of its SKUs, and that it sells those no longer which it has no more; `false`
/// when it has said something newer, and then nothing changes. The stock of its SKUs must be locked.
///
/// # Errors
/// When the database fails.
pub fn note_offers(tx: &mut Tx<'_>, product: &ProductChanged) -> Result<bool, DbError> {
    let version = stored_version(product.version);
    let known: BTreeMap<Sku, i64> = tx
        .query(
            "SELECT sku, version FROM offers WHERE product_id = ? FOR UPDATE",
            p![product.product_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .into_iter()
        .collect();
    if known.values().any(|known| *known > version) {
        return Ok(false);
    }
    let skus: BTreeSet<&Sku> = product.skus.iter().collect();
    let mut batch = Batch::default();
    for sku in known.keys().filter(|sku| !skus.contains(sku)) {
        let nothing = None::<CategoryId>;
        batch.push(UPDATE, p![false, nothing, version, product.product_id, sku]);
    }
    for sku in skus {
        let statement = if known.contains_key(sku) { UPDATE } else { INSERT };
        let said = p![product.on_sale, product.category_id, version, product.product_id, sku];
        batch.push(statement, said);
    }
    // The rows that are changed were locked above.
    batch.run(tx).map(|_| true)
}

/// Which of these SKUs the catalogue has told of, and sells nowhere.
///
/// # Errors
/// When the database fails.
pub fn list_not_on_sale<'a>(
    tx: &mut Tx<'_>,
    skus: impl Iterator<Item = &'a Sku>,
) -> Result<BTreeSet<Sku>, DbError> {
    let mut told = BTreeMap::<Sku, bool>::new();
    for [a, b, c, d, e, f, g, h, i, j] in tens(skus) {
        let rows = tx.query(
            "SELECT sku, on_sale FROM offers WHERE sku IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            p![a, b, c, d, e, f, g, h, i, j],
            |row| Ok((row.get::<Sku>(0)?, row.get::<bool>(1)?)),
        )?;
        for (sku, on_sale) in rows {
            *told.entry(sku).or_default() |= on_sale;
        }
    }
    Ok(told.into_iter().filter(|(_, on_sale)| !on_sale).map(|(sku, _)| sku).collect())
}

/// The categories in which the products stand that have this SKU: one, but while it goes from one product to
/// another.
///
/// # Errors
/// When the database fails.
pub fn list_places(tx: &mut Tx<'_>, sku: &Sku) -> Result<Vec<CategoryId>, DbError> {
    tx.query(
        "SELECT category_id FROM offers WHERE sku = ? AND category_id IS NOT NULL",
        p![sku],
        |row| row.get(0),
    )
}

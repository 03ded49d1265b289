//! What a dry run would have stored so far: its chunks are undone, and the next ones find here what those
//! before them would have left. Kept by job, so that nobody else ever sees it.

use techtrove_catalog_api::{CategoryId, JobId, ProductId};
use techtrove_core::Sku;
use techtrove_db::{DbError, Params, Row, Tx, p};

use crate::domain::{Category, Product, ProductDocument, Slug, StoredPrices};

/// How many products of a trial are cleared at once, so that nobody waits long behind it.
const AT_ONCE: i64 = 1_000;

/// Keeps what a chunk would have stored, in place of what is kept of the same products.
///
/// # Errors
/// When the database fails.
pub fn note_trial<'t>(
    tx: &mut Tx<'_>,
    job: JobId,
    products: impl IntoIterator<Item = &'t Product>,
    categories: &[Category],
) -> Result<(), DbError> {
    for category in categories {
        tx.execute(
            "INSERT INTO import_trial_categories (job_id, id, slug, name, parent_id, position, \
             created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            p![
                job,
                category.id,
                category.slug.as_str(),
                category.name,
                category.parent_id,
                category.position,
                category.created_at
            ],
        )?;
    }
    products.into_iter().try_for_each(|product| note_product(tx, job, product))
}

fn note_product(tx: &mut Tx<'_>, job: JobId, product: &Product) -> Result<(), DbError> {
    let document = ProductDocument::from(product);
    let document = serde_json::to_string(&document).map_err(DbError::decode)?;
    let prices = serde_json::to_string(&StoredPrices::of(product)).map_err(DbError::decode)?;
    let mut statements: Vec<(&'static str, Params<'_>)> = vec![
        ("DELETE FROM import_trials WHERE job_id = ? AND product_id = ?", p![job, product.id]),
        (
            "INSERT INTO import_trials (job_id, product_id, slug, document, prices) \
             VALUES (?, ?, ?, ?, ?)",
            p![job, product.id, product.slug.as_str(), document, prices],
        ),
    ];
    for variant in &product.variants {
        statements.push((
            "DELETE FROM import_trial_skus WHERE job_id = ? AND sku = ?",
            p![job, variant.sku],
        ));
        statements.push((
            "INSERT INTO import_trial_skus (job_id, sku, product_id) VALUES (?, ?, ?)",
            p![job, variant.sku, product.id],
        ));
    }
    tx.execute_many(&statements)?;
    Ok(())
}

/// The product that would have this SKU, if the trial left one with it.
///
/// # Errors
/// When the database fails.
pub fn trial_of_sku(tx: &mut Tx<'_>, job: JobId, sku: &Sku) -> Result<Option<ProductId>, DbError> {
    tx.query_opt(
        "SELECT product_id FROM import_trial_skus WHERE job_id = ? AND sku = ?",
        p![job, sku],
        |row| row.get(0),
    )
}

/// The products that have this slug: in the shop, and as the trial left it.
///
/// # Errors
/// When the database fails.
pub fn holders_of_slug(
    tx: &mut Tx<'_>,
    job: JobId,
    slug: &Slug,
) -> Result<Vec<ProductId>, DbError> {
    tx.query(
        "SELECT product_id FROM import_trials WHERE job_id = ? AND slug = ? \
         UNION SELECT id FROM products WHERE slug = ?",
        p![job, slug.as_str(), slug.as_str()],
        |row| row.get(0),
    )
}

/// The product as the trial left it, if it did anything to it.
///
/// # Errors
/// When the database fails.
pub fn lookup_trial(
    tx: &mut Tx<'_>,
    job: JobId,
    id: ProductId,
) -> Result<Option<Product>, DbError> {
    let found = tx.query_opt(
        "SELECT document, prices FROM import_trials WHERE job_id = ? AND product_id = ?",
        p![job, id],
        |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)),
    )?;
    let Some((document, prices)) = found else { return Ok(None) };
    let document: ProductDocument = serde_json::from_str(&document).map_err(DbError::decode)?;
    let prices: StoredPrices = serde_json::from_str(&prices).map_err(DbError::decode)?;
    Ok(Some(document.into_product(&prices)))
}

/// The category of this slug that the trial would have made, if it did.
///
/// # Errors
/// When the database fails.
pub fn trial_category_of_slug(
    tx: &mut Tx<'_>,
    job: JobId,
    slug: &Slug,
) -> Result<Option<Category>, DbError> {
    tx.query_opt(
        "SELECT id, slug, name, parent_id, position, created_at FROM import_trial_categories \
         WHERE job_id = ? AND slug = ?",
        p![job, slug.as_str()],
        read_category,
    )
}

/// The category of this id that the trial would have made, if it did.
///
/// # Errors
/// When the database fails.
pub fn trial_category(
    tx: &mut Tx<'_>,
    job: JobId,
    id: CategoryId,
) -> Result<Option<Category>, DbError> {
    tx.query_opt(
        "SELECT id, slug, name, parent_id, position, created_at FROM import_trial_categories \
         WHERE job_id = ? AND id = ?",
        p![job, id],
        read_category,
    )
}

fn read_category(row: &Row<'_>) -> Result<Category, DbError> {
    Ok(Category {
        id: row.get(0)?,
        slug: row.get::<String>(1)?.parse().map_err(DbError::decode)?,
        name: row.get(2)?,
        parent_id: row.get(3)?,
        position: row.get(4)?,
        version: 1,
        created_at: row.get(5)?,
        updated_at: row.get(5)?,
    })
}

/// Clears a part of what is kept of a trial; `false` when nothing is left.
///
/// # Errors
/// When the database fails.
pub fn clear_trial(tx: &mut Tx<'_>, job: JobId) -> Result<bool, DbError> {
    let products = tx.query(
        "SELECT product_id FROM import_trials WHERE job_id = ? LIMIT ?",
        p![job, AT_ONCE],
        |row| row.get::<ProductId>(0),
    )?;
    for product in &products {
        tx.execute(
            "DELETE FROM import_trials WHERE job_id = ? AND product_id = ?",
            p![job, product],
        )?;
    }
    let skus = tx.query(
        "SELECT sku FROM import_trial_skus WHERE job_id = ? LIMIT ?",
        p![job, AT_ONCE],
        |row| row.get::<Sku>(0),
    )?;
    for sku in &skus {
        tx.execute("DELETE FROM import_trial_skus WHERE job_id = ? AND sku = ?", p![job, sku])?;
    }
    Ok(!products.is_empty() || !skus.is_empty())
}

/// Takes away whatever is left of a trial.
///
/// # Errors
/// When the database fails.
pub fn delete_trial(tx: &mut Tx<'_>, job: JobId) -> Result<(), DbError> {
    tx.execute_many(&[
        ("DELETE FROM import_trials WHERE job_id = ?", p![job]),
        ("DELETE FROM import_trial_skus WHERE job_id = ?", p![job]),
        ("DELETE FROM import_trial_categories WHERE job_id = ?", p![job]),
    ])?;
    Ok(())
}

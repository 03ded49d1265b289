//! Categories.

use std::collections::BTreeMap;

use techtrove_catalog_api::CategoryId;
use techtrove_db::{DbError, Row, Tx, p};

use super::{stored_version, version};
use crate::domain::{Category, Slug};

fn read(row: &Row<'_>) -> Result<Category, DbError> {
    Ok(Category {
        id: row.get(0)?,
        slug: row.get::<String>(1)?.parse().map_err(DbError::decode)?,
        name: row.get(2)?,
        parent_id: row.get(3)?,
        position: row.get(4)?,
        version: version(row, 5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

/// All categories, in no particular order.
///
/// # Errors
/// When the database fails.
pub fn list_categories(tx: &mut Tx<'_>) -> Result<Vec<Category>, DbError> {
    tx.query(
        "SELECT id, slug, name, parent_id, position, version, created_at, updated_at FROM categories",
        p![],
        read,
    )
}

/// The category of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_category(tx: &mut Tx<'_>, id: CategoryId) -> Result<Option<Category>, DbError> {
    tx.query_opt(
        "SELECT id, slug, name, parent_id, position, version, created_at, updated_at \
         FROM categories WHERE id = ?",
        p![id],
        read,
    )
}

/// The category of this id, if there is one, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub fn lock_category(tx: &mut Tx<'_>, id: CategoryId) -> Result<Option<Category>, DbError> {
    tx.query_opt(
        "SELECT id, slug, name, parent_id, position, version, created_at, updated_at \
         FROM categories WHERE id = ? FOR UPDATE",
        p![id],
        read,
    )
}

/// The category of this slug, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_category_by_slug(tx: &mut Tx<'_>, slug: &Slug) -> Result<Option<Category>, DbError> {
    tx.query_opt(
        "SELECT id, slug, name, parent_id, position, version, created_at, updated_at \
         FROM categories WHERE slug = ?",
        p![slug.as_str()],
        read,
    )
}

/// Every category's parent, all locked until the transaction ends: two moves at once could
/// otherwise tie a knot that neither sees.
///
/// # Errors
/// When the database fails.
pub fn category_parents(
    tx: &mut Tx<'_>,
) -> Result<BTreeMap<CategoryId, Option<CategoryId>>, DbError> {
    let rows =
        tx.query("SELECT id, parent_id FROM categories ORDER BY id FOR UPDATE", p![], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(rows.into_iter().collect())
}

/// Stores a new category.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its slug is taken.
pub fn insert_category(tx: &mut Tx<'_>, category: &Category) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO categories (id, slug, name, parent_id, position, version, created_at, \
         updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        p![
            category.id,
            category.slug.as_str(),
            category.name,
            category.parent_id,
            category.position,
            stored_version(category.version),
            category.created_at,
            category.updated_at,
        ],
    )?;
    Ok(())
}

/// Stores a category that is locked.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its slug is taken.
pub fn update_category(tx: &mut Tx<'_>, category: &Category) -> Result<(), DbError> {
    tx.execute(
        "UPDATE categories SET slug = ?, name = ?, parent_id = ?, position = ?, version = ?, \
         updated_at = ? WHERE id = ?",
        p![
            category.slug.as_str(),
            category.name,
            category.parent_id,
            category.position,
            stored_version(category.version),
            category.updated_at,
            category.id,
        ],
    )?;
    Ok(())
}

/// Whether nothing stands in a category: no category and no product, archived ones included.
///
/// # Errors
/// When the database fails.
pub fn is_category_empty(tx: &mut Tx<'_>, id: CategoryId) -> Result<bool, DbError> {
    let child =
        tx.query_opt("SELECT id FROM categories WHERE parent_id = ? LIMIT 1", p![id], |row| {
            row.get::<CategoryId>(0)
        })?;
    let product =
        tx.query_opt("SELECT slug FROM products WHERE category_id = ? LIMIT 1", p![id], |row| {
            row.get::<String>(0)
        })?;
    Ok(child.is_none() && product.is_none())
}

/// Takes a category away.
///
/// # Errors
/// [`DbError::ForeignKey`] when something came to stand in it.
pub fn delete_category(tx: &mut Tx<'_>, id: CategoryId) -> Result<(), DbError> {
    tx.execute("DELETE FROM categories WHERE id = ?", p![id])?;
    Ok(())
}

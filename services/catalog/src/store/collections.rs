//! Collections, and which products are in them.

use techtrove_catalog_api::{CollectionId, ProductId};
use techtrove_db::{DbError, Row, Tx, p};

use super::{products::read_shown, stored_version, version};
use crate::domain::{Collection, ShownProduct, Slug};

fn read(row: &Row<'_>) -> Result<Collection, DbError> {
    Ok(Collection {
        id: row.get(0)?,
        slug: row.get::<String>(1)?.parse().map_err(DbError::decode)?,
        name: row.get(2)?,
        description: row.get(3)?,
        position: row.get(4)?,
        version: version(row, 5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        product_ids: Vec::new(),
    })
}

/// A collection's place in their order: its position, then its name, then its id.
pub type CollectionPlace = (i64, String, CollectionId);

/// At most `limit` collections behind this place in their order, without their products.
///
/// # Errors
/// When the database fails.
pub fn list_collections(
    tx: &mut Tx<'_>,
    after: Option<&CollectionPlace>,
    limit: usize,
) -> Result<Vec<Collection>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let Some((position, name, id)) = after else {
        return tx.query(
            "SELECT id, slug, name, description, position, version, created_at, updated_at \
             FROM collections ORDER BY position, name, id LIMIT ?",
            p![limit],
            read,
        );
    };
    tx.query(
        "SELECT id, slug, name, description, position, version, created_at, updated_at \
         FROM collections WHERE position > ? OR (position = ? AND (name > ? OR (name = ? AND id > ?))) \
         ORDER BY position, name, id LIMIT ?",
        p![*position, *position, name, name, *id, limit],
        read,
    )
}

/// The collection of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_collection(tx: &mut Tx<'_>, id: CollectionId) -> Result<Option<Collection>, DbError> {
    let found = tx.query_opt(
        "SELECT id, slug, name, description, position, version, created_at, updated_at \
         FROM collections WHERE id = ?",
        p![id],
        read,
    )?;
    with_products(tx, found)
}

/// The collection of this slug, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_collection_by_slug(
    tx: &mut Tx<'_>,
    slug: &Slug,
) -> Result<Option<Collection>, DbError> {
    let found = tx.query_opt(
        "SELECT id, slug, name, description, position, version, created_at, updated_at \
         FROM collections WHERE slug = ?",
        p![slug.as_str()],
        read,
    )?;
    with_products(tx, found)
}

/// The collection of this id, if there is one, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub fn lock_collection(tx: &mut Tx<'_>, id: CollectionId) -> Result<Option<Collection>, DbError> {
    let found = tx.query_opt(
        "SELECT id, slug, name, description, position, version, created_at, updated_at \
         FROM collections WHERE id = ? FOR UPDATE",
        p![id],
        read,
    )?;
    with_products(tx, found)
}

fn with_products(
    tx: &mut Tx<'_>,
    found: Option<Collection>,
) -> Result<Option<Collection>, DbError> {
    let Some(collection) = found else { return Ok(None) };
    let product_ids = tx.query(
        "SELECT product_id FROM collection_products WHERE collection_id = ? ORDER BY place",
        p![collection.id],
        |row| row.get(0),
    )?;
    Ok(Some(Collection { product_ids, ..collection }))
}

/// Those products of a collection that are on sale, in their order.
///
/// # Errors
/// When the database fails.
pub fn products_on_sale(tx: &mut Tx<'_>, id: CollectionId) -> Result<Vec<ShownProduct>, DbError> {
    tx.query(
        "SELECT p.id, p.document, p.version, p.status, p.availability, p.rating_average, \
         p.rating_count, p.price_min, p.sold FROM collection_products c \
         JOIN products p ON p.id = c.product_id WHERE c.collection_id = ? AND p.status = 'active' ORDER BY c.place",
        p![id],
        read_shown,
    )
}

/// Stores a new collection.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its slug is taken.
pub fn insert_collection(tx: &mut Tx<'_>, collection: &Collection) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO collections (id, slug, name, description, position, version, created_at, \
         updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        p![
            collection.id,
            collection.slug.as_str(),
            collection.name,
            collection.description,
            collection.position,
            stored_version(collection.version),
            collection.created_at,
            collection.updated_at,
        ],
    )?;
    insert_products(tx, collection)
}

/// Stores a collection that is locked.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its slug is taken.
pub fn update_collection(
    tx: &mut Tx<'_>,
    before: &Collection,
    collection: &Collection,
) -> Result<(), DbError> {
    tx.execute(
        "UPDATE collections SET slug = ?, name = ?, description = ?, position = ?, version = ?, \
         updated_at = ? WHERE id = ?",
        p![
            collection.slug.as_str(),
            collection.name,
            collection.description,
            collection.position,
            stored_version(collection.version),
            collection.updated_at,
            collection.id,
        ],
    )?;
    if before.product_ids == collection.product_ids {
        return Ok(());
    }
    delete_products(tx, collection.id)?;
    insert_products(tx, collection)
}

/// Takes a collection away; its products stay.
///
/// # Errors
/// When the database fails.
pub fn delete_collection(tx: &mut Tx<'_>, id: CollectionId) -> Result<(), DbError> {
    delete_products(tx, id)?;
    tx.execute("DELETE FROM collections WHERE id = ?", p![id])?;
    Ok(())
}

fn insert_products(tx: &mut Tx<'_>, collection: &Collection) -> Result<(), DbError> {
    for (place, product) in (0_i64..).zip(&collection.product_ids) {
        let product: ProductId = *product;
        tx.execute(
            "INSERT INTO collection_products (collection_id, place, product_id) VALUES (?, ?, ?)",
            p![collection.id, place, product],
        )?;
    }
    Ok(())
}

fn delete_products(tx: &mut Tx<'_>, id: CollectionId) -> Result<(), DbError> {
    tx.execute("DELETE FROM collection_products WHERE collection_id = ?", p![id])?;
    Ok(())
}

//! The tree of the catalogue's categories, as it tells of it.

use techtrove_catalog_api::{CategoryId, CategoryPlaced};
use techtrove_db::{DbError, Sql, Tx, p};

const PLACE: Sql = Sql::new(
    "INSERT INTO categories (id, parent_id) VALUES (?, ?) \
     ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id",
)
.mysql(
    "INSERT INTO categories (id, parent_id) VALUES (?, ?) \
     ON DUPLICATE KEY UPDATE parent_id = VALUES(parent_id)",
);

/// Notes where a category stands.
///
/// # Errors
/// When the database fails.
pub fn place_category(tx: &mut Tx<'_>, placed: &CategoryPlaced) -> Result<(), DbError> {
    tx.execute(PLACE, p![placed.category_id, placed.parent_id])?;
    Ok(())
}

/// What a category stands in; nothing at the top, and for one that was not told of yet.
///
/// # Errors
/// When the database fails.
pub fn lookup_parent(tx: &mut Tx<'_>, id: CategoryId) -> Result<Option<CategoryId>, DbError> {
    let found = tx.query_opt("SELECT parent_id FROM categories WHERE id = ?", p![id], |row| {
        row.get::<Option<CategoryId>>(0)
    })?;
    Ok(found.flatten())
}

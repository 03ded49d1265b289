//! What was there before events told all that they tell now.

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::TypedId;
use techtrove_db::{DbError, Tx, p};
use uuid::Uuid;

/// One of which others do not know all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// A category.
    Category(CategoryId),
    /// A product.
    Product(ProductId),
}

/// Whether there is any.
///
/// # Errors
/// When the database fails.
pub fn has_untold(tx: &mut Tx<'_>) -> Result<bool, DbError> {
    let first =
        tx.query_opt("SELECT kind FROM untold LIMIT 1", p![], |row| row.get::<String>(0))?;
    Ok(first.is_some())
}

/// Takes up to `limit` of them off the list: categories first, for products stand in them.
///
/// # Errors
/// When the database fails.
pub fn take_untold(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Untold>, DbError> {
    let rows = tx.query(
        "SELECT kind, id FROM untold ORDER BY kind, id LIMIT ? FOR UPDATE",
        p![limit],
        |row| Ok((row.get::<String>(0)?, row.get::<Uuid>(1)?)),
    )?;
    let mut untold = Vec::with_capacity(rows.len());
    for (kind, id) in rows {
        tx.execute("DELETE FROM untold WHERE kind = ? AND id = ?", p![kind.as_str(), id])?;
        untold.push(match kind.as_str() {
            "category" => Untold::Category(CategoryId::from_uuid(id)),
            _ => Untold::Product(ProductId::from_uuid(id)),
        });
    }
    Ok(untold)
}

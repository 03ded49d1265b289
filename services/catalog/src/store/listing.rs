//! Lists of products, newest first. An id is made at a product's birth and rises with time, so the
//! id is the sort key. Only ids are sorted; the documents of one page are read at the end.

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::TypedId;
use techtrove_db::{DbError, Tx, p};
use uuid::Uuid;

use super::products::read_shown;
use crate::domain::{ShownProduct, Status};

/// Which products are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Only of this status.
    pub status: Status,
    /// Only of this category and those below it.
    pub category: Option<CategoryId>,
    /// Only of this brand, whatever its case.
    pub brand: Option<String>,
}

/// How brands are compared.
pub(super) fn folded(brand: &str) -> String {
    brand.to_lowercase()
}

/// The page's products, with what may stand before the statement, between its tables and among its
/// conditions.
macro_rules! page {
    ($before:expr, $tables:expr, $conditions:expr) => {
        concat!(
            $before,
            "SELECT p.id, p.document, p.version, p.status, p.availability FROM products p JOIN (",
            "SELECT q.id FROM ",
            $tables,
            " q WHERE q.status = ?",
            $conditions,
            " AND q.id < ? ORDER BY q.id DESC LIMIT ?",
            ") page ON page.id = p.id ORDER BY p.id DESC"
        )
    };
}

/// A category and all that stand below it.
macro_rules! below {
    () => {
        "WITH RECURSIVE below (id) AS (SELECT id FROM categories WHERE id = ? UNION ALL \
         SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id) "
    };
}

/// `CROSS JOIN` tells SQLite to begin with the categories: its planner, which does not know how few
/// products one holds, would look through all of them from the newest on.
macro_rules! in_below {
    () => {
        "below b CROSS JOIN products"
    };
}

/// At most `limit` products, newest first, behind `after` where it is given.
///
/// # Errors
/// When the database fails.
pub fn list_products(
    tx: &mut Tx<'_>,
    filter: &Filter,
    after: Option<ProductId>,
    limit: usize,
) -> Result<Vec<ShownProduct>, DbError> {
    let status = filter.status.as_str();
    let after = after.unwrap_or_else(|| ProductId::from_uuid(Uuid::max()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let brand = filter.brand.as_deref().map(folded);
    match (filter.category, brand) {
        (None, None) => tx.query(page!("", "products", ""), p![status, after, limit], read_shown),
        (None, Some(brand)) => tx.query(
            page!("", "products", " AND q.brand_folded = ?"),
            p![status, brand, after, limit],
            read_shown,
        ),
        (Some(category), None) => tx.query(
            page!(below!(), in_below!(), " AND q.category_id = b.id"),
            p![category, status, after, limit],
            read_shown,
        ),
        (Some(category), Some(brand)) => tx.query(
            page!(below!(), in_below!(), " AND q.category_id = b.id AND q.brand_folded = ?"),
            p![category, status, brand, after, limit],
            read_shown,
        ),
    }
}

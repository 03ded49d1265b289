//! How many pieces of products were sold: noted by the event that tells so, and added up by many at once.

use std::collections::BTreeMap;

use techtrove_catalog_api::ProductId;
use techtrove_db::{DbError, Tx, p};
use uuid::Uuid;

/// Notes pieces that were sold of a product, as this event tells.
///
/// # Errors
/// When the database fails, or it is noted already.
pub fn insert_sale(
    tx: &mut Tx<'_>,
    event: Uuid,
    product: ProductId,
    pieces: i64,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO sales (event_id, product_id, pieces) VALUES (?, ?, ?)",
        p![event, product, pieces],
    )?;
    Ok(())
}

/// Whether a sale is noted that is not yet added up.
///
/// # Errors
/// When the database fails.
pub fn has_sales(tx: &mut Tx<'_>) -> Result<bool, DbError> {
    let first = tx.query_opt("SELECT pieces FROM sales LIMIT 1", p![], |row| row.get::<i64>(0))?;
    Ok(first.is_some())
}

/// Adds up to `limit` of the noted sales to their products, and tells how many there were. Of a product
/// that there is not, nothing.
///
/// # Errors
/// When the database fails.
pub fn add_up_sales(tx: &mut Tx<'_>, limit: i64) -> Result<usize, DbError> {
    let sales = tx.query(
        "SELECT event_id, product_id, pieces FROM sales ORDER BY event_id, product_id LIMIT ? \
         FOR UPDATE",
        p![limit],
        |row| Ok((row.get::<Uuid>(0)?, row.get::<ProductId>(1)?, row.get::<i64>(2)?)),
    )?;
    // In the order of their ids, in which nobody waits for another in a ring.
    let mut sums: BTreeMap<ProductId, i64> = BTreeMap::new();
    for (_, product, pieces) in &sales {
        *sums.entry(*product).or_default() += pieces;
    }
    for (product, pieces) in sums {
        add_sold(tx, product, pieces)?;
    }
    for (event, product, _) in &sales {
        let delete = "DELETE FROM sales WHERE event_id = ? AND product_id = ?";
        tx.execute(delete, p![*event, *product])?;
    }
    Ok(sales.len())
}

/// Adds pieces that were sold of a product; of one that there is not, nothing.
///
/// # Errors
/// When the database fails.
pub fn add_sold(tx: &mut Tx<'_>, product: ProductId, pieces: i64) -> Result<(), DbError> {
    tx.execute("UPDATE products SET sold = sold + ? WHERE id = ?", p![pieces, product])?;
    Ok(())
}

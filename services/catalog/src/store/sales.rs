//! How many pieces of products were sold.

use techtrove_catalog_api::ProductId;
use techtrove_db::{DbError, Tx, p};

/// Adds pieces that were sold of a product; of one that there is not, nothing.
///
/// # Errors
/// When the database fails.
pub fn add_sold(tx: &mut Tx<'_>, product: ProductId, pieces: i64) -> Result<(), DbError> {
    tx.execute("UPDATE products SET sold = sold + ? WHERE id = ?", p![pieces, product])?;
    Ok(())
}

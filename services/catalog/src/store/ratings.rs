//! What buyers say of products, summed up by community.

use techtrove_catalog_api::ProductId;
use techtrove_db::{DbError, Tx, p};

use crate::domain::Rating;

/// Remembers a product's ratings, their sum and count, as of `revision`; `false` when a later revision
/// is known already, or there is no such product.
///
/// # Errors
/// When the database fails.
pub fn set_rating(
    tx: &mut Tx<'_>,
    product: ProductId,
    sum: i64,
    count: i64,
    revision: i64,
) -> Result<bool, DbError> {
    let average = i64::from(Rating::of(sum, count).average);
    let changed = tx.execute(
        "UPDATE products SET rating_sum = ?, rating_count = ?, rating_average = ?, \
         rating_revision = ? WHERE id = ? AND rating_revision < ?",
        p![sum, count, average, revision, product, revision],
    )?;
    Ok(changed > 0)
}

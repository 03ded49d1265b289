//! What inventory says of SKUs, and the best of it for each product.

use techtrove_catalog_api::ProductId;
use techtrove_core::Sku;
use techtrove_db::{DbError, Params, Sql, Tx, p};
use techtrove_inventory_api::Availability;

use super::stored_availability;

const NOTE: Sql = Sql::new(
    "INSERT INTO availability (sku, availability) VALUES (?, ?) \
     ON CONFLICT (sku) DO UPDATE SET availability = excluded.availability",
)
.mysql(
    "INSERT INTO availability (sku, availability) VALUES (?, ?) \
     ON DUPLICATE KEY UPDATE availability = VALUES(availability)",
);

/// Makes sure that a SKU has a row, and locks it where others may write at the same time: a note of
/// inventory's and a new variant then see each other, whichever comes first.
const KNOW: Sql = Sql::new(
    "INSERT INTO availability (sku, availability) VALUES (?, 0) \
     ON CONFLICT (sku) DO UPDATE SET sku = excluded.sku",
)
.sqlite("INSERT INTO availability (sku, availability) VALUES (?, 0) ON CONFLICT (sku) DO NOTHING")
.mysql(
    "INSERT INTO availability (sku, availability) VALUES (?, 0) ON DUPLICATE KEY UPDATE sku = sku",
);

const SUM_UP: Sql = Sql::new(
    "UPDATE products SET availability = COALESCE((\
     SELECT MAX(a.availability) FROM variants v JOIN availability a ON a.sku = v.sku \
     WHERE v.product_id = products.id), 0) WHERE id = ?",
);

/// Remembers what inventory says of a SKU, and sums it up for the product that has it. The product is
/// locked by a statement of its own, so that the sum sees what was said of its other SKUs meanwhile.
///
/// # Errors
/// When the database fails.
pub fn note_availability(
    tx: &mut Tx<'_>,
    sku: &Sku,
    availability: Availability,
) -> Result<(), DbError> {
    tx.execute(NOTE, p![sku, stored_availability(availability)])?;
    if let Some(product) = super::owner_of_sku(tx, sku)? {
        tx.query("SELECT version FROM products WHERE id = ? FOR UPDATE", p![product], |row| {
            row.get::<i64>(0)
        })?;
        tx.execute(SUM_UP, p![product])?;
    }
    Ok(())
}

/// The statement that makes a variant's SKU known.
pub(super) fn know(sku: &Sku) -> (Sql, Params<'_>) {
    (KNOW, p![sku])
}

/// The statement that sums up a product's availability, once its variants are stored.
pub(super) fn sum_up(product: &ProductId) -> (Sql, Params<'_>) {
    (SUM_UP, p![product])
}

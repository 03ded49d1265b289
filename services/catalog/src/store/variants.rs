//! Variants: which SKU belongs to which product, and what it is sold for.

use techtrove_catalog_api::{Fulfilment, ProductId, SellableSku};
use techtrove_core::{Currency, Money, Sku};
use techtrove_db::{DbError, Params, Sql, Tx, p};

use super::availability::know;
use crate::domain::{Product, Variant};

/// What is stored of a variant beside its product's document.
pub(super) struct VariantRow<'p> {
    variant: &'p Variant,
    product: &'p Product,
    sale_name: String,
    price: Option<i64>,
}

impl<'p> VariantRow<'p> {
    /// The rows of a product's variants.
    pub(super) fn of(product: &'p Product) -> Vec<Self> {
        let row = |variant| VariantRow {
            variant,
            product,
            sale_name: product.sale_name(variant),
            price: product.price_of(variant).map(|price| price.amount),
        };
        product.variants.iter().map(row).collect()
    }

    /// The statements that store it newly.
    pub(super) fn insert(&self) -> [(Sql, Params<'_>); 2] {
        let variant = self.variant;
        let insert = Sql::new(
            "INSERT INTO variants (id, sku, product_id, sale_name, price, inherits_price) \
             VALUES (?, ?, ?, ?, ?, ?)",
        );
        let inherits = variant.own_price.is_none();
        let params =
            p![variant.id, variant.sku, self.product.id, self.sale_name, self.price, inherits];
        [know(&variant.sku), (insert, params)]
    }

    /// The statement that stores what may have changed of it.
    pub(super) fn update(&self) -> (Sql, Params<'_>) {
        let variant = self.variant;
        let update = Sql::new(
            "UPDATE variants SET sale_name = ?, price = ?, inherits_price = ? \
             WHERE sku = ? AND product_id = ?",
        );
        let inherits = variant.own_price.is_none();
        (update, p![self.sale_name, self.price, inherits, variant.sku, self.product.id])
    }

    /// Whether the product had this SKU before.
    pub(super) fn was_in(&self, before: &Product) -> bool {
        before.variants.iter().any(|variant| variant.sku == self.variant.sku)
    }
}

/// The statement that takes a variant away.
pub(super) fn delete<'p>(product: &'p Product, variant: &'p Variant) -> (Sql, Params<'p>) {
    let delete = Sql::new("DELETE FROM variants WHERE sku = ? AND product_id = ?");
    (delete, p![variant.sku, product.id])
}

/// The variants of a product whose price is the product's.
pub(super) fn inheriting(tx: &mut Tx<'_>, product: ProductId) -> Result<Vec<Sku>, DbError> {
    let rows = tx.query(
        "SELECT sku, inherits_price FROM variants WHERE product_id = ?",
        p![product],
        |row| Ok((row.get::<Sku>(0)?, row.get::<bool>(1)?)),
    )?;
    Ok(rows.into_iter().filter(|(_, inherits)| *inherits).map(|(sku, _)| sku).collect())
}

/// The product that has this SKU, if one has.
///
/// # Errors
/// When the database fails.
pub fn owner_of_sku(tx: &mut Tx<'_>, sku: &Sku) -> Result<Option<ProductId>, DbError> {
    tx.query_opt("SELECT product_id FROM variants WHERE sku = ?", p![sku], |row| row.get(0))
}

/// What a SKU is sold for, if its product is on sale.
///
/// # Errors
/// When the database fails.
pub fn lookup_sellable(tx: &mut Tx<'_>, sku: &Sku) -> Result<Option<SellableSku>, DbError> {
    tx.query_opt(
        "SELECT v.product_id, v.id, v.sale_name, v.price, p.currency, p.fulfilment FROM variants v \
         JOIN products p ON p.id = v.product_id WHERE v.sku = ? AND p.status = 'active'",
        p![sku],
        |row| {
            Ok(SellableSku {
                sku: sku.clone(),
                product_id: row.get(0)?,
                variant_id: row.get(1)?,
                name: row.get(2)?,
                price: Money::new(row.get(3)?, row.get::<Currency>(4)?),
                fulfilment: read_fulfilment(&row.get::<String>(5)?)?,
            })
        },
    )
}

fn read_fulfilment(stored: &str) -> Result<Fulfilment, DbError> {
    [Fulfilment::Physical, Fulfilment::Digital]
        .into_iter()
        .find(|fulfilment| fulfilment.as_str() == stored)
        .ok_or_else(|| DbError::decode("no such fulfilment"))
}

//! What every use case that stores a product checks first, within its transaction.

use techtrove_catalog_api::{CategoryId, ProductId, Reach};
use techtrove_core::Sku;
use techtrove_db::Tx;

use crate::{
    domain::{Invalid, Product, Slug},
    error::Error,
    store,
};

/// The category exists.
pub(super) fn check_category(tx: &mut Tx<'_>, id: Option<CategoryId>) -> Result<(), Error> {
    let Some(id) = id else { return Ok(()) };
    match store::lookup_category(tx, id)? {
        Some(_) => Ok(()),
        None => Err(Invalid::field("/category_id", "there is no such category").into()),
    }
}

/// What stands in this category is within the manager's reach.
pub(super) fn check_reach(
    tx: &mut Tx<'_>,
    reach: &Reach,
    category: Option<CategoryId>,
) -> Result<(), Error> {
    if reaches(tx, reach, category)? { Ok(()) } else { Err(Error::OutOfReach) }
}

/// Whether what stands in this category is within the manager's reach.
pub(super) fn reaches(
    tx: &mut Tx<'_>,
    reach: &Reach,
    category: Option<CategoryId>,
) -> Result<bool, Error> {
    let parent_of = |id| -> Result<Option<CategoryId>, Error> {
        Ok(store::lookup_category(tx, id)?.and_then(|category| category.parent_id))
    };
    reach.covers(category, parent_of)
}

/// The SKUs are free or belong to `product`.
pub(super) fn check_skus<'s>(
    tx: &mut Tx<'_>,
    product: ProductId,
    skus: impl IntoIterator<Item = &'s Sku>,
) -> Result<(), Error> {
    for sku in skus {
        if store::owner_of_sku(tx, sku)?.is_some_and(|owner| owner != product) {
            return Err(Error::SkuTaken(sku.clone()));
        }
    }
    Ok(())
}

/// The slug that was `asked` for is free; one made of the name is made unique where it is not.
pub(super) fn settle_slug(
    tx: &mut Tx<'_>,
    product: Product,
    asked: Option<&Slug>,
) -> Result<Product, Error> {
    if !store::is_slug_taken(tx, &product.slug, product.id)? {
        return Ok(product);
    }
    match asked {
        Some(asked) => Err(Error::SlugTaken(asked.clone())),
        None => Ok(Product {
            slug: product.slug.with_tail(techtrove_core::TypedId::uuid(product.id)),
            ..product
        }),
    }
}

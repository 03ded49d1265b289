//! A manager edits a product: any of its fields, its variants, or whether it is on sale.

use techtrove_catalog_api::{PRODUCT_UPDATED, ProductChanged, ProductId, Reach};
use techtrove_db::Tx;
use techtrove_http::IfMatch;

use super::{
    App, product_event,
    save::{check_category, check_reach, check_skus},
    tell_inventory::tell_inventory,
    told_of,
};
use crate::{
    domain::{ProductInput, ShownProduct, VariantMode},
    error::Error,
    store,
};

/// Edits the product, unless it is not what the manager saw. An edit that changes nothing leaves the
/// version as it is. Inventory hears at once of what concerns it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::OutOfReach`] before or after the edit, [`Error::Refused`] when the
/// version is another, [`Error::Invalid`], [`Error::SkuTaken`] or [`Error::SlugTaken`], or when the
/// database fails.
pub async fn edit_product(
    app: &App,
    reach: Reach,
    id: ProductId,
    if_match: IfMatch,
    input: ProductInput,
) -> Result<ShownProduct, Error> {
    let currency = app.config.currency;
    let change = input.checked(currency)?;
    let fresh = app.fresh(change.skus().count());
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| {
        let before = store::lock_product(tx, id)?.ok_or(Error::NotFound("product"))?;
        check_reach(tx, &reach, before.category_id)?;
        if_match.check(before.version)?;
        let product = before.edited(change.clone(), VariantMode::Replace, &fresh)?;
        check_category(tx, change.category_id())?;
        check_reach(tx, &reach, product.category_id)?;
        check_skus(tx, id, change.skus())?;
        if store::is_slug_taken(tx, &product.slug, id)? {
            return Err(Error::SlugTaken(product.slug));
        }
        if before.says_the_same_as(&product) {
            return Ok((store::get_shown(tx, id)?, None));
        }
        store::update_product(tx, &before, &product, currency)?;
        techtrove_bus::record(tx, &context, &product_event(PRODUCT_UPDATED, &product))?;
        let told = told_of(&product);
        let before = ProductChanged { version: told.version, ..told_of(&before) };
        Ok((store::get_shown(tx, id)?, (before != told).then_some(told)))
    };
    let (shown, news) = app.db.write_again("catalog.edit_product", job).await?;
    if let Some(told) = news {
        tell_inventory(app, &told).await;
    }
    Ok(shown)
}

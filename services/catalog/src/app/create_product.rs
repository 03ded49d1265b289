//! A manager makes a product.

use serde_json::value::RawValue;
use techtrove_catalog_api::{PRODUCT_CREATED, Reach};
use techtrove_core::Problem;
use techtrove_db::Tx;
use techtrove_http::idempotency::{Answer, Key, Once, Repeatable, once};

use super::{
    App, product_event,
    save::{check_category, check_reach, check_skus, settle_slug},
    tell_inventory::tell_inventory,
    told_of,
};
use crate::{
    domain::{Product, ProductInput, ShownProduct},
    error::Error,
    store,
};

/// Makes the product once per key and tells of it; inventory knows it at once, unless it is away.
///
/// # Errors
/// [`Error::Invalid`], [`Error::OutOfReach`], [`Error::SkuTaken`] or [`Error::SlugTaken`], or when the
/// database fails.
pub async fn create_product(
    app: &App,
    reach: Reach,
    input: ProductInput,
    key: Option<Key>,
) -> Result<Once<ShownProduct>, Error> {
    let currency = app.config.currency;
    let change = input.checked(currency)?;
    let asked = change.slug().cloned();
    let product = Product::create(change.clone(), &app.fresh(change.skus().count()))?;
    let told = told_of(&product);
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| -> Result<_, Error> {
        check_category(tx, product.category_id)?;
        check_reach(tx, &reach, product.category_id)?;
        check_skus(tx, product.id, product.variants.iter().map(|variant| &variant.sku))?;
        let product = settle_slug(tx, product.clone(), asked.as_ref())?;
        store::insert_product(tx, &product, currency)?;
        techtrove_bus::record(tx, &context, &product_event(PRODUCT_CREATED, &product))?;
        Ok(store::get_shown(tx, product.id)?)
    };
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), &job);
    let outcome = app.db.write_again("catalog.create_product", job).await?;
    if matches!(outcome, Once::Made(_)) {
        tell_inventory(app, &told).await;
    }
    Ok(outcome)
}

impl Repeatable for ShownProduct {
    fn answer(&self) -> Result<Answer, Problem> {
        let json = RawValue::from_string(self.clone().into_json()).map_err(Problem::internal)?;
        let location = format!("/api/v1/products/{}", self.id);
        Ok(Answer::created(&location, &json)?.in_version(self.version))
    }
}

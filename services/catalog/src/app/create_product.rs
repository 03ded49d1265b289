//! A manager makes a product.

use serde_json::value::RawValue;
use techtrove_catalog_api::PRODUCT_CREATED;
use techtrove_core::{Problem, Sku};
use techtrove_db::Tx;
use techtrove_http::idempotency::{Answer, Key, Once, Repeatable, once};
use techtrove_inventory_api::{SetStock, SetStockRequest};

use super::{
    App, product_event,
    save::{check_category, check_skus, settle_slug},
};
use crate::{
    domain::{Product, ProductInput, ShownProduct},
    error::Error,
    store,
};

/// Makes the product once per key and tells of it; inventory knows its SKUs at once, unless it is away.
///
/// # Errors
/// [`Error::Invalid`], [`Error::SkuTaken`] or [`Error::SlugTaken`], or when the database fails.
pub async fn create_product(
    app: &App,
    input: ProductInput,
    key: Option<Key>,
) -> Result<Once<ShownProduct>, Error> {
    let currency = app.config.currency;
    let change = input.checked(currency)?;
    let asked = change.slug().cloned();
    let product = Product::create(change.clone(), &app.fresh(change.skus().count()))?;
    let skus = product.variants.iter().map(|variant| variant.sku.clone()).collect();
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| {
        check_category(tx, product.category_id)?;
        check_skus(tx, product.id, product.variants.iter().map(|variant| &variant.sku))?;
        let product = settle_slug(tx, product.clone(), asked.as_ref())?;
        store::insert_product(tx, &product, currency)?;
        techtrove_bus::record(tx, &context, &product_event(PRODUCT_CREATED, &product))?;
        Ok(store::get_shown(tx, product.id)?)
    };
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), &job);
    let outcome = app.write_unique("catalog.create_product", job).await?;
    if matches!(outcome, Once::Made(_)) {
        make_known(app, skus).await;
    }
    Ok(outcome)
}

/// Tells inventory of new SKUs. The event tells it too; this only is sooner, so nothing depends on it.
async fn make_known(app: &App, skus: Vec<Sku>) {
    let items = skus.into_iter().map(|sku| SetStock { sku, keyed: false, on_hand: None }).collect();
    if let Err(error) = app.inventory.set_stock(&SetStockRequest { items }).await {
        tracing::debug!(%error, "inventory will learn of new SKUs by the event");
    }
}

impl Repeatable for ShownProduct {
    fn answer(&self) -> Result<Answer, Problem> {
        let json = RawValue::from_string(self.clone().into_json()).map_err(Problem::internal)?;
        Answer::created(&format!("/api/v1/products/{}", self.id), &json)
    }
}

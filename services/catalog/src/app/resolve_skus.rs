//! Orders asks what can be sold, and at which price. Always read from the store: a price from a cache
//! could be an old one.

use std::collections::BTreeSet;

use techtrove_catalog_api::SellableSku;
use techtrove_core::Sku;

use super::App;
use crate::{domain::Invalid, error::Error, store};

/// The most SKUs of one question.
const MAX_SKUS: usize = 200;

/// What of `skus` can be sold now, each once.
///
/// # Errors
/// [`Error::Invalid`] when there are too many, or when the database fails.
pub async fn resolve_skus(app: &App, skus: Vec<Sku>) -> Result<Vec<SellableSku>, Error> {
    if skus.len() > MAX_SKUS {
        let detail = format_args!("at most {MAX_SKUS} SKUs can be asked for at once");
        return Err(Invalid::field("/skus", detail).into());
    }
    let skus: BTreeSet<Sku> = skus.into_iter().collect();
    app.db
        .lookup("catalog.resolve_skus", move |tx| {
            let mut sellable = Vec::with_capacity(skus.len());
            for sku in &skus {
                sellable.extend(store::lookup_sellable(tx, sku)?);
            }
            Ok(sellable)
        })
        .await
}

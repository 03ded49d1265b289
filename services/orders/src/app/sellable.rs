//! What catalog says of SKUs at this moment: always asked, never remembered.

use std::collections::BTreeSet;

use techtrove_catalog_api::{ResolveSkusRequest, SellableSku};
use techtrove_core::Sku;
use techtrove_http::ClientError;
use tokio::time::timeout;

use super::App;
use crate::error::Error;

/// What of `skus` can be sold now. Nothing is asked when there are none.
///
/// # Errors
/// When catalog cannot be reached in time.
pub(super) async fn sellable<'a>(
    app: &App,
    skus: impl IntoIterator<Item = &'a Sku>,
) -> Result<Vec<SellableSku>, Error> {
    let skus: BTreeSet<&Sku> = skus.into_iter().collect();
    if skus.is_empty() {
        return Ok(Vec::new());
    }
    let request = ResolveSkusRequest { skus: skus.into_iter().cloned().collect() };
    let after = app.config.deadlines.call;
    let late = |_| ClientError::Timeout { callee: "catalog", after };
    let answer = timeout(after, app.catalog.resolve_skus(&request)).await.map_err(late)??;
    Ok(answer.items)
}

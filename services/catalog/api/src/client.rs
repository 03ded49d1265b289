//! How the other services call catalog.

use techtrove_http::{Client, ClientError};

use crate::{ProductId, ReachRequest, ResolveSkusRequest, ResolveSkusResponse};

/// Calls catalog, wherever it runs.
#[derive(Clone, Debug)]
pub struct CatalogClient(Client);

impl CatalogClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Which of these SKUs can be sold now, and at which price; read from the store, never a cache.
    ///
    /// # Errors
    /// When catalog cannot be reached.
    pub async fn resolve_skus(
        &self,
        request: &ResolveSkusRequest,
    ) -> Result<ResolveSkusResponse, ClientError> {
        self.0.post("/internal/catalog/skus/resolve").json(request).call().await
    }

    /// Whether there is such a product and the public may see it.
    ///
    /// # Errors
    /// When catalog cannot be reached.
    pub async fn is_on_sale(&self, id: ProductId) -> Result<bool, ClientError> {
        self.0.get(&format!("/internal/catalog/products/{id}/on-sale")).call().await
    }

    /// Whether all of these products are within a manager's reach; one that there is not is in nobody's but
    /// who reaches everything.
    ///
    /// # Errors
    /// When catalog cannot be reached.
    pub async fn reaches(&self, request: &ReachRequest) -> Result<bool, ClientError> {
        self.0.post("/internal/catalog/products/reach").json(request).call().await
    }
}

//! How orders calls catalog.

use techtrove_http::{Client, ClientError};

use crate::{ResolveSkusRequest, ResolveSkusResponse};

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
}

//! Community's book of purchases, page by page, for `techtrove audit`.

use serde::{Deserialize, Serialize};
use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{Client, ClientError};
use uuid::Uuid;

/// Somebody is known to have bought a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseEntry {
    /// Which user.
    pub user: Uuid,
    /// Which product.
    pub product: Uuid,
}

/// Calls community, wherever it runs.
#[derive(Clone, Debug)]
pub struct CommunityClient(Client);

impl CommunityClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// A page of the purchases, in the order of users and products.
    ///
    /// # Errors
    /// When community cannot be reached.
    pub async fn audit_purchases(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<PurchaseEntry>, ClientError> {
        self.0.get("/internal/community/audit/purchases").query(page).call().await
    }
}

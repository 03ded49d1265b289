//! How to write to a user: asked for when a mail is about to be written, and never kept by others.

use serde::{Deserialize, Serialize};
use techtrove_core::EmailAddress;
use techtrove_http::{Client, ClientError};

use crate::UserId;

/// How to write to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Their address.
    pub email: EmailAddress,
    /// How to call them.
    pub name: String,
}

/// Calls identity, wherever it runs.
#[derive(Clone, Debug)]
pub struct IdentityClient(Client);

impl IdentityClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// How to write to a user.
    ///
    /// # Errors
    /// When there is no such user or identity cannot be reached.
    pub async fn contact(&self, user: UserId) -> Result<Contact, ClientError> {
        self.0.get(&format!("/internal/identity/users/{user}/contact")).call().await
    }
}

//! How to write to a user: asked for when a mail is about to be written, and never kept by others.

use serde::{Deserialize, Serialize};
use techtrove_core::EmailAddress;
use techtrove_http::{Client, ClientError};

use crate::{Address, AddressId, KnownStanding, SessionId, Standing, UserId};

/// How to write to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Their address.
    pub email: EmailAddress,
    /// How to call them.
    pub name: String,
    /// In which language to write to them, as a language tag, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// Asks whose an address is; in a body, since addresses of requests are logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindUser {
    /// The address, whatever its case.
    pub email: EmailAddress,
}

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundUser {
    /// The user, if there is one.
    pub user_id: Option<UserId>,
}

/// What identity knows of an address that somebody names as theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAddress {
    /// What it says, if it is theirs.
    pub address: Option<Address>,
}

/// Calls identity, wherever it runs.
#[derive(Clone, Debug)]
pub struct IdentityClient(pub(crate) Client);

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

    /// What the user's own address of this id says, if they keep such a one.
    ///
    /// # Errors
    /// When identity cannot be reached.
    pub async fn address(
        &self,
        user: UserId,
        id: AddressId,
    ) -> Result<Option<Address>, ClientError> {
        let path = format!("/internal/identity/users/{user}/addresses/{id}");
        let known: KnownAddress = self.0.get(&path).call().await?;
        Ok(known.address)
    }

    /// How a session stands, if there ever was such a one.
    ///
    /// # Errors
    /// When identity cannot be reached.
    pub async fn standing(&self, session: SessionId) -> Result<Option<Standing>, ClientError> {
        let path = format!("/internal/identity/sessions/{session}/standing");
        let known: KnownStanding = self.0.get(&path).call().await?;
        Ok(known.standing)
    }

    /// Whose an address is.
    ///
    /// # Errors
    /// When identity cannot be reached.
    pub async fn find_user(&self, email: EmailAddress) -> Result<Option<UserId>, ClientError> {
        let found = self.0.post("/internal/identity/users/find").json(&FindUser { email });
        let found: FoundUser = found.call().await?;
        Ok(found.user_id)
    }
}

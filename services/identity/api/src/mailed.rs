//! Secrets that come by mail: stored nowhere, made of their ids by identity, and told to whoever is about to
//! write the mail. None may appear in a log, an event or a database.

use std::fmt;

use serde::{Deserialize, Serialize};
use techtrove_http::ClientError;

use crate::{IdentityClient, MailedSecretId};

/// A secret on its way to its owner by mail; it does not show itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailedSecret(String);

impl MailedSecret {
    /// The secret of this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MailedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailedSecret(…)")
    }
}

/// Asks for secrets that are about to be mailed or shown; for at most [`TellSecrets::MOST`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellSecrets {
    /// Which.
    pub ids: Vec<MailedSecretId>,
}

impl TellSecrets {
    /// How many are told at once.
    pub const MOST: usize = 100;
}

/// The secrets among those asked for that still lead somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSecrets {
    /// Each with its id.
    pub secrets: Vec<ToldSecret>,
}

/// A secret that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSecret {
    /// Which.
    pub id: MailedSecretId,
    /// What its owner presents.
    pub secret: MailedSecret,
}

/// What a secret that came by mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailedPurpose {
    /// Shows that an address is its user's.
    VerifyEmail,
    /// Lets the user choose another password.
    ResetPassword,
}

/// Asks whom a presented secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUpSecret {
    /// What it is presented for.
    pub purpose: MailedPurpose,
    /// As it came.
    pub secret: MailedSecret,
}

/// Whom a presented secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSecret {
    /// Its owner, while it leads somewhere.
    pub owner: Option<SecretOwner>,
}

/// The owner of a secret that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretOwner {
    /// In which language to answer them, as a language tag, if they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// Presents a secret that came by mail, and with one of a password the password from now on.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum PresentSecret {
    /// Shows that an address is its user's.
    VerifyEmail {
        /// As it came.
        secret: MailedSecret,
    },
    /// Chooses another password.
    ResetPassword {
        /// As it came.
        secret: MailedSecret,
        /// The password from now on.
        password: String,
    },
}

impl fmt::Debug for PresentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentSecret(…)")
    }
}

/// What became of a secret that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// What it is for is done.
    Accepted,
    /// It leads nowhere, or not any more.
    Ended,
    /// Somebody else has the address by now.
    EmailTaken,
    /// The password is too short, too long, or too common.
    PasswordRefused,
}

/// Mailed secrets, for whoever writes the mails and the pages that their links lead to.
impl IdentityClient {
    /// The secrets of these ids that still lead somewhere, to be mailed or shown, and kept nowhere; at most
    /// [`TellSecrets::MOST`].
    ///
    /// # Errors
    /// When they are too many or identity cannot be reached.
    pub async fn tell_secrets(
        &self,
        ids: Vec<MailedSecretId>,
    ) -> Result<Vec<ToldSecret>, ClientError> {
        let told = self.0.post("/internal/identity/mailed-secrets/tell").json(&TellSecrets { ids });
        let told: ToldSecrets = told.call().await?;
        Ok(told.secrets)
    }

    /// The owner of a presented secret, while it leads somewhere. Looking changes nothing.
    ///
    /// # Errors
    /// When identity cannot be reached.
    pub async fn look_up_secret(
        &self,
        purpose: MailedPurpose,
        secret: MailedSecret,
    ) -> Result<Option<SecretOwner>, ClientError> {
        let asked = LookUpSecret { purpose, secret };
        let found = self.0.post("/internal/identity/mailed-secrets/look-up").json(&asked);
        let found: KnownSecret = found.call().await?;
        Ok(found.owner)
    }

    /// Does what a presented secret is for.
    ///
    /// # Errors
    /// When identity cannot be reached.
    pub async fn present_secret(&self, secret: &PresentSecret) -> Result<Presented, ClientError> {
        self.0.post("/internal/identity/mailed-secrets/present").json(secret).call().await
    }
}

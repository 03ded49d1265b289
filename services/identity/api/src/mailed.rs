//! Secrets that come by mail: stored nowhere, made of their ids by identity, and told to whoever is about to
//! write the mail. None may appear in a log, an event or a database.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::MailedSecretId;

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

//! Secrets that a user holds and the shop does not: 256 random bits, of which a hash is stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

/// A refresh token, or what was sent by mail, as its owner holds it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret made of these random bits.
    #[must_use]
    pub fn from_bits(bits: [u8; 32]) -> Self {
        Self(BASE64.encode(bits))
    }

    /// The secret as it was presented.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The text, for its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

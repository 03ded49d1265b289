//! Secrets that a user holds and the shop does not: 256 bits, of which a hash is stored. Those of a session
//! are random and known once; those that are mailed are made again from their ids when the mail is.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest, Sha256};
use techtrove_core::TypedId as _;
use techtrove_identity_api::MailedSecretId;

use super::Purpose;

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

/// Identity's own key for what it mails: 256 bits, the same in every replica. With another one, what was
/// mailed stays good, since its hash is what is compared; what is still to be mailed leads nowhere.
#[derive(Clone)]
pub struct MailKey([u8; 32]);

impl MailKey {
    /// The key with these bits.
    #[must_use]
    pub fn new(bits: [u8; 32]) -> Self {
        Self(bits)
    }

    /// The secret of this id, for this purpose: an HMAC (RFC 2104) of both.
    #[must_use]
    pub fn secret(&self, purpose: Purpose, id: MailedSecretId) -> Secret {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(id.uuid().as_bytes());
        Secret::from_bits(mac.finalize().into_bytes().into())
    }
}

impl std::fmt::Debug for MailKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> MailedSecretId {
        MailedSecretId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_mailed_secret_is_made_again_and_never_for_another_id_purpose_or_key() {
        let mut seen = BTreeSet::new();
        for key in [[7; 32], [8; 32]].map(MailKey::new) {
            for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword] {
                for number in 0..50 {
                    let secret = key.secret(purpose, id(number));

                    assert_eq!(secret.expose(), key.secret(purpose, id(number)).expose());
                    assert_eq!(secret.expose().len(), 43);
                    assert!(seen.insert(secret.expose().to_owned()));
                }
            }
        }
    }

    #[test]
    fn neither_a_key_nor_a_secret_shows_itself() {
        let key = MailKey::new([7; 32]);
        let secret = key.secret(Purpose::ResetPassword, id(1));

        assert_eq!(format!("{key:?} {secret:?}"), "MailKey(…) Secret(…)");
    }
}

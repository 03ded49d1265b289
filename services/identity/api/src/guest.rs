//! The token by which a guest proves that an order or a cart is theirs: an HMAC (RFC 2104) of its id
//! under the shop's key, so that none is stored and a replay gives it again. It must never be logged,
//! nor compared in a time that tells how much of it was right.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

/// What a guest's token opens: one for an order never opens a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestSubject {
    /// The order of this UUID, and its payment.
    Order(Uuid),
    /// The cart of this UUID.
    Cart(Uuid),
    /// Refusing mails such as the one of this UUID.
    Mail(Uuid),
}

/// The shop's key for guests' tokens: 256 bits, the same in every replica and for the shop's life.
#[derive(Clone)]
pub struct GuestKey([u8; 32]);

impl GuestKey {
    /// The key with these bits.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The token that opens `subject`.
    #[must_use]
    pub fn token(&self, subject: GuestSubject) -> String {
        BASE64.encode(self.mac(subject).finalize().into_bytes())
    }

    /// What a client sent as a token, if it could be one. Anything else is no credential at all, as a
    /// word that is no JWT is none; which key it would have to come from is not asked.
    #[must_use]
    pub fn plausible(presented: &str) -> Option<String> {
        let bytes = BASE64.decode(presented).ok()?;
        (bytes.len() == 32).then(|| presented.to_owned())
    }

    /// Whether `presented` is the token that opens `subject`.
    #[must_use]
    pub fn matches(&self, subject: GuestSubject, presented: &str) -> bool {
        let given = BASE64.decode(presented).unwrap_or_default();
        self.mac(subject).verify_slice(&given).is_ok()
    }

    fn mac(&self, subject: GuestSubject) -> Hmac<Sha256> {
        let (kind, id): (&[u8], _) = match subject {
            GuestSubject::Order(id) => (b"techtrove order\0", id),
            GuestSubject::Cart(id) => (b"techtrove cart\0", id),
            GuestSubject::Mail(id) => (b"techtrove mail\0", id),
        };
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(kind);
        mac.update(id.as_bytes());
        mac
    }
}

impl std::fmt::Debug for GuestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuestKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u128) -> GuestSubject {
        GuestSubject::Order(Uuid::from_u128(number))
    }

    #[test]
    fn a_token_opens_its_own_subject_and_no_other() {
        let key = GuestKey::new([7; 32]);
        let token = key.token(order(1));

        assert_eq!(token.len(), 43);
        assert!(key.matches(order(1), &token));
        assert!(!key.matches(order(2), &token));
        assert!(!key.matches(GuestSubject::Cart(Uuid::from_u128(1)), &token));
        assert!(!GuestKey::new([8; 32]).matches(order(1), &token));
    }

    #[test]
    fn broken_tokens_open_nothing() {
        let key = GuestKey::new([7; 32]);
        let token = key.token(order(1));

        for presented in ["", "=", "é", &token[..42], &format!("{token}A"), &token.to_lowercase()]
        {
            assert!(!key.matches(order(1), presented), "{presented}");
        }
    }

    #[test]
    fn only_what_could_be_a_token_is_taken_for_one() {
        let token = GuestKey::new([7; 32]).token(order(1));

        assert_eq!(GuestKey::plausible(&token), Some(token.clone()));
        for presented in ["", "=", "é", "a word", &token[..42], &format!("{token}A")] {
            assert_eq!(GuestKey::plausible(presented), None, "{presented}");
        }
    }

    #[test]
    fn a_token_is_for_the_life_of_the_shop() {
        assert_eq!(GuestKey::new([7; 32]).token(order(1)), GuestKey::new([7; 32]).token(order(1)));
    }
}

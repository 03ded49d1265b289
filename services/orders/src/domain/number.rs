//! The number by which people name an order. It is no secret and no counter: it must never tell how
//! many orders a shop has.

use std::fmt;

/// `TT-` and ten characters of Crockford's base 32: 50 bits by chance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderNumber(String);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl OrderNumber {
    /// The number made of the first bits of `secret`.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let letters =
            secret.iter().take(10).map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
        Self("TT-".chars().chain(letters).collect())
    }

    /// A number as it was stored.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_ten_characters_that_are_not_mistaken_for_each_other() {
        let number = OrderNumber::from_secret(&[255; 32]);

        assert_eq!(number.as_str(), "TT-ZZZZZZZZZZ");
        assert!(!ALPHABET.iter().any(|letter| b"ILOU".contains(letter)));
    }
}

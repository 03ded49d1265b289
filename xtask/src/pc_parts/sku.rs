//! SKUs for parts that have none: the category, so that a person sees what it is, and a hash. The same
//! row must have the same SKU in every run, since an import updates by SKU.

use sha2::{Digest, Sha256};

/// The most characters of a category that stand in a SKU.
const MAX_PREFIX: usize = 26;

/// How many characters of the hash stand in a SKU: 65 bits, so that among 100,000 rows a collision
/// has a chance below one in a thousand million (and the tally checks that there is none).
const HASH_CHARACTERS: usize = 13;

/// Crockford's base 32, without the letters that are taken for digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The SKU of the `occurrence`th (from 0) line of this content in the file of its category; at most
/// 40 characters, uppercase letters, digits and `-`.
pub fn derive(category: &str, line: &str, occurrence: u32) -> String {
    let mut hash = Sha256::new();
    for part in [category.as_bytes(), line.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(occurrence.to_be_bytes());
    format!("{}-{}", prefix(category), base32(&hash.finalize()))
}

fn prefix(category: &str) -> String {
    let words: String = category
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '-' })
        .take(MAX_PREFIX)
        .collect();
    match words.trim_matches('-') {
        "" => "PART".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

fn base32(hash: &[u8]) -> String {
    let bits = hash.iter().take(16).fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    (0..HASH_CHARACTERS)
        .map(|position| {
            let index = (bits >> (128 - 5 * (position + 1))) & 31;
            char::from(ALPHABET[usize::try_from(index).expect("five bits")])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_short_plain_and_the_same_every_time() {
        let sku = derive("wireless-network-card-and-more", "{}", 0);

        assert_eq!(sku, derive("wireless-network-card-and-more", "{}", 0));
        assert!(sku.len() <= 40, "{sku}");
        assert!(sku.starts_with("WIRELESS-NETWORK-CARD-AND-"), "{sku}");
        assert!(sku.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'));
    }

    #[test]
    fn differs_by_category_line_and_occurrence() {
        let skus =
            [derive("a", "b", 0), derive("a", "b", 1), derive("a", "c", 0), derive("ab", "", 0)];

        for (index, sku) in skus.iter().enumerate() {
            assert!(!skus[..index].contains(sku), "{sku}");
        }
    }
}

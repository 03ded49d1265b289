//! Licence keys as a manager brings them. A key is worth money and never shows itself: not in logs, not
//! in errors, which name it by its place.

use std::{collections::BTreeSet, fmt};

use techtrove_core::FieldError;

/// A licence key; it does not show itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LicenceKey(String);

/// Licence keys to be added, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeys(Vec<LicenceKey>);

impl LicenceKey {
    /// The longest key, in characters.
    pub const MAX_LEN: usize = 255;

    /// The key, without the blanks around it, which come from copying; nothing when it is empty, too
    /// long, or has control characters.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let length = text.chars().count();
        let fits = (1..=Self::MAX_LEN).contains(&length) && !text.contains(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// The key itself, for whoever stores it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LicenceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LicenceKey(…)")
    }
}

impl NewKeys {
    /// The most keys that are added at once.
    pub const MAX: usize = 1_000;

    /// The keys of these texts.
    ///
    /// # Errors
    /// When there are none or too many, or names every one that is no key or comes twice.
    pub fn parse(texts: &[String]) -> Result<Self, Vec<FieldError>> {
        if texts.is_empty() || texts.len() > Self::MAX {
            let detail = format!("give 1 to {} licence keys", Self::MAX);
            return Err(vec![FieldError::new("/keys", detail)]);
        }
        let (mut keys, mut seen, mut errors) = (Vec::new(), BTreeSet::new(), Vec::new());
        for (index, text) in texts.iter().enumerate() {
            match LicenceKey::parse(text) {
                Some(key) if seen.insert(key.clone()) => keys.push(key),
                Some(_) => errors.push(Self::error(index, "the licence key comes twice")),
                None => errors.push(Self::error(index, Self::NO_KEY)),
            }
        }
        if errors.is_empty() { Ok(Self(keys)) } else { Err(errors) }
    }

    const NO_KEY: &'static str = "a licence key has 1 to 255 characters, and no control characters";

    /// What is wrong with the key at this place.
    #[must_use]
    pub fn error(index: usize, detail: &str) -> FieldError {
        FieldError::new(format!("/keys/{index}"), detail)
    }

    /// The keys, in the order they were given in.
    #[must_use]
    pub fn as_slice(&self) -> &[LicenceKey] {
        &self.0
    }

    /// How many pieces they are.
    #[must_use]
    pub fn count(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<NewKeys, Vec<String>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        NewKeys::parse(&texts).map_err(|errors| errors.into_iter().map(|e| e.pointer).collect())
    }

    #[test]
    fn keys_keep_their_order_and_lose_the_blanks_around_them() {
        let keys = parse(&[" B-2\t", "A 1", &"ü".repeat(255)]).expect("keys");

        let texts: Vec<&str> = keys.as_slice().iter().take(2).map(LicenceKey::reveal).collect();
        assert_eq!((texts, keys.count()), (vec!["B-2", "A 1"], 3));
    }

    #[test]
    fn every_key_that_is_none_is_named_by_its_place() {
        let refused = parse(&["A", "", " A ", "x\ny", "a\0b", &"x".repeat(256), "B"]);

        assert_eq!(refused, Err((1..=5).map(|index| format!("/keys/{index}")).collect()));
        assert_eq!(parse(&[]), Err(vec!["/keys".to_owned()]));
        assert_eq!(NewKeys::parse(&vec!["A".to_owned(); 1_001]).map_err(|e| e.len()), Err(1));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let shown = format!("{:?}", parse(&["SECRET-1"]));

        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

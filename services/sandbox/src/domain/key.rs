//! The caller's own names for a charge or a refund. The same key is the same charge for ever, which
//! is what makes every call repeatable.

use std::{fmt, str::FromStr};

/// 1 to 64 ASCII letters, digits, `-` or `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// The text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 1 to {max} ASCII letters, digits, '-' or '_'", max = Key::MAX_LEN)]
pub struct InvalidKey;

impl Key {
    /// The longest key, in bytes.
    pub const MAX_LEN: usize = 64;

    /// Another key, which [stands for](Self::stands_for) the same.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        Self(format!("{}-{number}", self.0))
    }

    /// What the caller asked for under this key, numbered or not.
    #[must_use]
    pub fn stands_for(&self) -> Self {
        Self(self.0.split('-').next().unwrap_or_default().to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if (1..=Self::MAX_LEN).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKey)
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_stands_in_a_path_and_refuses_the_rest() {
        for text in ["a", "pay_01kafy3m2se6rbq3tmn4y4bwqd", &"x".repeat(64)] {
            assert_eq!(text.parse::<Key>().map(|key| key.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "a b", "a/b", "ä", "a:b", &"x".repeat(65)] {
            assert_eq!(text.parse::<Key>(), Err(InvalidKey), "{text}");
        }
    }
}

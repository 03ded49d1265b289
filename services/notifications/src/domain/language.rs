//! The languages that mails are written in. A language is a type with all its phrases
//! ([`super::phrases`]), so that a text which is missing in one of them does not compile.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::phrases::{ENGLISH, GERMAN, Pages, Phrases};

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
}

/// The text names no language that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mails are written in `en` or `de`")]
pub struct InvalidLanguage;

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of a locale such as `de-AT`, if mails are written in it.
    #[must_use]
    pub fn of_locale(locale: &str) -> Option<Self> {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|known| known.tag().eq_ignore_ascii_case(language))
    }

    /// What the pages behind the links in mails say in it.
    #[must_use]
    pub fn pages(self) -> &'static Pages {
        &self.phrases().pages
    }

    /// What is said in it.
    pub(super) fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }
}

impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, InvalidLanguage> {
        Self::ALL.into_iter().find(|known| known.tag() == text).ok_or(InvalidLanguage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_a_language_whatever_its_region() {
        for (locale, language) in [
            ("de", Some(Language::German)),
            ("de-AT", Some(Language::German)),
            ("DE-ch", Some(Language::German)),
            ("en-GB", Some(Language::English)),
            ("fr", None),
            ("deu", None),
            ("", None),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
        assert_eq!("de".parse(), Ok(Language::German));
        assert_eq!("de-AT".parse::<Language>(), Err(InvalidLanguage));
    }
}

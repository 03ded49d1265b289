//! Names in addresses: `geforce-rtx-4090`. A slug can never be taken for an id (which has an
//! underscore) nor, for a product, for one of the fixed paths beside it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use techtrove_core::encode_suffix;
use uuid::Uuid;

/// Lower-case ASCII letters and digits in groups joined by single hyphens, at most
/// [`Slug::MAX_LEN`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

/// The text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be lower-case letters and digits joined by single hyphens, at most {} characters, and not import, export or suggest",
    Slug::MAX_LEN
)]
pub struct InvalidSlug;

/// What stands in an address where a slug would.
const RESERVED: [&str; 3] = ["export", "import", "suggest"];

impl Slug {
    /// The longest slug, in bytes.
    pub const MAX_LEN: usize = 100;

    /// The longest beginning that is taken from a name, so that a tail fits behind it.
    const MAX_FROM_NAME: usize = 80;

    /// How many letters of an id make a slug unique.
    const TAIL: usize = 8;

    /// A slug from a name in any script; `fallback` when nothing of the name can be written.
    #[must_use]
    pub fn from_name(name: &str, fallback: &'static str) -> Self {
        let whole = slug::slugify(name);
        let mut cut = whole.as_str();
        if cut.len() > Self::MAX_FROM_NAME {
            cut = cut.get(..Self::MAX_FROM_NAME).unwrap_or_default();
            cut = cut.rsplit_once('-').map_or(cut, |(head, _)| head);
        }
        match cut {
            "" => Self(fallback.to_owned()),
            cut if RESERVED.contains(&cut) => Self(format!("{fallback}-{cut}")),
            cut => Self(cut.to_owned()),
        }
    }

    /// This slug made unique by the end of the id of what it names.
    #[must_use]
    pub fn with_tail(&self, id: Uuid) -> Self {
        let letters = encode_suffix(id);
        let tail = letters.get(letters.len().saturating_sub(Self::TAIL)..).unwrap_or_default();
        Self(format!("{}-{tail}", self.0))
    }

    /// The words of the slug as a person would write them: `video-card` is `Video card`.
    #[must_use]
    pub fn to_words(&self) -> String {
        let mut words = self.0.replace('-', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let fits = text.len() <= Self::MAX_LEN && text.split('-').all(word);
        if fits && !RESERVED.contains(&text) { Ok(Self(text.to_owned())) } else { Err(InvalidSlug) }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Slug {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for Slug {}

impl utoipa::PartialSchema for Slug {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
            .max_length(Some(Self::MAX_LEN))
            .examples(["geforce-rtx-4090"])
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_slugs_and_refuses_the_rest() {
        for text in ["a", "geforce-rtx-4090", "0", &"x".repeat(100)] {
            assert_eq!(text.parse::<Slug>().map(|slug| slug.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "A",
            "a b",
            "ä",
            "prod_01h455vb4pex5vsknk084sn02q",
            "import",
            "a/b",
            "..",
            &"x".repeat(101),
        ] {
            assert_eq!(text.parse::<Slug>(), Err(InvalidSlug), "{text}");
        }
    }

    #[test]
    fn a_name_in_any_script_gives_a_slug() {
        assert_eq!(
            Slug::from_name("GeForce RTX™ 4090 (24 GB)", "product").as_str(),
            "geforce-rtxtm-4090-24-gb"
        );
        assert_eq!(Slug::from_name("Größe", "product").as_str(), "grosse");
        assert_eq!(Slug::from_name("!!!", "product").as_str(), "product");
        assert_eq!(Slug::from_name("Import", "product").as_str(), "product-import");
    }

    #[test]
    fn a_slug_becomes_words() {
        let slug: Slug = "video-card".parse().expect("a slug");

        assert_eq!(slug.to_words(), "Video card");
    }
}

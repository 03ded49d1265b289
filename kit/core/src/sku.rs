//! Stock keeping units: the merchant's own name of one sellable variant. Compared byte by byte.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 1 to 64 printable ASCII letters, digits, `-`, `_`, `.`, beginning with a letter or digit, so that
/// it stands in a path, a file and a spreadsheet as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(Arc<str>);

/// The text is no SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a SKU has 1 to 64 ASCII letters, digits, '-', '_' or '.', and begins with a letter or digit"
)]
pub struct InvalidSku;

impl Sku {
    /// The longest SKU, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sku {
    type Err = InvalidSku;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if starts_well && text.len() <= Self::MAX_LEN && text.chars().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidSku)
        }
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Sku {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for Sku {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sku {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for Sku {}

impl utoipa::PartialSchema for Sku {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))
            .examples(["GPU-RTX4090-24G"])
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_fits_and_refuses_the_rest() {
        for text in ["A", "GPU-RTX4090_24.G", "0-1", &"x".repeat(64)] {
            assert_eq!(text.parse::<Sku>().map(|sku| sku.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "-A", "=1+1", "A B", "A/B", "Ä", "..", &"x".repeat(65)] {
            assert!(text.parse::<Sku>().is_err(), "{text}");
        }
    }
}

//! Electronic mail addresses as people type them (RFC 5321). Two that differ in case only are the
//! same; an address must never appear in a log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An address such as `ada@example.com`, kept as given, at most 254 bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl EmailAddress {
    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text by which addresses are compared and found.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let options = email_address::Options::default()
            .with_required_tld()
            .without_domain_literal()
            .without_display_text();
        let plain = text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if plain && email_address::EmailAddress::parse_with_options(text, options).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEmail)
        }
    }
}

impl fmt::Debug for EmailAddress {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for EmailAddress {}

impl utoipa::PartialSchema for EmailAddress {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
        crate::id::string_schema("e-mail address (RFC 5321)", "ada@example.com")
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
            .max_length(Some(254))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_addresses_and_refuses_the_rest() {
        for text in ["ada@example.com", "a.b+c@sub.example.org"] {
            assert_eq!(
                text.parse::<EmailAddress>().map(|a| a.as_str().to_owned()),
                Ok(text.into())
            );
        }
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@localhost",
            "a b@example.com",
            "ada@example.com\r\nBcc: x@example.com",
            "Ada <ada@example.com>",
        ] {
            assert_eq!(text.parse::<EmailAddress>(), Err(InvalidEmail), "{text}");
        }
    }

    #[test]
    fn does_not_show_itself_in_logs() {
        let address: EmailAddress = "ada@example.com".parse().expect("an address");

        assert!(!format!("{address:?}").contains("ada"));
    }
}

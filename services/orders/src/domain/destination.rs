//! What of an address decides what an order costs.

use std::fmt;

use serde::Deserialize;
use techtrove_core::FieldError;
use techtrove_identity_api::{Address, Country, wrong_text};
use utoipa::ToSchema;

/// Where an order goes, as far as its price depends on it.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Country (ISO 3166-1 alpha-2).
    pub country: Country,
    /// State, province or region.
    #[serde(default)]
    #[schema(max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(max_length = 20, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub postal_code: Option<String>,
}

impl Destination {
    /// What is wrong with it, each by its pointer below `pointer`.
    #[must_use]
    pub fn check(&self, pointer: &str) -> Vec<FieldError> {
        let texts = [("region", &self.region, 100), ("postal_code", &self.postal_code, 20)];
        let wrong = texts.into_iter().filter_map(|(field, text, most)| {
            let why = wrong_text(text.as_ref()?, most, false)?;
            Some(FieldError::new(format!("{pointer}/{field}"), why))
        });
        wrong.collect()
    }
}

impl fmt::Debug for Destination {
    /// A part of somebody's address stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination({}, …)", self.country)
    }
}

impl From<&Address> for Destination {
    fn from(address: &Address) -> Self {
        Self {
            country: address.country.clone(),
            region: address.region.clone(),
            postal_code: Some(address.postal_code.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_checked_by_its_pointers() {
        let destination = Destination {
            country: "DE".parse().expect("a country"),
            region: Some("a\nb".into()),
            postal_code: Some("x".repeat(21)),
        };

        let pointers: Vec<_> = destination.check("/to").into_iter().map(|e| e.pointer).collect();

        assert_eq!(pointers, ["/to/region", "/to/postal_code"]);
        assert!(!format!("{destination:?}").contains("xx"));
    }
}

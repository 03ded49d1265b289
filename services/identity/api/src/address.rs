//! Where goods and bills go. An address is kept as it was written, on one line each; it is personal
//! data and must never appear in a log or an event.

use serde::{Deserialize, Serialize};
use techtrove_core::FieldError;
use utoipa::ToSchema;

use crate::Country;

/// A postal address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The recipient.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub name: String,
    /// Their firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub company: Option<String>,
    /// Street and number.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub line1: String,
    /// Floor, building and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub line2: Option<String>,
    /// City or town.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub city: String,
    /// State, province or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub region: Option<String>,
    /// Postal code.
    #[schema(
        min_length = 1,
        max_length = 20,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub postal_code: String,
    /// Country (ISO 3166-1 alpha-2).
    pub country: Country,
    /// For the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 30, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pub phone: Option<String>,
}

impl std::fmt::Debug for Address {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Address {
    /// What is wrong with it, each by its pointer below `pointer`.
    #[must_use]
    pub fn check(&self, pointer: &str) -> Vec<FieldError> {
        let required = [
            ("name", &self.name, 100),
            ("line1", &self.line1, 200),
            ("city", &self.city, 100),
            ("postal_code", &self.postal_code, 20),
        ];
        let optional = [
            ("company", &self.company, 100),
            ("line2", &self.line2, 200),
            ("region", &self.region, 100),
            ("phone", &self.phone, 30),
        ];
        let required = required.iter().filter_map(|(field, text, most)| {
            wrong_text(text, *most, true).map(|why| (*field, why))
        });
        let optional = optional.iter().filter_map(|(field, text, most)| {
            let text = text.as_ref()?;
            wrong_text(text, *most, false).map(|why| (*field, why))
        });
        required
            .chain(optional)
            .map(|(field, why)| FieldError::new(format!("{pointer}/{field}"), why))
            .collect()
    }
}

/// Why `text` is not a line of an address, if it is not.
#[must_use]
pub fn wrong_text(text: &str, most: usize, required: bool) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("this is one line, without control characters".to_owned());
    }
    let length = text.chars().count();
    let empty = required && text.trim().is_empty();
    (empty || length > most).then(|| match required {
        true => format!("this has 1 to {most} characters"),
        false => format!("this has at most {most} characters"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            name: "Ada Lovelace".into(),
            company: None,
            line1: "12 St James's Square".into(),
            line2: None,
            city: "London".into(),
            region: None,
            postal_code: "SW1Y 4JH".into(),
            country: "GB".parse().expect("a country"),
            phone: None,
        }
    }

    fn pointers(address: &Address) -> Vec<String> {
        address.check("/shipping_address").into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn a_usual_address_passes() {
        assert_eq!(pointers(&address()), Vec::<String>::new());
    }

    #[test]
    fn each_wrong_line_is_pointed_at() {
        let wrong = Address {
            name: " ".into(),
            company: Some("x".repeat(101)),
            line1: "a\nb".into(),
            phone: Some("\u{7}".into()),
            ..address()
        };

        assert_eq!(
            pointers(&wrong),
            [
                "/shipping_address/name",
                "/shipping_address/line1",
                "/shipping_address/company",
                "/shipping_address/phone",
            ]
        );
    }

    #[test]
    fn does_not_show_itself_in_logs() {
        assert!(!format!("{:?}", address()).contains("Ada"));
    }
}

//! The addresses that a user keeps, and how they change. They are personal and must never appear in a log.

use techtrove_core::{Field, FieldError, Timestamp};
use techtrove_identity_api::{Address, AddressId, Country, UserId};

/// How many addresses a user keeps.
pub const MAX_ADDRESSES: i64 = 50;

/// An address that a user keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAddress {
    /// Which.
    pub id: AddressId,
    /// Whose.
    pub user_id: UserId,
    /// What it says.
    pub address: Address,
    /// How often it was changed, and one.
    pub version: i64,
    /// Since when it is kept.
    pub created_at: Timestamp,
}

/// What changes of an address.
#[derive(Clone, Default)]
pub struct AddressEdit {
    /// The recipient.
    pub name: Field<String>,
    /// Their firm.
    pub company: Field<String>,
    /// Street and number.
    pub line1: Field<String>,
    /// Floor, building and the like.
    pub line2: Field<String>,
    /// City or town.
    pub city: Field<String>,
    /// State, province or region.
    pub region: Field<String>,
    /// Postal code.
    pub postal_code: Field<String>,
    /// Country.
    pub country: Field<Country>,
    /// For the carrier.
    pub phone: Field<String>,
}

impl std::fmt::Debug for AddressEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressEdit(…)")
    }
}

impl AddressEdit {
    /// What `before` says from now on.
    ///
    /// # Errors
    /// What cannot be, each by its pointer.
    pub fn applied(self, before: Address) -> Result<Address, Vec<FieldError>> {
        let mut errors = Vec::new();
        let address = Address {
            name: required("/name", self.name, before.name, &mut errors),
            company: self.company.applied(before.company),
            line1: required("/line1", self.line1, before.line1, &mut errors),
            line2: self.line2.applied(before.line2),
            city: required("/city", self.city, before.city, &mut errors),
            region: self.region.applied(before.region),
            postal_code: required(
                "/postal_code",
                self.postal_code,
                before.postal_code,
                &mut errors,
            ),
            country: required("/country", self.country, before.country, &mut errors),
            phone: self.phone.applied(before.phone),
        };
        errors.extend(address.check(""));
        if errors.is_empty() { Ok(address) } else { Err(errors) }
    }
}

/// The value of a field that may be left out and may not be cleared.
fn required<T>(
    pointer: &'static str,
    field: Field<T>,
    before: T,
    errors: &mut Vec<FieldError>,
) -> T {
    let value = field.required().map_err(|why| errors.push(FieldError::new(pointer, why)));
    value.ok().flatten().unwrap_or(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            name: "Ada".into(),
            company: Some("Engines".into()),
            line1: "12 St James's Square".into(),
            line2: None,
            city: "London".into(),
            region: None,
            postal_code: "SW1Y 4JH".into(),
            country: "GB".parse().expect("a country"),
            phone: None,
        }
    }

    #[test]
    fn what_is_not_said_stays_and_null_clears() {
        let edit = AddressEdit {
            company: Field::Clear,
            city: Field::Set("York".into()),
            ..AddressEdit::default()
        };

        let after = edit.applied(address());

        assert_eq!(after, Ok(Address { company: None, city: "York".into(), ..address() }));
        assert_eq!(AddressEdit::default().applied(address()), Ok(address()));
    }

    #[test]
    fn what_cannot_be_is_pointed_at() {
        let edit = AddressEdit {
            country: Field::Clear,
            line1: Field::Set(" ".into()),
            phone: Field::Set("x".repeat(31)),
            ..AddressEdit::default()
        };

        let errors = edit.applied(address()).expect_err("refused");

        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/country", "/line1", "/phone"]);
    }
}

//! How many pieces somebody wants. Zero and absurd counts must never reach a rule.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A count of pieces, from 1 to [`Quantity::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Quantity(u32);

/// The number is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is a whole number from 1 to {max}", max = Quantity::MAX)]
pub struct InvalidQuantity;

impl Quantity {
    /// The largest quantity of one line.
    pub const MAX: u32 = 10_000;

    /// `count` pieces.
    ///
    /// # Errors
    /// When `count` is zero or above [`Self::MAX`].
    pub fn new(count: u32) -> Result<Self, InvalidQuantity> {
        if (1..=Self::MAX).contains(&count) { Ok(Self(count)) } else { Err(InvalidQuantity) }
    }

    /// The count.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The count as it is stored and multiplied.
    #[must_use]
    pub fn as_i64(self) -> i64 {
        i64::from(self.0)
    }

    /// Both together, when that is still a quantity.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0).ok()
    }
}

impl TryFrom<i64> for Quantity {
    type Error = InvalidQuantity;

    fn try_from(count: i64) -> Result<Self, Self::Error> {
        u32::try_from(count).map_err(|_| InvalidQuantity).and_then(Self::new)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = i64::deserialize(deserializer)?;
        Self::try_from(count).map_err(serde::de::Error::custom)
    }
}

impl utoipa::ToSchema for Quantity {}

impl utoipa::PartialSchema for Quantity {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(Self::MAX))
            .examples([1])
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_zero_negative_and_absurd_counts() {
        for count in [i64::MIN, -1, 0, i64::from(Quantity::MAX) + 1, i64::MAX] {
            assert_eq!(Quantity::try_from(count), Err(InvalidQuantity), "{count}");
        }
        assert_eq!(Quantity::try_from(1).map(Quantity::get), Ok(1));
    }
}

//! One field of a write that may leave it alone, clear it or set it: absent, `null` and a value in a
//! JSON Merge Patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// What a write says of one field. Needs `#[serde(default)]` where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// The field is absent: it stays as it is.
    #[default]
    Keep,
    /// The field is `null`: it has no value from now on.
    Clear,
    /// The field has a value from now on.
    Set(T),
}

impl<T> Field<T> {
    /// The field's value from now on, `before` being its value until now.
    pub fn applied(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same with a value that `check` has accepted.
    ///
    /// # Errors
    /// What `check` says of the value.
    pub fn try_map<U, E>(self, check: impl FnOnce(T) -> Result<U, E>) -> Result<Field<U>, E> {
        Ok(match self {
            Self::Keep => Field::Keep,
            Self::Clear => Field::Clear,
            Self::Set(value) => Field::Set(check(value)?),
        })
    }

    /// The value, for a field that may be left out and may not be cleared.
    ///
    /// # Errors
    /// When it is cleared.
    pub fn required(self) -> Result<Option<T>, &'static str> {
        match self {
            Self::Keep => Ok(None),
            Self::Clear => Err("cannot be null"),
            Self::Set(value) => Ok(Some(value)),
        }
    }
}

impl<T> From<Option<T>> for Field<T> {
    /// Nothing given leaves the field alone.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

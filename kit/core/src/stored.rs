//! How a value is kept at rest: as one of few plain kinds that every store knows. Which store that
//! is must never matter here; the database seam turns [`Stored`] into its engines' own types. A type
//! that wants to be stored as it is implements [`IntoStored`] for its reference, and [`FromStored`].

use std::borrow::Cow;

use uuid::Uuid;

use crate::{Currency, EmailAddress, Quantity, Sku, Timestamp, TypedId};

/// A value at rest, borrowed from its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored<'a> {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer of 64 bits.
    Int(i64),
    /// Unicode text.
    Text(&'a str),
    /// Plain bytes.
    Bytes(&'a [u8]),
    /// The 16 bytes of an id.
    Id(Uuid),
}

/// What is stored is not of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored is {found}, wanted is {wanted}")]
pub struct WrongKind {
    /// The kind that was asked for.
    pub wanted: Cow<'static, str>,
    /// The kind that was found; never the value itself, which may be personal.
    pub found: &'static str,
}

impl Stored<'_> {
    /// The name of this value's kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Id(_) => "an id",
        }
    }

    /// The refusal of this value where `wanted` was asked for.
    #[must_use]
    pub fn is_no(&self, wanted: impl Into<Cow<'static, str>>) -> WrongKind {
        WrongKind { wanted: wanted.into(), found: self.kind() }
    }
}

/// Turns a (reference to a) value into what is stored, without copying text or bytes.
pub trait IntoStored<'a> {
    /// What is stored.
    fn into_stored(self) -> Stored<'a>;
}

/// Reads a value back from what is stored.
pub trait FromStored: Sized {
    /// The value.
    ///
    /// # Errors
    /// When the stored value is of another kind or out of the type's range.
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind>;
}

impl<'a, T: ?Sized> IntoStored<'a> for &&'a T
where
    &'a T: IntoStored<'a>,
{
    fn into_stored(self) -> Stored<'a> {
        (*self).into_stored()
    }
}

impl<'a, 't, T> IntoStored<'a> for &'t Option<T>
where
    &'t T: IntoStored<'a>,
{
    fn into_stored(self) -> Stored<'a> {
        self.as_ref().map_or(Stored::Null, IntoStored::into_stored)
    }
}

impl<T: FromStored> FromStored for Option<T> {
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
        match stored {
            Stored::Null => Ok(None),
            stored => T::from_stored(stored).map(Some),
        }
    }
}

/// Values that are copied into what is stored.
macro_rules! copied {
    ($($kind:ty, $value:ident => $stored:expr;)*) => {$(
        impl<'a> IntoStored<'a> for &$kind {
            fn into_stored(self) -> Stored<'a> {
                let $value = *self;
                $stored
            }
        }
    )*};
}

copied! {
    bool, value => Stored::Bool(value);
    i64, value => Stored::Int(value);
    i32, value => Stored::Int(value.into());
    u32, value => Stored::Int(value.into());
    u16, value => Stored::Int(value.into());
    u8, value => Stored::Int(value.into());
    Uuid, value => Stored::Id(value);
    Timestamp, value => Stored::Int(value.as_micros());
    Quantity, value => Stored::Int(value.as_i64());
    Currency, value => Stored::Text(value.code());
}

/// Values that what is stored borrows from.
macro_rules! borrowed {
    ($($kind:ty, $value:ident => $stored:expr;)*) => {$(
        impl<'a> IntoStored<'a> for &'a $kind {
            fn into_stored(self) -> Stored<'a> {
                let $value = self;
                $stored
            }
        }
    )*};
}

borrowed! {
    str, value => Stored::Text(value);
    String, value => Stored::Text(value);
    Cow<'_, str>, value => Stored::Text(value);
    [u8], value => Stored::Bytes(value);
    Vec<u8>, value => Stored::Bytes(value);
    Sku, value => Stored::Text(value.as_str());
    EmailAddress, value => Stored::Text(value.as_str());
}

impl<'a, const N: usize> IntoStored<'a> for &'a [u8; N] {
    fn into_stored(self) -> Stored<'a> {
        Stored::Bytes(self)
    }
}

impl FromStored for bool {
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
        match stored {
            Stored::Bool(value) => Ok(value),
            Stored::Int(0) => Ok(false),
            Stored::Int(1) => Ok(true),
            other => Err(other.is_no("a boolean")),
        }
    }
}

impl FromStored for String {
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
        text(&stored).map(str::to_owned)
    }
}

impl FromStored for Vec<u8> {
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
        match stored {
            Stored::Bytes(bytes) => Ok(bytes.to_vec()),
            Stored::Id(id) => Ok(id.as_bytes().to_vec()),
            other => Err(other.is_no("bytes")),
        }
    }
}

impl<const N: usize> FromStored for [u8; N] {
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
        let wrong = || stored.is_no(format!("{N} bytes"));
        match stored {
            Stored::Bytes(bytes) => bytes.try_into().map_err(|_| wrong()),
            Stored::Id(id) => id.as_bytes().as_slice().try_into().map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl FromStored for Uuid {
    fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
        match stored {
            Stored::Id(id) => Ok(id),
            Stored::Bytes(bytes) => Self::from_slice(bytes).map_err(|_| stored.is_no("an id")),
            other => Err(other.is_no("an id")),
        }
    }
}

/// Values kept as integers.
macro_rules! integers {
    ($($kind:ty, $wanted:literal, $value:ident => $read:expr;)*) => {$(
        impl FromStored for $kind {
            fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
                match stored {
                    Stored::Int($value) => $read.ok_or_else(|| stored.is_no($wanted)),
                    other => Err(other.is_no($wanted)),
                }
            }
        }
    )*};
}

integers! {
    i64, "an integer", value => Some(value);
    i32, "an integer of 32 bits", value => Self::try_from(value).ok();
    u32, "an unsigned integer of 32 bits", value => Self::try_from(value).ok();
    u16, "an unsigned integer of 16 bits", value => Self::try_from(value).ok();
    u8, "an unsigned integer of 8 bits", value => Self::try_from(value).ok();
    Timestamp, "an instant", value => Some(Self::from_micros(value));
    Quantity, "a quantity", value => Self::try_from(value).ok();
}

/// Values kept as text.
macro_rules! texts {
    ($($kind:ty, $wanted:literal;)*) => {$(
        impl FromStored for $kind {
            fn from_stored(stored: Stored<'_>) -> Result<Self, WrongKind> {
                text(&stored)?.parse().map_err(|_| stored.is_no($wanted))
            }
        }
    )*};
}

texts! {
    Sku, "a SKU";
    Currency, "a currency";
    EmailAddress, "an e-mail address";
}

/// The text of what is stored. The same letters as bytes are none: SQLite keeps them beside text, sorts them
/// elsewhere and finds them by no text.
fn text<'a>(stored: &Stored<'a>) -> Result<&'a str, WrongKind> {
    match *stored {
        Stored::Text(text) => Ok(text),
        other => Err(other.is_no("text")),
    }
}

/// The typed id that is stored.
///
/// # Errors
/// When something else is stored.
#[doc(hidden)]
pub fn id_from_stored<T: TypedId>(stored: Stored<'_>) -> Result<T, WrongKind> {
    Uuid::from_stored(stored).map(T::from_uuid).map_err(|wrong| WrongKind {
        wanted: format!("an id of the form {}_…", T::PREFIX).into(),
        ..wrong
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::typed_id!(
        /// An id for these tests.
        ThingId, "thing"
    );

    #[test]
    fn values_come_back_as_they_went() {
        let id = ThingId::from_uuid(Uuid::from_u128(7));
        let sku: Sku = "GPU-1".parse().expect("a SKU");

        assert_eq!(ThingId::from_stored((&id).into_stored()), Ok(id));
        assert_eq!(Sku::from_stored((&sku).into_stored()), Ok(sku.clone()));
        assert_eq!(Option::<Sku>::from_stored((&Some(&sku)).into_stored()), Ok(Some(sku)));
        assert_eq!(Option::<i64>::from_stored((&None::<i64>).into_stored()), Ok(None));
        assert_eq!(i64::from_stored((&i64::MIN).into_stored()), Ok(i64::MIN));
        assert_eq!(bool::from_stored(Stored::Int(1)), Ok(true));
        assert_eq!(<[u8; 2]>::from_stored((&[1, 2]).into_stored()), Ok([1, 2]));
    }

    #[test]
    fn other_kinds_are_refused_without_telling_the_value() {
        let refusal = i64::from_stored(Stored::Text("secret")).expect_err("text is no integer");

        assert_eq!(refusal.to_string(), "stored is text, wanted is an integer");
        assert!(u32::from_stored(Stored::Int(-1)).is_err());
        assert!(String::from_stored(Stored::Null).is_err());
        assert!(ThingId::from_stored(Stored::Bytes(b"short")).is_err());
    }

    #[test]
    fn what_is_copied_outlives_its_temporary() {
        let stored = (&i64::from(3_u8)).into_stored();

        assert_eq!(stored, Stored::Int(3));
    }
}

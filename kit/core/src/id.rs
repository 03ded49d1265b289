//! Ids that say what they name: a UUIDv7 shown as a TypeID (`ord_01j…`, TypeID specification 0.3).
//! An id must never be mistaken for another kind's; declare a kind with [`crate::typed_id!`].

use uuid::Uuid;

/// What all typed ids can do.
pub trait TypedId: Copy + Send + Sync + 'static {
    /// The letters before the underscore.
    const PREFIX: &'static str;

    /// Wraps the id's 16 bytes.
    fn from_uuid(uuid: Uuid) -> Self;

    /// The id's 16 bytes, as stored.
    fn uuid(self) -> Uuid;
}

/// The text is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_…")]
pub struct InvalidId {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

/// Crockford's base 32 in lower case, as the TypeID specification orders it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The 26 letters of a TypeID behind its prefix.
#[must_use]
pub fn encode_suffix(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..26)
        .rev()
        .map(|place| {
            let digit = (bits >> (place * 5)) & 31;
            char::from(ALPHABET[usize::try_from(digit).expect("five bits fit")])
        })
        .collect()
}

/// The id behind the 26 letters of a TypeID, when they are such.
#[must_use]
pub fn decode_suffix(text: &str) -> Option<Uuid> {
    if text.len() != 26 || !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |bits, byte| {
            let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
            Some((bits << 5) | u128::try_from(digit).ok()?)
        })
        .map(Uuid::from_u128)
}

/// The OpenAPI schema of a value that travels as text, to be narrowed and built.
pub(crate) fn string_schema(
    description: &str,
    example: &str,
) -> utoipa::openapi::schema::ObjectBuilder {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .examples([example])
}

/// Declares an id type: `typed_id!(/// An order. OrderId, "ord");`.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::macro_support::uuid::Uuid);

        impl $crate::TypedId for $name {
            const PREFIX: &'static str = $prefix;

            fn from_uuid(uuid: $crate::macro_support::uuid::Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> $crate::macro_support::uuid::Uuid {
                self.0
            }
        }

        impl<'a> $crate::IntoStored<'a> for &$name {
            fn into_stored(self) -> $crate::Stored<'a> {
                $crate::Stored::Id(self.0)
            }
        }

        impl $crate::FromStored for $name {
            fn from_stored(stored: $crate::Stored<'_>) -> Result<Self, $crate::WrongKind> {
                $crate::id_from_stored(stored)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}_{}", $prefix, $crate::encode_suffix(self.0))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then($crate::decode_suffix)
                    .map(Self)
                    .ok_or($crate::InvalidId { prefix: $prefix })
            }
        }

        impl $crate::macro_support::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> Result<S::Ok, S::Error>
            where
                S: $crate::macro_support::serde::Serializer,
            {
                serializer.collect_str(self)
            }
        }

        impl<'de> $crate::macro_support::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: $crate::macro_support::serde::Deserializer<'de>,
            {
                let text = <String as $crate::macro_support::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err($crate::macro_support::serde::de::Error::custom)
            }
        }

        impl $crate::macro_support::utoipa::ToSchema for $name {}

        impl $crate::macro_support::utoipa::PartialSchema for $name {
            fn schema() -> $crate::macro_support::utoipa::openapi::RefOr<
                $crate::macro_support::utoipa::openapi::Schema,
            > {
                $crate::id_schema($prefix)
            }
        }
    };
}

/// The OpenAPI schema of a typed id.
#[doc(hidden)]
#[must_use]
pub fn id_schema(prefix: &str) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let example = format!("{prefix}_01kafy3m2se6rbq3tmn4y4bwqd");
    string_schema("TypeID: a UUIDv7 in Crockford's base 32 behind its kind", &example)
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    crate::typed_id!(
        /// An id for these tests.
        ThingId, "thing"
    );

    #[test]
    fn shows_the_specifications_example() {
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a UUID");

        assert_eq!(encode_suffix(uuid), "01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn refuses_other_kinds_and_broken_text() {
        for text in [
            "",
            "thing_",
            "ord_01h455vb4pex5vsknk084sn02q",
            "thing_01h455vb4pex5vsknk084sn02",
            "thing_81h455vb4pex5vsknk084sn02q",
            "thing_01h455vb4pex5vsknk084sn0uq",
            "THING_01h455vb4pex5vsknk084sn02q",
        ] {
            assert!(text.parse::<ThingId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_reads_back_as_itself(bits: u128) {
            let id = ThingId::from_uuid(Uuid::from_u128(bits));

            prop_assert_eq!(id.to_string().parse::<ThingId>(), Ok(id));
        }
    }
}

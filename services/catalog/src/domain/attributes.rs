//! Free-form attributes: what a thing is, in its category's own terms. One level deep, so that every
//! value can be shown, filtered and indexed; numbers have no unit (the category's definition has it).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::{
    RefOr, Schema,
    schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type},
};

use super::{invalid::Invalid, text};

/// Attributes by name, in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(Map<String, Value>);

impl Attributes {
    /// The most attributes of one product or variant.
    pub const MAX: usize = 100;

    /// The longest name, in characters.
    const MAX_NAME: usize = 100;

    /// The longest text, in characters.
    const MAX_TEXT: usize = 1_000;

    /// The longest list.
    const MAX_LIST: usize = 100;

    /// Attributes as somebody wrote them; `pointer` is where.
    ///
    /// # Errors
    /// Every name and value that is not allowed.
    pub fn checked(written: Map<String, Value>, pointer: &str) -> Result<Self, Invalid> {
        Self::default().merged(written, pointer, false)
    }

    /// These attributes with those of a JSON Merge Patch: `null` takes one away (RFC 7396).
    ///
    /// # Errors
    /// Every name and value that is not allowed.
    pub fn patched(&self, patch: Map<String, Value>, pointer: &str) -> Result<Self, Invalid> {
        self.clone().merged(patch, pointer, true)
    }

    fn merged(
        mut self,
        written: Map<String, Value>,
        pointer: &str,
        null_removes: bool,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        for (name, value) in written {
            let place = || format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            if value.is_null() && null_removes {
                self.0.shift_remove(&name);
            } else if text::line(&name, Self::MAX_NAME).is_ok_and(|line| line == name) {
                match check_value(&value) {
                    Ok(()) => drop(self.0.insert(name, value)),
                    Err(detail) => invalid.add(place(), detail),
                }
            } else {
                invalid.add(pointer, "an attribute's name has 1 to 100 characters, on one line, without blanks around it");
            }
        }
        if self.0.len() > Self::MAX {
            invalid.add(pointer, "at most 100 attributes are allowed");
        }
        invalid.finish().map(|()| self)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `name`, if there is one.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// What a value may be, in words.
const VALUES: &str = "must be a string, a number, a boolean, a list of these, or {min, max}";

fn check_value(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Array(list) if list.len() > Attributes::MAX_LIST => {
            Err("a list has at most 100 values")
        }
        Value::Array(list) => list.iter().try_for_each(check_scalar),
        Value::Object(range) => check_range(range),
        scalar => check_scalar(scalar),
    }
}

fn check_scalar(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Bool(_) | Value::Number(_) => Ok(()),
        // An empty text says less than no attribute, and is still what many feeds send.
        Value::String(text) if text.is_empty() => Ok(()),
        Value::String(text) => match text::line(text, Attributes::MAX_TEXT) {
            Ok(_) => Ok(()),
            Err(_) => {
                Err("a text has at most 1000 characters, on one line, without control characters")
            }
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(VALUES),
    }
}

fn check_range(range: &Map<String, Value>) -> Result<(), &'static str> {
    let bound = |name: &str| range.get(name).and_then(Value::as_f64);
    match (bound("min"), bound("max")) {
        (Some(min), Some(max)) if range.len() == 2 && min <= max => Ok(()),
        (Some(_), Some(_)) if range.len() == 2 => Err("min is above max"),
        _ => Err(VALUES),
    }
}

impl utoipa::ToSchema for Attributes {}

impl utoipa::PartialSchema for Attributes {
    fn schema() -> RefOr<Schema> {
        let description = "Values by name, at most 100; a value is a string, a number, a boolean, a list of these, or {min, max}";
        by_name(any_value(), description)
    }
}

/// Attributes as a patch of a product gives them.
pub(super) struct AttributesPatch;

impl utoipa::ToSchema for AttributesPatch {}

impl utoipa::PartialSchema for AttributesPatch {
    fn schema() -> RefOr<Schema> {
        let value = any_value().item(plain(Type::Null));
        by_name(value, "The attributes that change, by name; `null` removes one")
    }
}

fn plain(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

fn any_value() -> OneOfBuilder {
    let scalar = || {
        OneOfBuilder::new()
            .item(plain(Type::String).max_length(Some(Attributes::MAX_TEXT)))
            .item(plain(Type::Number))
            .item(plain(Type::Boolean))
    };
    let range = ObjectBuilder::new()
        .property("min", plain(Type::Number))
        .property("max", plain(Type::Number))
        .required("min")
        .required("max");
    let list = ArrayBuilder::new().items(scalar()).max_items(Some(Attributes::MAX_LIST));
    scalar().item(list).item(range)
}

fn by_name(value: OneOfBuilder, description: &str) -> RefOr<Schema> {
    let values = AdditionalProperties::RefOr(value.into());
    ObjectBuilder::new().description(Some(description)).additional_properties(Some(values)).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn keeps_every_kind_of_value_and_the_order() {
        let written = map(
            &json!({"z": "text", "a": 1.5, "b": true, "list": [1, "x", false], "rpm": {"min": 300, "max": 1500}}),
        );

        let attributes = Attributes::checked(written.clone(), "/attributes").expect("accepted");

        assert_eq!(serde_json::to_string(&attributes).ok(), serde_json::to_string(&written).ok());
    }

    #[test]
    fn refuses_what_is_deeper_or_broken() {
        for value in [
            json!(null),
            json!([[1]]),
            json!([null]),
            json!({"a": 1}),
            json!({}),
            json!({"min": 2, "max": 1}),
            json!({"min": 1, "max": 2, "unit": "V"}),
            json!("a\u{0}b"),
            json!({"min": "1", "max": "2"}),
            json!("x".repeat(1_001)),
            json!(vec![1; 101]),
        ] {
            let refused = Attributes::checked(map(&json!({"a/b": value})), "/attributes");

            let errors = refused.expect_err("refused").errors;
            assert_eq!(
                errors.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>(),
                ["/attributes/a~1b"],
                "{value}"
            );
        }
    }

    #[test]
    fn refuses_too_many_and_bad_names() {
        let many = |count| (0..count).map(|n| (format!("a{n}"), json!(n))).collect::<Map<_, _>>();

        assert!(Attributes::checked(many(100), "").is_ok());
        assert!(Attributes::checked(many(101), "").is_err());
        for name in ["", " a", "a\nb", &"x".repeat(101)] {
            assert!(Attributes::checked(map(&json!({ name: 1 })), "").is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_patch_merges_and_null_removes() {
        let before = Attributes::checked(map(&json!({"a": 1, "b": 2})), "").expect("accepted");

        let after = before.patched(map(&json!({"a": null, "c": 3})), "").expect("accepted");

        assert_eq!(
            after,
            Attributes::checked(map(&json!({"b": 2, "c": 3})), "").expect("accepted")
        );
    }
}

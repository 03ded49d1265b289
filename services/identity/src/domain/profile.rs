//! What users say of themselves, and how they change it. It is personal and must never appear in a log.

use std::collections::BTreeMap;

use serde_json::Value;
use techtrove_core::{Field, FieldError, language_tag};

/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

/// The longest phone number, in characters.
const MAX_PHONE: usize = 30;

/// How many preferences a user has, and how long their names and texts are.
const MAX_PREFERENCES: usize = 50;
const MAX_PREFERENCE_NAME: usize = 64;
const MAX_PREFERENCE_TEXT: usize = 200;

/// A user's own settings of their devices and pages: texts, numbers and booleans by name.
pub type Preferences = BTreeMap<String, Value>;

/// What a user says of themselves.
#[derive(Clone, Default, PartialEq)]
pub struct Profile {
    /// How to call them.
    pub name: String,
    /// How to call them in public.
    pub display_name: Option<String>,
    /// How to ring them up.
    pub phone: Option<String>,
    /// Their language and region (BCP 47).
    pub locale: Option<String>,
    /// What they prefer.
    pub preferences: Preferences,
}

/// What changes of a profile.
#[derive(Clone, Default)]
pub struct ProfileEdit {
    /// How to call them.
    pub name: Field<String>,
    /// How to call them in public.
    pub display_name: Field<String>,
    /// How to ring them up.
    pub phone: Field<String>,
    /// Their language and region (BCP 47).
    pub locale: Field<String>,
    /// The preferences that change; `null` removes one.
    pub preferences: Field<Preferences>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profile(…)")
    }
}

impl std::fmt::Debug for ProfileEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProfileEdit(…)")
    }
}

impl Profile {
    /// The profile from now on.
    ///
    /// # Errors
    /// What cannot be, each by its pointer.
    pub fn edited(&self, edit: ProfileEdit) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = edit.name.required().map_err(str::to_owned);
        let name = name.and_then(|name| name.map(|name| line(&name, MAX_NAME)).transpose());
        let name = taken("/name", name, &mut errors).flatten();
        let display_name = edit.display_name.try_map(|text| line(&text, MAX_NAME));
        let display_name = taken("/display_name", display_name, &mut errors);
        let phone = edit.phone.try_map(|text| line(&text, MAX_PHONE));
        let phone = taken("/phone", phone, &mut errors);
        let locale = edit.locale.try_map(|text| language_tag(&text));
        let locale = taken("/locale", locale, &mut errors);
        let preferences = merged(&self.preferences, edit.preferences);
        let preferences = taken("/preferences", preferences, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            name: name.unwrap_or_else(|| self.name.clone()),
            display_name: display_name.unwrap_or_default().applied(self.display_name.clone()),
            phone: phone.unwrap_or_default().applied(self.phone.clone()),
            locale: locale.unwrap_or_default().applied(self.locale.clone()),
            preferences: preferences.unwrap_or_default(),
        })
    }
}

/// The value, or why there is none among the `errors`.
fn taken<T>(
    pointer: &'static str,
    value: Result<T, String>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    value.map_err(|why| errors.push(FieldError::new(pointer, why))).ok()
}

/// The text on one line, without the blanks around it.
///
/// # Errors
/// Why it is none of 1 to `most` characters.
pub fn line(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if !(1..=most).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(format!("has 1 to {most} characters, on one line"));
    }
    Ok(text.to_owned())
}

/// The preferences after a merge (RFC 7396).
fn merged(before: &Preferences, change: Field<Preferences>) -> Result<Preferences, String> {
    let change = match change {
        Field::Keep => return Ok(before.clone()),
        Field::Clear => return Ok(Preferences::new()),
        Field::Set(change) => change,
    };
    let mut merged = before.clone();
    for (name, value) in change {
        check_preference(&name, &value)?;
        match value {
            Value::Null => merged.remove(&name),
            value => merged.insert(name, value),
        };
    }
    if merged.len() > MAX_PREFERENCES {
        return Err(format!("has at most {MAX_PREFERENCES} members"));
    }
    Ok(merged)
}

fn check_preference(name: &str, value: &Value) -> Result<(), String> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.' | b'-');
    if !(1..=MAX_PREFERENCE_NAME).contains(&name.len()) || !name.bytes().all(is_plain) {
        return Err(format!(
            "a name has 1 to {MAX_PREFERENCE_NAME} letters, digits, dots, dashes and underscores"
        ));
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) if text.chars().count() <= MAX_PREFERENCE_TEXT => Ok(()),
        Value::String(_) => Err(format!("a text has at most {MAX_PREFERENCE_TEXT} characters")),
        Value::Array(_) | Value::Object(_) => {
            Err("a value is a text, a number, true or false".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn preferences(value: Value) -> Preferences {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn what_is_not_said_stays_and_null_clears() {
        let before = Profile {
            name: "Ada".into(),
            phone: Some("+44 20 7946 0000".into()),
            locale: Some("en".into()),
            preferences: preferences(json!({"theme": "dark", "news": true})),
            ..Profile::default()
        };

        let edit = ProfileEdit {
            phone: Field::Clear,
            locale: Field::Set("en-GB".into()),
            preferences: Field::Set(preferences(json!({"news": null, "columns": 3}))),
            ..ProfileEdit::default()
        };
        let after = before.edited(edit).expect("accepted");

        assert_eq!(
            (after.name.as_str(), after.phone, after.locale.as_deref()),
            ("Ada", None, Some("en-GB"))
        );
        assert_eq!(after.preferences, preferences(json!({"theme": "dark", "columns": 3})));
        assert!(before.edited(ProfileEdit::default()).is_ok_and(|same| same == before));
    }

    #[test]
    fn what_cannot_be_is_pointed_at() {
        let edit = ProfileEdit {
            name: Field::Clear,
            display_name: Field::Set(" ".into()),
            phone: Field::Set("1\n2".into()),
            locale: Field::Set("en_GB".into()),
            preferences: Field::Set(preferences(json!({"deep": {"a": 1}}))),
        };

        let errors = Profile::default().edited(edit).expect_err("refused");

        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/display_name", "/phone", "/locale", "/preferences"]);
    }

    #[test]
    fn preferences_are_few_and_small() {
        let many: Preferences = (0..50).map(|number| (format!("p{number}"), json!(1))).collect();
        let with = |name: &str, value: Value| {
            merged(&many, Field::Set(Preferences::from([(name.to_owned(), value)])))
        };

        assert!(with("p1", json!(2)).is_ok());
        assert!(with("p50", json!(1)).is_err());
        assert!(with("p1", json!("x".repeat(201))).is_err());
        assert!(with("a/b", json!(null)).is_err());
        assert!(merged(&many, Field::Clear).is_ok_and(|none| none.is_empty()));
    }
}

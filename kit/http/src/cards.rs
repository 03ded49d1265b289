//! Keeps the numbers of payment cards out: a router says with [`CardFree`] which members of its bodies
//! people fill, and a card number anywhere in them is refused before anything is read from the body, so
//! that it comes into no answer, no log and no store.

use axum::{Extension, extract::Request};
use serde_json::{Number, Value};
use techtrove_core::{FieldError, Problem, codes, has_card_number};

use crate::pointer;

/// A body with fewer digits has no card number.
const FEWEST_DIGITS: usize = 13;

/// What of a router's JSON bodies must be free of card numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFree {
    /// Everything.
    Whole,
    /// These members of the body, with all that is below them, and the names of all.
    Members(&'static [&'static str]),
}

impl CardFree {
    /// The layer which makes it so for the routes of a router.
    pub const fn layer(self) -> Extension<Self> {
        Extension(self)
    }

    /// What the routes of `request` ask for.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        request.extensions().get().copied()
    }

    /// Checks `body`; what is no JSON is not for here to say.
    ///
    /// # Errors
    /// 422 with the pointer to the number, which is not repeated.
    pub(crate) fn check(self, body: &[u8]) -> Result<(), Problem> {
        if !may_have_one(body) {
            return Ok(());
        }
        let Ok(document) = serde_json::from_slice(body) else { return Ok(()) };
        self.found_in(&document).map_or(Ok(()), |pointer| Err(refused(pointer)))
    }

    fn found_in(self, document: &Value) -> Option<String> {
        match (self, document) {
            (Self::Members(names), Value::Object(members)) => {
                if members.keys().any(|name| has_card_number(name)) {
                    return Some(String::new());
                }
                let named =
                    |name: &&str| Some(pointer::below(name, &card_at(members.get(*name)?)?));
                names.iter().find_map(named)
            }
            _ => card_at(document),
        }
    }
}

/// Whether there are digits enough, or escapes and other scripts' digits behind which they can hide.
fn may_have_one(body: &[u8]) -> bool {
    body.contains(&b'\\')
        || !body.is_ascii()
        || body.iter().filter(|byte| byte.is_ascii_digit()).count() >= FEWEST_DIGITS
}

/// Where the first card number is; one in a member's name is where the member stands.
fn card_at(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => has_card_number(text).then(String::new),
        Value::Number(number) => has_card_number(&written(number)).then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| Some(pointer::below(&index.to_string(), &card_at(item)?))),
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            if has_card_number(key) {
                return Some(String::new());
            }
            Some(pointer::below(key, &card_at(member)?))
        }),
        Value::Null | Value::Bool(_) => None,
    }
}

/// The number as a person would write it: none with a power of ten.
fn written(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

fn refused(pointer: String) -> Problem {
    let detail = "this looks like the number of a payment card, which must not be sent here";
    let errors = vec![FieldError::new(pointer, detail)];
    Problem { errors, ..Problem::new(codes::CARD_DATA_REFUSED, detail) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOTES: CardFree = CardFree::Members(&["note", "address"]);

    fn pointer(guard: CardFree, body: &str) -> Option<String> {
        let problem = guard.check(body.as_bytes()).err()?;
        assert!(problem.is(codes::CARD_DATA_REFUSED));
        assert!(!format!("{problem:?}").contains("4242"), "{problem:?}");
        Some(problem.errors[0].pointer.clone())
    }

    #[test]
    fn a_number_is_pointed_at_and_not_repeated() {
        let card = "4242 4242 4242 4242";
        for (body, place) in [
            (json!({"note": card}), "/note"),
            (json!({"note": 4_242_424_242_424_242_u64}), "/note"),
            (json!({"note": 4_242_424_242_424_242.0_f64}), "/note"),
            (json!({"address": {"lines": ["x", card]}}), "/address/lines/1"),
            (json!({"address": {"a/b": card}}), "/address/a~1b"),
            (json!({"address": {card: 1}}), "/address"),
            (json!({card: 1}), ""),
            (json!(card), ""),
        ] {
            assert_eq!(pointer(NOTES, &body.to_string()).as_deref(), Some(place), "{body}");
        }
        let arabic = json!({"note": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"}).to_string();
        assert_eq!(pointer(NOTES, &arabic).as_deref(), Some("/note"));
        let escaped = r#"{"note":"\u0034242424242424242"}"#;
        assert_eq!(pointer(NOTES, escaped).as_deref(), Some("/note"));
    }

    #[test]
    fn what_people_do_not_fill_may_be_long() {
        let body = json!({"tracking_number": "4242424242424242", "note": "ring twice"}).to_string();

        assert_eq!(pointer(NOTES, &body), None);
        assert_eq!(pointer(CardFree::Whole, &body).as_deref(), Some("/tracking_number"));
        assert_eq!(pointer(CardFree::Whole, r#"{"note":"4242424242424242""#), None);
    }
}

//! The first look at a JSON body, before any type is filled from it: well formed, no key twice in an
//! object (RFC 8259 leaves open what that means), no U+0000 in a text (PostgreSQL's TEXT refuses it).
//! What passes here can only be wrong in its values.

use std::{borrow::Cow, cell::Cell, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use techtrove_core::{Problem, codes};

use crate::pointer;

/// Up to so many keys comparing each with each is faster than hashing.
const FEW_KEYS: usize = 16;

/// Checks `body`.
///
/// # Errors
/// 400 when it is not JSON or has a key twice, 422 when a text contains U+0000.
pub(crate) fn check(body: &[u8]) -> Result<(), Problem> {
    let found_nul = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    Look { found_nul: &found_nul }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| Problem::new(codes::MALFORMED_JSON, format!("not JSON: {error}")))?;
    if found_nul.get() { Err(nul_refused(body)) } else { Ok(()) }
}

fn nul_refused(body: &[u8]) -> Problem {
    let document = serde_json::from_slice(body).unwrap_or(Value::Null);
    let pointer = nul_at(&document).unwrap_or_default();
    Problem::invalid_field(pointer, "a text must not contain the character U+0000")
}

/// Where the first text with U+0000 is.
fn nul_at(value: &Value) -> Option<String> {
    let below = |token: &str, child: &Value| Some(pointer::below(token, &nul_at(child)?));
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| below(&index.to_string(), item))
        }
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            if key.contains('\0') { Some(String::new()) } else { below(key, member) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[derive(Clone, Copy)]
struct Look<'a> {
    found_nul: &'a Cell<bool>,
}

impl Look<'_> {
    fn text(self, text: &str) {
        if text.as_bytes().contains(&0) {
            self.found_nul.set(true);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(Key(key)) = members.next_key()? {
            self.text(&key);
            if !keys.insert(key) {
                return Err(de::Error::custom("an object has the same key twice"));
            }
            members.next_value_seed(self)?;
        }
        Ok(())
    }
}

/// The keys of one object.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// False when the key was there already.
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(key);
        }
        if self.few.contains(&key) {
            return false;
        }
        self.few.push(key);
        if self.few.len() > FEW_KEYS {
            self.many = self.few.drain(..).collect();
        }
        true
    }
}

/// A key, borrowed when it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(body: &[u8]) -> Problem {
        check(body).expect_err("must be refused")
    }

    #[test]
    fn malformed_bodies_are_400() {
        let too_deep = "[".repeat(100_000);
        for body in [
            &b""[..],
            b"{",
            b"nonsense",
            b"{\"a\":1}}",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":{\"b\":1,\"\\u0062\":2}}",
            b"\"\xff\"",
            b"{\"a\":1e999}",
            b"[1,]",
            b"NaN",
            too_deep.as_bytes(),
        ] {
            assert!(refusal(body).is(codes::MALFORMED_JSON), "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_nul_is_found_wherever_it_hides() {
        for (body, pointer) in [
            (r#"{"a":["x","\u0000"]}"#, "/a/1"),
            (r#"{"a/b":{"c":"x\u0000y"}}"#, "/a~1b/c"),
            (r#""\u0000""#, ""),
            (r#"{"a":{"\u0000":1}}"#, "/a"),
        ] {
            let problem = refusal(body.as_bytes());

            assert!(problem.is(codes::INVALID_REQUEST), "{body}");
            assert_eq!(problem.errors[0].pointer, pointer, "{body}");
        }
    }

    #[test]
    fn an_escaped_backslash_is_no_nul() {
        assert!(check(br#"{"a":"\\u0000"}"#).is_ok());
    }

    #[test]
    fn many_keys_are_compared_too() {
        let members: Vec<String> = (0..1_000).map(|n| format!("\"k{n}\":{n}")).collect();
        let good = format!("{{{}}}", members.join(","));
        let bad = format!("{{{},\"k500\":1}}", members.join(","));

        assert!(check(good.as_bytes()).is_ok());
        assert!(refusal(bad.as_bytes()).is(codes::MALFORMED_JSON));
    }

    proptest! {
        #[test]
        fn bytes_never_make_it_panic(body: Vec<u8>) {
            let _ = check(&body);
        }

        #[test]
        fn what_serde_json_writes_passes(text in "[^\\x00]{0,40}", number: i64) {
            let body = serde_json::to_vec(&serde_json::json!({"text": text, "list": [number, null]}));

            prop_assert!(check(&body.expect("serializable")).is_ok());
        }
    }
}

//! One form for every way to write the same JSON, so that a retry which orders its members otherwise
//! is still the same request.

use std::collections::BTreeMap;

use serde_json::Value;

/// `body` with members sorted and without white space; bytes that are no JSON stay as they are.
pub(super) fn canonical(body: &[u8]) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let mut text = Vec::with_capacity(body.len());
    write(&value, &mut text);
    text
}

fn write(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            list(text, *b"{}", sorted, |(key, member), text| {
                write_plain(&Value::String(key.clone()), text);
                text.push(b':');
                write(member, text);
            });
        }
        Value::Array(items) => list(text, *b"[]", items, write),
        plain => write_plain(plain, text),
    }
}

fn list<T>(
    text: &mut Vec<u8>,
    [open, close]: [u8; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        write(item, text);
    }
    text.push(close);
}

fn write_plain(value: &Value, text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a vector takes every plain value");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
            Just(Value::Null),
        ];
        plain.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The same value with the members of every object the other way round.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members.iter().rev();
                Value::Object(
                    members.map(|(key, member)| (key.clone(), reversed(member))).collect(),
                )
            }
            Value::Array(items) => items.iter().map(reversed).collect(),
            plain => plain.clone(),
        }
    }

    proptest! {
        #[test]
        fn the_order_of_members_and_white_space_do_not_matter(value in json()) {
            let pretty = serde_json::to_vec_pretty(&reversed(&value)).expect("serializable");
            let plain = serde_json::to_vec(&value).expect("serializable");

            prop_assert_eq!(canonical(&pretty), canonical(&plain));
        }

        #[test]
        fn different_values_stay_different(one in json(), other in json()) {
            let form = |value: &Value| canonical(&serde_json::to_vec(value).expect("serializable"));

            prop_assert_eq!(form(&one) == form(&other), one == other);
        }
    }
}

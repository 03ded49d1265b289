//! JSON Pointers (RFC 6901) to the value that is wrong.

use serde_path_to_error::{Path, Segment};

/// The pointer to `path`, and to `field` below it if one is missing there.
pub(crate) fn of(path: &Path, missing_field: Option<&str>) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => break,
        }
    }
    if let Some(field) = missing_field {
        push(&mut pointer, field);
    }
    pointer
}

/// The pointer to what `rest` leads to from the member or item `token`.
pub(crate) fn below(token: &str, rest: &str) -> String {
    let mut pointer = String::new();
    push(&mut pointer, token);
    pointer + rest
}

/// Adds one step, escaped.
pub(crate) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    for letter in token.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the keys are, the pointer leads serde_json's own implementation to the value.
        #[test]
        fn a_pointer_leads_to_the_wrong_value(key in "\\PC{0,8}", other in "\\PC{0,8}", before in 0_usize..4) {
            let mut list = vec![1; before];
            list.push(-1);
            let document = serde_json::json!({ &key: { &other: list } });

            let error = serde_path_to_error::deserialize::<_, BTreeMap<String, BTreeMap<String, Vec<u8>>>>(
                document.clone(),
            )
            .expect_err("-1 is no u8");
            let pointer = of(error.path(), None);

            prop_assert_eq!(document.pointer(&pointer), Some(&serde_json::json!(-1)));
        }
    }
}

//! What serde says of a value that it cannot take, put into words for the person who sent it: without
//! the names of our types, and saying what to write instead.

/// `said`, an error of serde, for a person. A text that is none of serde's stays as it is.
#[must_use]
pub fn readable(said: &str) -> String {
    missing(said)
        .or_else(|| duplicate(said))
        .or_else(|| unknown(said))
        .or_else(|| mistaken(said))
        .or_else(|| no_number(said))
        .or_else(|| {
            said.starts_with("data did not match any variant")
                .then(|| "has none of the accepted forms".to_owned())
        })
        .unwrap_or_else(|| said.to_owned())
}

fn missing(said: &str) -> Option<String> {
    let name = said.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(format!("the field {name:?} is missing"))
}

fn duplicate(said: &str) -> Option<String> {
    let name = said.strip_prefix("duplicate field `")?.strip_suffix('`')?;
    Some(format!("the field {name:?} stands here twice"))
}

fn unknown(said: &str) -> Option<String> {
    let (is_field, rest) = match said.strip_prefix("unknown field `") {
        Some(rest) => (true, rest),
        None => (false, said.strip_prefix("unknown variant `")?),
    };
    // The name is the sender's and may hold anything, so it is what stands before the last of our words.
    let (name, known) =
        rest.rsplit_once("`, expected ").or_else(|| rest.rsplit_once("`, there"))?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let known = known.join(", ");
    Some(match (is_field, known.is_empty()) {
        (true, true) => format!("there is no field {name:?} here"),
        (true, false) => format!("there is no field {name:?} here; known are {known}"),
        (false, _) => format!("{name:?} is none of {known}"),
    })
}

fn mistaken(said: &str) -> Option<String> {
    let rest = said
        .strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))
        .or_else(|| said.strip_prefix("invalid length "))?;
    let (given, expected) = rest.rsplit_once(", expected ")?;
    let expected = expected_form(expected);
    Some(match said.starts_with("invalid length") {
        true => format!("must be {expected}, not {given} long"),
        false => format!("must be {expected}, not {}", given_value(given)),
    })
}

/// What Rust's own parser of numbers says of a text.
fn no_number(said: &str) -> Option<String> {
    let words = match said {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number"
        }
        "number too large to fit in target type" => "is too large",
        "number too small to fit in target type" => "is too small",
        _ => return None,
    };
    Some(words.to_owned())
}

fn expected_form(expected: &str) -> &str {
    match expected {
        "a string" | "a borrowed string" | "string" => "a text",
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "a list",
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "string or map" => "one of the accepted values",
        _ if expected.starts_with("enum ") => "one of the accepted values",
        _ if expected.starts_with("tuple") => "a list",
        _ if ["struct ", "internally tagged enum ", "adjacently tagged enum "]
            .iter()
            .any(|kind| expected.starts_with(kind)) =>
        {
            "an object"
        }
        other => other,
    }
}

fn given_value(given: &str) -> &str {
    match given {
        "map" => "an object",
        "sequence" => "a list",
        "unit value" | "Option value" => "null",
        _ => ["integer `", "floating point `", "boolean `", "character `"]
            .iter()
            .find_map(|kind| given.strip_prefix(kind)?.strip_suffix('`'))
            .unwrap_or_else(|| given.strip_prefix("string ").unwrap_or(given)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Parcel {
        name: String,
        count: u32,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        inner: Vec<Parcel>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Small,
        Large,
    }

    fn said(json: &str) -> String {
        let error = serde_json::from_str::<Parcel>(json).expect_err("refused").to_string();
        readable(error.rsplit_once(" at line ").map_or(&*error, |(words, _)| words))
    }

    #[test]
    fn a_text_that_is_no_number_is_told_in_our_words() {
        for (text, told) in [
            ("x", "must be a whole number"),
            ("", "must be a whole number"),
            ("300", "is too large"),
            ("-300", "is too small"),
        ] {
            let error = text.parse::<i8>().expect_err("no such number");
            assert_eq!(readable(&error.to_string()), told, "{text}");
        }
    }

    #[test]
    fn a_person_understands_what_is_wrong() {
        for (json, words) in [
            (r#"{"name":"x"}"#, r#"the field "count" is missing"#),
            (r#"{"name":1,"count":1}"#, "must be a text, not 1"),
            (r#"{"name":null,"count":1}"#, "must be a text, not null"),
            (r#"{"name":"x","count":-1}"#, "must be a whole number that is not negative, not -1"),
            (
                r#"{"name":"x","count":"two, expected three"}"#,
                r#"must be a whole number that is not negative, not "two, expected three""#,
            ),
            (r#"{"name":"x","count":1,"name":"y"}"#, r#"the field "name" stands here twice"#),
            (
                r#"{"name":"x","count":1,"co`lour":1}"#,
                r#"there is no field "co`lour" here; known are name, count, kind, inner"#,
            ),
            (r#"{"name":"x","count":1,"kind":"huge"}"#, r#""huge" is none of small, large"#),
            (r#"{"name":"x","count":1,"inner":{}}"#, "must be a list, not an object"),
            (r#"{"name":"x","count":1,"inner":[7]}"#, "must be an object, not 7"),
        ] {
            assert_eq!(said(json), words, "{json}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(said in "(unknown field `|invalid type: |missing field `)?\\PC*(, expected \\PC*)?") {
            let _ = readable(&said);
        }
    }
}

//! The names of all settings, and the one that was meant when another was written.

use confique::meta::{FieldKind, Meta};

use super::PREFIX;

/// How many letters may differ between what was written and what was meant.
const NEAR: usize = 3;

/// The settings of one program.
pub(super) struct Names(Vec<Name>);

struct Name {
    key: String,
    variable: Option<&'static str>,
}

impl Names {
    pub(super) fn of(meta: &Meta) -> Self {
        let mut names = Vec::new();
        collect(meta, "", &mut names);
        Self(names)
    }

    /// The variable of the setting `key`.
    pub(super) fn variable(&self, key: &str) -> Option<&'static str> {
        self.0.iter().find(|name| name.key == key)?.variable
    }

    /// The first key of `table` that is no setting.
    pub(super) fn unknown_key(&self, table: &toml::Table) -> Option<String> {
        self.unknown_below(table, "")
    }

    fn unknown_below(&self, table: &toml::Table, prefix: &str) -> Option<String> {
        table.iter().find_map(|(key, value)| {
            let key = format!("{prefix}{key}");
            let below = format!("{key}.");
            if self.0.iter().any(|name| name.key == key) {
                return None;
            }
            match value {
                toml::Value::Table(inner) if self.0.iter().any(|n| n.key.starts_with(&below)) => {
                    self.unknown_below(inner, &below)
                }
                _ => Some(key),
            }
        })
    }

    /// The key that `written` is nearest to, if it is near at all.
    pub(super) fn similar_key(&self, written: &str) -> Option<String> {
        nearest(written, self.0.iter().map(|name| name.key.as_str())).map(str::to_owned)
    }

    /// A sentence about `variable` if it has our prefix, is none of ours, and is near to one.
    pub(super) fn doubt(&self, variable: &str) -> Option<String> {
        let known = || self.0.iter().filter_map(|name| name.variable);
        if !variable.starts_with(PREFIX) || known().any(|name| name == variable) {
            return None;
        }
        let meant = nearest(variable, known())?;
        Some(format!("{variable} is no setting and is ignored; did you mean {meant}?"))
    }
}

fn collect(meta: &Meta, prefix: &str, names: &mut Vec<Name>) {
    for field in meta.fields {
        let key = format!("{prefix}{}", field.name);
        match field.kind {
            FieldKind::Leaf { env, .. } => names.push(Name { key, variable: env }),
            FieldKind::Nested { meta } => collect(meta, &format!("{key}."), names),
        }
    }
}

fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let measured = names.map(|name| (distance(written, name), name));
    measured.min().filter(|(letters, _)| *letters <= NEAR).map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (number, letter) in a.chars().enumerate() {
        let mut diagonal = number;
        let mut left = number + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *cell;
            left = (left + 1).min(above + 1).min(diagonal + usize::from(letter != other));
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_variable_that_was_meant_is_found() {
        let names = Names(vec![
            Name { key: "listen".to_owned(), variable: Some("TECHTROVE_LISTEN") },
            Name { key: "log".to_owned(), variable: Some("TECHTROVE_LOG") },
        ]);

        let doubt = names.doubt("TECHTROVE_LISEN").expect("near");
        assert!(doubt.contains("did you mean TECHTROVE_LISTEN?"), "{doubt}");
        assert_eq!(names.doubt("TECHTROVE_LISTEN"), None);
        assert_eq!(names.doubt("TECHTROVE_SERVICE_HOST"), None);
        assert_eq!(names.doubt("LISTEN"), None);
    }

    proptest! {
        #[test]
        fn distance_is_a_metric(a in "[ab]{0,6}", b in "[ab]{0,6}", c in "[ab]{0,6}") {
            prop_assert_eq!(distance(&a, &a), 0);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        }
    }
}

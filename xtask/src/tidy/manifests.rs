//! What every manifest says in the same way: lints, edition and licence from the workspace, and
//! dependencies from the workspace's one table, so that a version stands in one place.

use toml::Value;

use super::{
    Violation,
    manifest::{self, Dependency, Manifest},
    plan::UNNAMED_DEPENDENCIES,
    tree::Tree,
};

/// Keys of `[package]` that the workspace decides.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// A crate says what it is and takes the rest from the workspace.
pub fn packages(tree: &Tree) -> Vec<Violation> {
    manifest::crates(tree).iter().flat_map(package).collect()
}

fn package(manifest: &Manifest<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut require = |holds: bool, key: &str, message: String| {
        if !holds {
            violations.push(Violation::at(manifest.path, manifest.line_of(key), message));
        }
    };
    let described = manifest.package().get("description").and_then(Value::as_str);
    require(
        described.is_some_and(|text| !text.trim().is_empty()),
        "description",
        "the crate has no description: say in [package] what it is".into(),
    );
    for key in INHERITED {
        let inherited = manifest.package().get(key).is_some_and(is_inherited);
        require(inherited, key, format!("write `{key}.workspace = true` in [package]"));
    }
    let lints = manifest.table.get("lints").is_some_and(is_inherited);
    require(
        lints,
        "lints",
        "write `[lints] workspace = true`: no crate has rules of its own".into(),
    );
    let expected = match manifest.folder.strip_prefix("services/") {
        Some(name) => Some(format!("techtrove-{}", name.replace('/', "-"))),
        None => manifest.folder.strip_prefix("kit/").map(|name| format!("techtrove-{name}")),
    };
    if let Some(expected) = expected {
        let fits = manifest.name() == expected;
        require(fits, "name", format!("the crate of this folder is called {expected}"));
    }
    violations
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// A dependency is a line of the table, no more, and the crate's code names it.
pub fn dependencies(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for manifest in manifest::crates(tree) {
        for dependency in manifest.dependencies() {
            let complaint = own_words(&dependency).or_else(|| unused(tree, &manifest, &dependency));
            if let Some(message) = complaint {
                violations.push(Violation::at(manifest.path, dependency.line, message));
            }
        }
    }
    violations
}

fn own_words(dependency: &Dependency<'_>) -> Option<String> {
    let name = dependency.name;
    if !is_inherited(dependency.value) {
        return Some(format!(
            "write `{name}.workspace = true`, its version stands in the root's table"
        ));
    }
    let more = dependency.value.as_table()?.keys().find(|key| *key != "workspace")?;
    Some(format!("{name} says `{more}` here: the root's table decides for all crates"))
}

fn unused(tree: &Tree, manifest: &Manifest<'_>, dependency: &Dependency<'_>) -> Option<String> {
    let excused = UNNAMED_DEPENDENCIES
        .iter()
        .any(|(folder, name, _)| *folder == manifest.folder && *name == dependency.name);
    let word = dependency.name.replace('-', "_");
    let folder = format!("{}/", manifest.folder);
    // A service's folder holds its face too, which is a crate of its own.
    let face = format!("{folder}api/");
    let mut sources =
        tree.below(&folder).filter(|(path, _)| path.ends_with(".rs") && !path.starts_with(&face));
    let used = sources.any(|(_, text)| text.contains(&word));
    (!used && !excused).then(|| {
        format!(
            "no source of this crate names {word}: remove the dependency, it only costs build time"
        )
    })
}

/// Every line of the workspace's table is some crate's dependency.
pub fn table(tree: &Tree) -> Vec<Violation> {
    let Some(workspace) = manifest::workspace(tree) else { return Vec::new() };
    let table = workspace.table.get("workspace").and_then(|table| table.get("dependencies"));
    let crates = manifest::crates(tree);
    let is_used = |name: &str| {
        crates.iter().flat_map(Manifest::dependencies).any(|dependency| dependency.name == name)
    };
    table
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
        .filter(|(name, value)| value.get("path").is_none() && !is_used(name))
        .map(|(name, _)| {
            let message = format!("no crate uses {name}: remove the line until one does");
            Violation::at(workspace.path, workspace.line_of(name), message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]
name = \"techtrove-core\"
description = \"Types\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
serde.workspace = true
";

    fn violations(rule: fn(&Tree) -> Vec<Violation>, manifest: &str) -> Vec<String> {
        let table = "[workspace.dependencies]\nserde = \"1\"\n";
        let tree = Tree::of(&[
            ("Cargo.toml", table),
            ("kit/core/Cargo.toml", manifest),
            ("kit/core/src/lib.rs", "use serde::Serialize;"),
        ]);
        rule(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_manifest_is_good() {
        for rule in [packages, dependencies, table] {
            assert!(violations(rule, GOOD).is_empty());
        }
    }

    #[test]
    fn packages_finds_what_is_missing_or_said_again() {
        for (from, to, found) in [
            ("description = \"Types\"\n", "", "kit/core/Cargo.toml: the crate has no description"),
            ("[lints]\nworkspace = true\n", "", "kit/core/Cargo.toml: write `[lints]"),
            (
                "edition.workspace = true",
                "edition = \"2021\"",
                "kit/core/Cargo.toml:5: write `edition",
            ),
            ("\"techtrove-core\"", "\"core\"", "kit/core/Cargo.toml:2: the crate of this folder"),
        ] {
            let violations = violations(packages, &GOOD.replace(from, to));

            assert_eq!(violations.len(), 1, "{violations:?}");
            assert!(violations[0].starts_with(found), "{violations:?}");
        }
    }

    #[test]
    fn dependencies_finds_versions_features_and_what_is_not_used() {
        for (planted, found) in [
            ("serde = \"1\"", "kit/core/Cargo.toml:14: write `serde.workspace"),
            (
                "serde = { workspace = true, features = [\"rc\"] }",
                "kit/core/Cargo.toml:14: serde says `features`",
            ),
            (
                "serde.workspace = true\n[dev-dependencies]\ntokio.workspace = true",
                "kit/core/Cargo.toml:16: no source",
            ),
        ] {
            let violations =
                violations(dependencies, &GOOD.replace("serde.workspace = true", planted));

            assert_eq!(violations.len(), 1, "{violations:?}");
            assert!(violations[0].starts_with(found), "{violations:?}");
        }
    }

    #[test]
    fn table_finds_a_line_that_nobody_uses() {
        let violations = violations(table, &GOOD.replace("serde.workspace = true\n", ""));

        assert_eq!(
            violations,
            ["Cargo.toml:2: no crate uses serde: remove the line until one does"]
        );
    }
}

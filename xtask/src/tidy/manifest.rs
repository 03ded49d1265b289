//! The manifests of the tree's crates, as far as the rules ask. A manifest that cannot be read counts
//! as empty here: cargo itself says what is wrong with it.

use toml::{Table, Value};

use super::tree::Tree;

/// One crate's `Cargo.toml`.
#[derive(Debug)]
pub struct Manifest<'a> {
    /// Where it is.
    pub path: &'a str,
    /// The crate's folder, without `/` at its end; empty for the workspace itself.
    pub folder: &'a str,
    text: &'a str,
    /// What it says.
    pub table: Table,
}

/// A dependency of a crate.
#[derive(Debug)]
pub struct Dependency<'m> {
    /// The name it goes by.
    pub name: &'m str,
    /// What the manifest says of it.
    pub value: &'m Value,
    /// Only tests, examples and benchmarks need it.
    pub for_tests: bool,
    /// The line it stands on.
    pub line: usize,
}

/// Every crate's manifest, the workspace's own not among them.
pub fn crates(tree: &Tree) -> Vec<Manifest<'_>> {
    let manifests = tree.files().filter_map(|(path, text)| Manifest::new(path, text));
    manifests.filter(|manifest| !manifest.folder.is_empty()).collect()
}

/// The workspace's manifest.
pub fn workspace(tree: &Tree) -> Option<Manifest<'_>> {
    tree.files()
        .find(|(path, _)| *path == "Cargo.toml")
        .and_then(|(path, text)| Manifest::new(path, text))
}

impl<'a> Manifest<'a> {
    fn new(path: &'a str, text: &'a str) -> Option<Self> {
        let folder = path.strip_suffix("Cargo.toml")?.trim_end_matches('/');
        Some(Self { path, folder, text, table: text.parse().unwrap_or_default() })
    }

    /// The crate's name; empty when it has none.
    pub fn name(&self) -> &str {
        self.package().get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The `[package]` table.
    pub fn package(&self) -> &Table {
        static EMPTY: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
        self.table.get("package").and_then(Value::as_table).unwrap_or(&EMPTY)
    }

    /// The service the crate belongs to, as itself or as its face.
    pub fn service(&self) -> Option<&'a str> {
        let name = self.folder.strip_prefix("services/")?;
        Some(name.strip_suffix("/api").unwrap_or(name))
    }

    /// All dependencies, of every kind and target.
    pub fn dependencies(&self) -> Vec<Dependency<'_>> {
        let targets = self.table.get("target").and_then(Value::as_table);
        let tables =
            targets.into_iter().flat_map(|targets| targets.values()).filter_map(Value::as_table);
        std::iter::once(&self.table)
            .chain(tables)
            .flat_map(|table| {
                ["dependencies", "dev-dependencies", "build-dependencies"]
                    .into_iter()
                    .filter_map(|kind| Some((kind, table.get(kind)?.as_table()?)))
            })
            .flat_map(|(kind, table)| table.iter().map(move |(name, value)| (kind, name, value)))
            .map(|(kind, name, value)| Dependency {
                name,
                value,
                for_tests: kind == "dev-dependencies",
                line: self.line_of(name),
            })
            .collect()
    }

    /// The first line (from 1) that begins with `key`; 0 when there is none.
    pub fn line_of(&self, key: &str) -> usize {
        let begins = |line: &str| {
            line.trim_start()
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
        };
        self.text.lines().position(begins).map_or(0, |index| index + 1)
    }
}

//! The files of the repository, read once, so that every rule is a function of them and a test can
//! plant a violation without touching a disk. What is built, fetched or run is not read.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;

/// Folders that hold no source: of git, of cargo, of servers and shops that ran here.
const SKIPPED: [&str; 5] = [".git", ".servers", "target", "techtrove-data", "node_modules"];

/// Files with text, by their path from the root with `/`.
#[derive(Debug, Default)]
pub struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads everything below `root` that is text.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.load_folder(root, "")?;
        Ok(tree)
    }

    fn load_folder(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder);
        for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let (path, key) = (entry.path(), format!("{prefix}{name}"));
            let kind = entry.file_type().with_context(|| format!("cannot look at {key}"))?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                self.load_folder(&path, &format!("{key}/"))?;
            } else if kind.is_file() && !key.ends_with(".ndjson") {
                let bytes = fs::read(&path).with_context(|| format!("cannot read {key}"))?;
                self.0.insert(key, String::from_utf8(bytes).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Path and text of every file, by path; text is empty where it is none.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files below `folder`, which ends in `/`.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        let after = self.0.range(folder.to_owned()..);
        after
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .take_while(move |(path, _)| path.starts_with(folder))
    }

    /// Whether `path` is a file, or, when it ends in `/`, a folder with a file in it.
    pub fn contains(&self, path: &str) -> bool {
        if path.ends_with('/') {
            self.below(path).next().is_some()
        } else {
            self.0.contains_key(path)
        }
    }

    /// The folders of the services, by name.
    pub fn services(&self) -> Vec<&str> {
        let manifests = self.below("services/").map(|(path, _)| path);
        let of_service =
            |path: &'_ str| path.split('/').count() == 3 && path.ends_with("/Cargo.toml");
        manifests
            .filter(|path| of_service(path))
            .filter_map(|path| path.split('/').nth(1))
            .collect()
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_folders_and_services() {
        let tree = Tree::of(&[
            ("services/a/Cargo.toml", ""),
            ("services/a/api/Cargo.toml", ""),
            ("services/ab/src/lib.rs", ""),
        ]);

        assert_eq!(tree.services(), ["a"]);
        assert!(tree.contains("services/a/api/"));
        assert!(!tree.contains("services/b/"));
        assert_eq!(tree.below("services/a/").count(), 2);
    }

    #[test]
    fn reads_what_is_source_and_skips_what_is_built() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(folder.path().join("target/debug")).expect("a folder");
        fs::create_dir_all(folder.path().join("a/src")).expect("a folder");
        fs::write(folder.path().join("target/debug/x.rs"), "").expect("a file");
        fs::write(folder.path().join("a/src/lib.rs"), "mod b;").expect("a file");

        let tree = Tree::load(folder.path()).expect("readable");

        assert_eq!(tree.files().collect::<Vec<_>>(), [("a/src/lib.rs", "mod b;")]);
    }
}

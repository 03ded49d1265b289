//! `cargo xtask tidy`: the rules of the architecture as checks, run as tests too (`cargo test -p
//! xtask`). A rule is a function from the tree to what breaks it, says in one sentence what to do
//! instead, and must never change a file. What the rules know of this project is in `plan`; the rules
//! themselves are in `rooms` (who may know whom), `manifests`, `floor_plan` and `sources`.

mod floor_plan;
mod lexer;
mod manifest;
mod manifests;
mod plan;
mod rooms;
mod sources;
mod tree;

use std::{fmt, path::Path};

use anyhow::bail;

use self::tree::Tree;

/// Check the rules of the architecture
///
/// Reads the tree and names every place that breaks a rule, with the rule and what to do instead.
/// It changes nothing, needs no network and no build of the rest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask tidy           names every violation and fails if there is one
  cargo xtask tidy --rules   lists the rules")]
pub struct Arguments {
    /// List the rules instead of checking them
    #[arg(long)]
    rules: bool,
}

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// From the root of the tree, with `/`.
    pub path: String,
    /// From 1; 0 for the file or folder as a whole.
    pub line: usize,
    /// What is wrong and what to do instead.
    pub message: String,
}

impl Violation {
    /// At `line` of `path`.
    pub fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// A rule: its name, what it says, and the check.
struct Rule {
    name: &'static str,
    says: &'static str,
    check: fn(&Tree) -> Vec<Violation>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "faces",
        says: "only the program and the simulation name a service's crate; others know its -api",
        check: rooms::faces,
    },
    Rule {
        name: "calls",
        says: "the synchronous calls between services form the DAG of the architecture",
        check: rooms::calls,
    },
    Rule {
        name: "kit",
        says: "the kit knows nothing of shops, and its core nothing of runtimes and servers",
        check: rooms::kit,
    },
    Rule {
        name: "drivers",
        says: "database drivers appear only in kit/db, broker clients only in kit/bus",
        check: rooms::drivers,
    },
    Rule {
        name: "manifests",
        says: "a crate says what it is, and takes lints, edition and licence from the workspace",
        check: manifests::packages,
    },
    Rule {
        name: "one-table",
        says: "a dependency comes from the workspace's table, adds nothing to it, and is used",
        check: manifests::dependencies,
    },
    Rule {
        name: "no-dead-lines",
        says: "every line of the workspace's table is used by some crate",
        check: manifests::table,
    },
    Rule {
        name: "floor-plan",
        says: "every service has the same rooms",
        check: floor_plan::services,
    },
    Rule {
        name: "migrations",
        says: "migrations are numbered without gaps and are the same for every database",
        check: floor_plan::migrations,
    },
    Rule {
        name: "test-programs",
        says: "every file of tests is part of its program",
        check: floor_plan::test_programs,
    },
    Rule {
        name: "domain",
        says: "a service's domain is plain functions and types: no async, no I/O",
        check: sources::domain,
    },
    Rule {
        name: "store",
        says: "a service's store is synchronous: nothing in a transaction can be awaited",
        check: sources::store,
    },
    Rule {
        name: "waivers",
        says: "a lint is switched off with its reason only",
        check: sources::waivers,
    },
    Rule { name: "length", says: "a source file stays under 500 lines", check: sources::length },
    Rule {
        name: "introduced",
        says: "a source file begins with a paragraph that says what it is",
        check: sources::introduced,
    },
    Rule {
        name: "finished",
        says: "what is there is finished: no notes of work left, no ignored tests",
        check: sources::finished,
    },
    Rule {
        name: "anywhere",
        says: "no file names a folder of somebody's machine",
        check: sources::anywhere,
    },
];

/// Checks the tree this program was built from.
///
/// # Errors
/// When a rule is broken, or the tree cannot be read.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.rules {
        for rule in RULES {
            println!("{:<14} {}", rule.name, rule.says);
        }
        return Ok(());
    }
    let tree = Tree::load(&root())?;
    let report = report(&tree);
    if report.is_empty() {
        println!("tidy: {} files keep {} rules", tree.len(), RULES.len());
        return Ok(());
    }
    for line in &report {
        eprintln!("{line}");
    }
    bail!("{} places break a rule (cargo xtask tidy --rules lists the rules)", report.len())
}

/// The folder of the workspace.
pub fn root() -> std::path::PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the crate lies in a folder of the workspace").to_owned()
}

/// One line per violation, with the rule's name.
fn report(tree: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in RULES {
        let mut violations = (rule.check)(tree);
        violations.sort();
        lines.extend(violations.iter().map(|violation| format!("{violation} [{}]", rule.name)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let tree = Tree::load(&root()).expect("the tree is readable");

        let report = report(&tree);

        assert!(report.is_empty(), "\n{}\n", report.join("\n"));
    }

    #[test]
    fn rules_have_names_of_their_own() {
        let mut names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), RULES.len());
    }
}

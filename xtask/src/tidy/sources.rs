//! What holds inside source files: what a domain and a store must do without, that a lint is switched
//! off with its reason, that a file is short, introduced and finished, and names nobody's machine.

use super::{
    Violation,
    lexer::{code, lines_with_word},
    plan::MAX_LINES,
    tree::Tree,
};

/// Words of asynchronous code.
const ASYNCHRONOUS: [&str; 4] = ["async", "await", "tokio", "futures"];

/// Words by which code would reach out of a domain.
const OUTSIDE: [&str; 8] =
    ["techtrove_db", "techtrove_http", "techtrove_bus", "axum", "reqwest", "fs", "net", "process"];

/// Notes of work left, put together here so that this file has none.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Macros and attributes of unfinished code and tests.
const UNFINISHED: [&str; 3] =
    [concat!("to", "do!"), concat!("un", "implemented!"), concat!("#[ig", "nore")];

/// Folders of somebody's machine.
const MACHINES: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// The Rust files of the services' rooms of this name.
fn in_room<'t>(tree: &'t Tree, room: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    tree.below("services/").filter(move |(path, _)| {
        let mut parts = path.split('/').skip(2);
        path.ends_with(".rs")
            && parts.next() == Some("src")
            && parts.next().is_some_and(|part| part.trim_end_matches(".rs") == room)
    })
}

fn words(path: &str, text: &str, words: &[&str], why: &str) -> Vec<Violation> {
    let code = code(text);
    let found = words.iter().flat_map(|word| {
        lines_with_word(&code, word).into_iter().map(move |line| {
            Violation::at(path, line, format!("`{word}` has no place here: {why}"))
        })
    });
    found.collect()
}

/// A domain decides; it neither waits nor reaches out.
pub fn domain(tree: &Tree) -> Vec<Violation> {
    let forbidden = [&ASYNCHRONOUS[..], &OUTSIDE[..]].concat();
    let why = "a domain is plain functions and types; wait and reach out in app/ or store/";
    in_room(tree, "domain").flat_map(|(path, text)| words(path, text, &forbidden, why)).collect()
}

/// A store's functions run on a database thread.
pub fn store(tree: &Tree) -> Vec<Violation> {
    let why = "a store's functions run on a database thread, inside a transaction; wait in app/";
    in_room(tree, "store").flat_map(|(path, text)| words(path, text, &ASYNCHRONOUS, why)).collect()
}

/// `allow` and `expect` say why.
pub fn waivers(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".rs")) {
        let code = code(text);
        for opening in ["[allow(", "[expect("] {
            for (start, _) in code.match_indices(opening) {
                let attribute = code[start..].split(']').next().unwrap_or_default();
                if !attribute.contains("reason") {
                    let line = code[..start].matches('\n').count() + 1;
                    let message = "a lint is switched off without its reason: \
                                   write #[expect(lint, reason = \"…\")], or mend the code";
                    violations.push(Violation::at(path, line, message));
                }
            }
        }
    }
    violations
}

/// Source files are short.
pub fn length(tree: &Tree) -> Vec<Violation> {
    tree.files()
        .filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".sql"))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines >= MAX_LINES)
        .map(|(path, lines)| {
            let message =
                format!("has {lines} lines: split it by what it knows, under {MAX_LINES}");
            Violation::at(path, 0, message)
        })
        .collect()
}

/// Source files say first what they are; a file of tests speaks through their names.
pub fn introduced(tree: &Tree) -> Vec<Violation> {
    tree.files()
        .filter(|(path, _)| path.ends_with(".rs") && path.contains("src/"))
        .filter(|(path, _)| !path.ends_with("/tests.rs") && !path.contains("/tests/"))
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| {
            let message = "begins without `//!`: say in a paragraph what it is, what it must never \
                           do, and where to look next";
            Violation::at(path, 1, message)
        })
        .collect()
}

/// Whether a person wrote the file, and not a program.
fn is_written(path: &str) -> bool {
    !path.ends_with(".lock") && !path.ends_with(".snap") && !path.ends_with(".json")
}

/// Nothing is left for later.
pub fn finished(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| is_written(path)) {
        for note in NOTES {
            for line in lines_with_word(text, note) {
                let message = format!("{note}: finish it, or leave it out and open an issue");
                violations.push(Violation::at(path, line, message));
            }
        }
        for (index, line) in code_of(path, text).lines().enumerate() {
            for unfinished in UNFINISHED.iter().filter(|unfinished| line.contains(**unfinished)) {
                let message =
                    format!("`{unfinished}`: what is there is finished, and every test runs");
                violations.push(Violation::at(path, index + 1, message));
            }
        }
    }
    violations
}

fn code_of(path: &str, text: &str) -> String {
    if path.ends_with(".rs") { code(text) } else { String::new() }
}

/// Paths of the repository are relative, whoever's machine it lies on.
pub fn anywhere(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| is_written(path)) {
        for (index, line) in text.lines().enumerate() {
            if let Some(machine) = MACHINES.iter().find(|machine| names_folder(line, machine)) {
                let message =
                    format!("names {machine}, a folder of somebody's machine: use a relative path");
                violations.push(Violation::at(path, index + 1, message));
            }
        }
    }
    violations
}

/// Whether `line` has `folder` as the beginning of a path, and not inside a URL or a longer path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        !line[..start]
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(rule: fn(&Tree) -> Vec<Violation>, path: &str, text: &str) -> Vec<usize> {
        rule(&Tree::of(&[(path, text)])).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn domain_finds_waiting_and_reaching_out() {
        let path = "services/orders/src/domain/totals.rs";

        assert_eq!(violations(domain, path, "//! Async in prose.\npub async fn f() {}"), [2]);
        assert_eq!(violations(domain, path, "use techtrove_db::Tx;"), [1]);
        assert_eq!(violations(domain, path, "use std::fs;"), [1]);
        assert_eq!(violations(domain, "services/orders/src/domain.rs", "use tokio::x;"), [1]);
        assert!(violations(domain, path, "// async\nfn f() { g(\"await\") }").is_empty());
        assert!(
            violations(domain, "services/orders/src/app/place_order.rs", "async fn f() {}")
                .is_empty()
        );
    }

    #[test]
    fn store_finds_waiting_but_may_use_the_database() {
        let path = "services/orders/src/store/mod.rs";

        assert_eq!(violations(store, path, "fn f() {}\nasync fn g() {}"), [2]);
        assert!(violations(store, path, "use techtrove_db::Tx;").is_empty());
    }

    #[test]
    fn waivers_finds_a_lint_switched_off_without_a_reason() {
        let silent = "#[allow(\n    clippy::disallowed_methods\n)]\nfn f() {}";
        let explained =
            "#[expect(clippy::disallowed_methods, reason = \"the one clock\")]\nfn f() {}";

        assert_eq!(violations(waivers, "kit/core/src/clock.rs", silent), [1]);
        assert_eq!(violations(waivers, "kit/core/src/clock.rs", "#![allow(missing_docs)]"), [1]);
        assert!(violations(waivers, "kit/core/src/clock.rs", explained).is_empty());
    }

    #[test]
    fn length_finds_a_long_file() {
        assert_eq!(violations(length, "a/src/lib.rs", &"\n".repeat(MAX_LINES)), [0]);
        assert_eq!(violations(length, "a/migrations/x.sql", &"\n".repeat(MAX_LINES)), [0]);
        assert!(violations(length, "a/src/lib.rs", &"\n".repeat(MAX_LINES - 1)).is_empty());
        assert!(violations(length, "README.md", &"\n".repeat(MAX_LINES)).is_empty());
    }

    #[test]
    fn introduced_finds_a_file_that_starts_at_once() {
        assert_eq!(violations(introduced, "a/src/lib.rs", "mod x;"), [1]);
        assert!(violations(introduced, "a/src/lib.rs", "//! What it is.\nmod x;").is_empty());
        assert!(violations(introduced, "a/src/x/tests.rs", "use super::*;").is_empty());
    }

    #[test]
    fn finished_finds_notes_and_ignored_tests() {
        for planted in NOTES.into_iter().chain(UNFINISHED) {
            assert_eq!(
                violations(finished, "a/src/lib.rs", &format!("fn f() {{}}\n{planted}()")),
                [2]
            );
        }
        assert_eq!(violations(finished, "README.md", &format!("- {}: more", NOTES[0])), [1]);
        assert!(violations(finished, "a/src/lib.rs", "fn f() { mastodon!() }").is_empty());
    }

    #[test]
    fn anywhere_finds_a_folder_of_somebodys_machine() {
        for machine in MACHINES {
            assert_eq!(violations(anywhere, "README.md", &format!("\ncd {machine}techtrove")), [2]);
            assert!(
                violations(anywhere, "README.md", &format!("https://a.example{machine}"))
                    .is_empty()
            );
        }
    }
}

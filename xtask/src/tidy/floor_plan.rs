//! Every service has the same rooms, so that whoever knows one knows all; and its migrations are the
//! same for every database; and no file of tests lies beside its program without being part of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Violation, manifest,
    plan::{DATABASES, EVENTS, FLOOR_PLAN, FLOOR_PLAN_EXEMPTIONS},
    tree::Tree,
};

/// Every service has the rooms of the floor plan.
pub fn services(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for service in tree.services() {
        let events = knows_the_bus(tree, service).then_some(EVENTS.1);
        for room in FLOOR_PLAN.into_iter().chain(events) {
            let path = format!("services/{service}/{room}");
            let excused =
                FLOOR_PLAN_EXEMPTIONS.iter().any(|(who, what, _)| (*who, *what) == (service, room));
            if !excused && !tree.contains(&path) {
                let message = "is missing: every service has the same floor plan (ARCHITECTURE.md)";
                violations.push(Violation::at(&path, 0, message));
            }
        }
    }
    violations
}

fn knows_the_bus(tree: &Tree, service: &str) -> bool {
    let folder = format!("services/{service}");
    manifest::crates(tree).iter().filter(|manifest| manifest.folder == folder).any(|manifest| {
        manifest.dependencies().iter().any(|dependency| dependency.name == EVENTS.0)
    })
}

/// Names of the migrations by folder of migrations and database.
fn migration_folders(tree: &Tree) -> BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> {
    let mut folders: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (path, _) in tree.files() {
        let Some((folder, rest)) = path.split_once("/migrations/") else { continue };
        if let Some((database, name)) = rest.split_once('/') {
            folders.entry(folder).or_default().entry(database).or_default().insert(name);
        }
    }
    folders
}

/// Migrations are numbered from 0001 without gaps, with the same names for every database.
pub fn migrations(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (folder, databases) in migration_folders(tree) {
        let all: BTreeSet<&str> = databases.values().flatten().copied().collect();
        for database in DATABASES {
            let here = databases.get(database);
            for name in all.iter().filter(|name| here.is_none_or(|here| !here.contains(*name))) {
                let path = format!("{folder}/migrations/{database}/{name}");
                let message =
                    "is missing: a migration is written for every database under one name";
                violations.push(Violation::at(&path, 0, message));
            }
        }
        violations.extend(numbering(folder, &all));
    }
    violations
}

fn numbering(folder: &str, names: &BTreeSet<&str>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (expected, name) in (1..).zip(names) {
        let number = format!("{expected:04}_");
        if !name.starts_with(&number) || !name.ends_with(".sql") {
            let path = format!("{folder}/migrations/*/{name}");
            let message =
                format!("migrations are numbered without gaps: call it {number}<name>.sql");
            violations.push(Violation::at(&path, 0, message));
        }
    }
    violations
}

/// A program of tests is made of all files beside its `main.rs`: one that it does not name would never run.
pub fn test_programs(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, program) in tree.files().filter(|(path, _)| path.ends_with("/main.rs")) {
        let Some(folder) = path.strip_suffix("main.rs").filter(|it| it.contains("/tests/")) else {
            continue;
        };
        for (path, _) in tree.below(folder) {
            let name = path[folder.len()..].trim_end_matches("/mod.rs").trim_end_matches(".rs");
            let is_module = path.ends_with(".rs") && !name.contains('/') && name != "main";
            if is_module && !program.lines().any(|line| line == format!("mod {name};")) {
                let message =
                    format!("no test of it ever runs: write `mod {name};` in {folder}main.rs");
                violations.push(Violation::at(path, 0, message));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(service: &str) -> Vec<String> {
        FLOOR_PLAN
            .iter()
            .map(|room| format!("services/{service}/{room}"))
            .map(|path| if path.ends_with('/') { format!("{path}0001_x.sql") } else { path })
            .chain([format!("services/{service}/Cargo.toml")])
            .collect()
    }

    fn violations(rule: fn(&Tree) -> Vec<Violation>, paths: &[String]) -> Vec<String> {
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        rule(&Tree::of(&files)).into_iter().map(|violation| violation.path).collect()
    }

    #[test]
    fn services_finds_every_missing_room() {
        let complete = plan_of("orders");

        assert!(violations(services, &complete).is_empty());
        for missing in complete.iter().filter(|path| !path.ends_with("Cargo.toml")) {
            let paths: Vec<String> =
                complete.iter().filter(|path| *path != missing).cloned().collect();
            assert_eq!(violations(services, &paths).len(), 1, "{missing}");
        }
    }

    #[test]
    fn services_finds_a_service_on_the_bus_that_does_not_say_what_it_hears() {
        let paths = plan_of("orders");
        let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        files.retain(|(path, _)| *path != "services/orders/Cargo.toml");
        files
            .push(("services/orders/Cargo.toml", "[dependencies]\ntechtrove-bus.workspace = true"));

        let silent = services(&Tree::of(&files));
        files.push(("services/orders/src/events.rs", ""));

        assert_eq!(silent.len(), 1, "{silent:?}");
        assert!(services(&Tree::of(&files)).is_empty());
    }

    #[test]
    fn a_stranger_needs_no_face() {
        let mut paths = plan_of("sandbox");
        paths.retain(|path| !path.contains("/api/"));

        assert!(violations(services, &paths).is_empty());
    }

    #[test]
    fn migrations_finds_gaps_and_differences() {
        let migration =
            |database: &str, name: &str| format!("kit/bus/migrations/{database}/{name}");
        let everywhere = |name: &str| DATABASES.map(|database| migration(database, name)).to_vec();
        let good = [everywhere("0001_a.sql"), everywhere("0002_b.sql")].concat();

        assert!(violations(migrations, &good).is_empty());
        assert_eq!(violations(migrations, &good[..5]), [migration("mysql", "0002_b.sql")]);
        let gap = [everywhere("0001_a.sql"), everywhere("0003_b.sql")].concat();
        assert_eq!(violations(migrations, &gap), [migration("*", "0003_b.sql")]);
        let twice = [good, everywhere("0002_c.sql")].concat();
        assert_eq!(violations(migrations, &twice), [migration("*", "0002_c.sql")]);
    }

    #[test]
    fn test_programs_finds_a_file_of_tests_that_is_no_part_of_its_program() {
        let beside = ["a/tests/x.rs", "a/tests/y/mod.rs", "a/tests/y/z.rs", "a/src/x.rs"];
        let found = |program: &str| -> Vec<String> {
            let files =
                beside.map(|path| (path, "")).into_iter().chain([("a/tests/main.rs", program)]);
            let files: Vec<(&str, &str)> = files.collect();
            test_programs(&Tree::of(&files)).into_iter().map(|violation| violation.path).collect()
        };

        assert!(found("mod x;\nmod y;\n").is_empty());
        assert_eq!(found("mod y;\n// mod x;\n"), ["a/tests/x.rs"]);
        assert_eq!(found("mod x;\n"), ["a/tests/y/mod.rs"]);
    }
}

//! Who may know whom, by the dependencies in the manifests: services know each other's faces along
//! the DAG of calls, the kit knows no shop, drivers stay in their rooms.

use super::{
    Violation,
    lexer::{code, lines_with_word},
    manifest::{self, Dependency, Manifest},
    plan::{CALLS, DRIVERS, HEARS, KEY_KEEPER, NOT_IN_CORE, STRANGER, TESTED_WITH, WIRING},
    tree::Tree,
};

/// Applies `check` to every dependency of every crate.
fn each_dependency(
    tree: &Tree,
    check: impl Fn(&Manifest<'_>, &Dependency<'_>) -> Option<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for manifest in manifest::crates(tree) {
        for dependency in manifest.dependencies() {
            if let Some(message) = check(&manifest, &dependency) {
                violations.push(Violation::at(manifest.path, dependency.line, message));
            }
        }
    }
    violations
}

/// Only the rooms that wire the services name their crates.
pub fn faces(tree: &Tree) -> Vec<Violation> {
    let services = tree.services();
    each_dependency(tree, |manifest, dependency| {
        let service = dependency.name.strip_prefix("techtrove-")?;
        let in_tests = dependency.for_tests
            && TESTED_WITH
                .iter()
                .any(|(tester, other, _)| manifest.service() == Some(*tester) && service == *other);
        let wires = WIRING.contains(&manifest.folder);
        (services.contains(&service) && !wires && !in_tests).then(|| {
            format!(
                "depends on the {service} service itself: call it through techtrove-{service}-api, \
                 or move this to techtrove/, which wires the services"
            )
        })
    })
}

/// A service knows the faces of those it calls, along the DAG, and of those whose events it hears;
/// the latter's clients it must not name.
pub fn calls(tree: &Tree) -> Vec<Violation> {
    let mut violations = each_dependency(tree, |manifest, dependency| {
        let caller = manifest.service()?;
        let callee = dependency.name.strip_prefix("techtrove-")?.strip_suffix("-api")?;
        let knows = may_call(caller, callee) || leads_to(HEARS, caller, callee);
        (!knows).then(|| {
            format!(
                "{caller} must not call {callee}: the architecture's calls are a DAG without this \
                 edge; listen to an event instead, or change the DAG by an ADR"
            )
        })
    });
    for (hearer, heard) in HEARS {
        for callee in heard.iter().filter(|callee| !may_call(hearer, callee)) {
            violations.extend(calls_of(tree, hearer, callee));
        }
    }
    violations
}

fn calls_of(tree: &Tree, hearer: &str, callee: &str) -> Vec<Violation> {
    let initial = callee.chars().take(1).map(|c| c.to_ascii_uppercase());
    let client: String = initial.chain(callee.chars().skip(1)).chain("Client".chars()).collect();
    let folder = format!("services/{hearer}/");
    let sources = tree.below(&folder).filter(|(path, _)| path.ends_with(".rs"));
    let found = sources.flat_map(|(path, text)| {
        let lines = lines_with_word(&code(text), &client);
        lines.into_iter().map(move |line| (path, line))
    });
    let message = format!("{hearer} hears the events of {callee} and must not call it");
    found.map(|(path, line)| Violation::at(path, line, message.clone())).collect()
}

fn may_call(caller: &str, callee: &str) -> bool {
    let keys = callee == KEY_KEEPER && caller != STRANGER;
    caller == callee || keys || leads_to(CALLS, caller, callee)
}

fn leads_to(edges: &[(&str, &[&str])], from: &str, to: &str) -> bool {
    edges.iter().any(|(name, others)| *name == from && others.contains(&to))
}

/// The kit knows nothing of shops; its core nothing of runtimes, servers and the rest of the kit.
/// Only what helps tests may know the faces of services.
pub fn kit(tree: &Tree) -> Vec<Violation> {
    each_dependency(tree, |manifest, dependency| {
        let room = manifest.folder.strip_prefix("kit/")?;
        let ours = dependency.name.starts_with("techtrove");
        let of_kit = dependency
            .name
            .strip_prefix("techtrove-")
            .is_some_and(|name| tree.contains(&format!("kit/{name}/Cargo.toml")));
        if ours && !of_kit && room != "testing" {
            return Some(format!(
                "the kit knows nothing of shops: what needs {} belongs to a service",
                dependency.name
            ));
        }
        let impure = ours || NOT_IN_CORE.contains(&dependency.name);
        (room == "core" && impure).then(|| {
            format!(
                "kit/core does without {}: put what needs it into another room",
                dependency.name
            )
        })
    })
}

/// Drivers of databases and clients of brokers stay in their rooms.
pub fn drivers(tree: &Tree) -> Vec<Violation> {
    each_dependency(tree, |manifest, dependency| {
        let (driver, homes) = DRIVERS.iter().find(|(name, _)| *name == dependency.name)?;
        (!homes.contains(&manifest.folder)).then(|| match homes.first() {
            Some(home) => format!("{driver} appears only in {home}: go through that room's types"),
            None => format!("{driver} is not used here: see the ADR on databases, use kit/db"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small tree without violations, and `path` with `dependency` beside it.
    fn violations(rule: fn(&Tree) -> Vec<Violation>, path: &str, dependency: &str) -> Vec<usize> {
        let planted =
            format!("[package]\nname = \"x\"\n[dependencies]\n{dependency}.workspace = true\n");
        let mut files = vec![
            ("kit/core/Cargo.toml", ""),
            ("kit/db/Cargo.toml", ""),
            ("kit/testing/Cargo.toml", ""),
            ("services/catalog/Cargo.toml", ""),
            ("services/orders/Cargo.toml", ""),
            ("services/sandbox/Cargo.toml", ""),
        ];
        files.retain(|(existing, _)| *existing != path);
        files.push((path, &planted));
        rule(&Tree::of(&files)).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn faces_finds_a_service_named_outside_the_program() {
        for path in
            ["services/orders/Cargo.toml", "edge/gateway/Cargo.toml", "kit/testing/Cargo.toml"]
        {
            assert_eq!(violations(faces, path, "techtrove-catalog"), [4], "{path}");
        }
        assert!(violations(faces, "techtrove/Cargo.toml", "techtrove-catalog").is_empty());
        assert!(
            violations(faces, "services/orders/Cargo.toml", "techtrove-catalog-api").is_empty()
        );
    }

    #[test]
    fn faces_lets_payments_test_against_the_stranger_and_no_more() {
        let manifest =
            "[package]\nname = \"x\"\n[dev-dependencies]\ntechtrove-sandbox.workspace = true\n";
        let found = |path: &str, manifest: &str| {
            faces(&Tree::of(&[("services/sandbox/Cargo.toml", ""), (path, manifest)])).len()
        };

        assert_eq!(found("services/payments/Cargo.toml", manifest), 0);
        assert_eq!(found("services/orders/Cargo.toml", manifest), 1);
        assert_eq!(found("services/payments/Cargo.toml", &manifest.replace("dev-", "")), 1);
    }

    #[test]
    fn calls_finds_a_hearer_that_calls() {
        let path = "services/inventory/src/events.rs";
        let hears = Tree::of(&[(path, "use techtrove_catalog_api::ProductChanged;")]);
        let calls_too = Tree::of(&[(path, "\nuse techtrove_catalog_api::CatalogClient;")]);

        assert!(calls(&hears).is_empty());
        assert_eq!(calls(&calls_too).len(), 1);
        assert!(
            violations(calls, "services/inventory/Cargo.toml", "techtrove-catalog-api").is_empty()
        );
    }

    #[test]
    fn calls_finds_an_edge_that_is_not_in_the_dag() {
        assert_eq!(violations(calls, "services/catalog/Cargo.toml", "techtrove-payments-api"), [4]);
        assert_eq!(
            violations(calls, "services/catalog/api/Cargo.toml", "techtrove-payments-api"),
            [4]
        );
        assert_eq!(violations(calls, "services/sandbox/Cargo.toml", "techtrove-identity-api"), [4]);
        assert_eq!(violations(calls, "services/unknown/Cargo.toml", "techtrove-orders-api"), [4]);
        assert!(
            violations(calls, "services/orders/Cargo.toml", "techtrove-payments-api").is_empty()
        );
        assert!(
            violations(calls, "services/payments/Cargo.toml", "techtrove-identity-api").is_empty()
        );
    }

    #[test]
    fn the_calls_form_no_circle() {
        fn reaches(from: &str, to: &str) -> bool {
            let next = CALLS.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, to)| to);
            next.iter().any(|callee| *callee == to || reaches(callee, to))
        }

        for (service, callees) in CALLS {
            assert!(!reaches(service, service), "{service} calls itself in the end");
            assert!(!callees.contains(&KEY_KEEPER), "everybody may call {KEY_KEEPER}");
        }
    }

    #[test]
    fn kit_finds_knowledge_of_shops_and_an_impure_core() {
        assert_eq!(violations(kit, "kit/db/Cargo.toml", "techtrove-catalog-api"), [4]);
        assert_eq!(violations(kit, "kit/core/Cargo.toml", "tokio"), [4]);
        assert_eq!(violations(kit, "kit/core/Cargo.toml", "techtrove-db"), [4]);
        assert!(violations(kit, "kit/db/Cargo.toml", "techtrove-core").is_empty());
        assert!(violations(kit, "kit/testing/Cargo.toml", "techtrove-catalog-api").is_empty());
    }

    #[test]
    fn drivers_finds_one_outside_its_room() {
        assert_eq!(violations(drivers, "services/orders/Cargo.toml", "rusqlite"), [4]);
        assert_eq!(violations(drivers, "kit/db/Cargo.toml", "sqlx"), [4]);
        assert!(violations(drivers, "kit/db/Cargo.toml", "rusqlite").is_empty());
        assert!(violations(drivers, "services/catalog/Cargo.toml", "mongodb").is_empty());
    }
}

use std::{collections::BTreeSet, fmt::Write as _, fs, io::Write as _, path::PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    convert,
    group::{self, AXES, Listing, PRICE_PER_GB},
    listings,
    source::{Row, minor_units, parse_file},
};

/// Rows of one category as the source would write them.
fn rows(category: &str, objects: &[Value]) -> Vec<Row> {
    let mut text = String::new();
    for object in objects {
        writeln!(text, "{object}").expect("a string takes everything");
    }
    parse_file(category, text.trim_end()).expect("rows of the source's shape")
}

/// Name, draft or not, and the prices of the variants.
fn shown<'a>(listings: &'a [Listing<'_>]) -> Vec<(&'a str, bool, Vec<Option<i64>>)> {
    let prices = |listing: &Listing<'_>| listing.variants.iter().map(|v| v.price).collect();
    listings.iter().map(|l| (l.name.as_str(), l.is_draft(), prices(l))).collect()
}

#[test]
fn a_colour_a_capacity_a_kit_and_a_switch_are_variants() {
    for (axis, one, other) in [
        ("color", json!("Red"), json!(null)),
        ("capacity", json!(500), json!(1000)),
        ("modules", json!([1, 16]), json!([2, 8])),
        ("switches", json!("Linear"), json!("Clicky")),
    ] {
        let rows = rows(
            "thing",
            &[
                json!({"name": "Examplar One", "price": 10, "height": 3, axis: one}),
                json!({"name": "Examplar One", "price": 12.5, "height": 3, axis: other}),
            ],
        );

        let (listings, merged) = listings(&rows, None);

        assert_eq!(merged, 0);
        assert_eq!(shown(&listings), [("Examplar One", false, vec![Some(1000), Some(1250)])]);
        assert_eq!(listings[0].options(), [axis]);
    }
}

#[test]
fn another_chipset_is_another_product_and_the_name_says_which() {
    let rows = rows(
        "video-card",
        &[
            json!({"name": "Examplar X", "price": 1, "chipset": "A", "memory": 8, "color": "Red"}),
            json!({"name": "Examplar X", "price": 2, "chipset": "B", "memory": 8, "color": "Red"}),
            json!({"name": "Examplar X", "price": 3, "chipset": "B", "memory": 16, "color": "Red"}),
            json!({"name": "Examplar Y", "price": 4, "chipset": "B", "memory": 16, "color": "Red"}),
        ],
    );

    let (listings, _) = listings(&rows, None);

    let names: Vec<&str> = listings.iter().map(|listing| listing.name.as_str()).collect();
    assert_eq!(
        names,
        ["Examplar X (A)", "Examplar X (B, 8 GB)", "Examplar X (B, 16 GB)", "Examplar Y"]
    );
}

#[test]
fn equal_rows_are_merged_at_the_lowest_known_price_under_the_first_sku() {
    let rows = rows(
        "thing",
        &[
            json!({"name": "Examplar", "price": null, "capacity": 10, "price_per_gb": null}),
            json!({"name": "Examplar", "price": 30, "capacity": 10, "price_per_gb": 3}),
            json!({"name": "Examplar", "price": 20, "capacity": 10, "price_per_gb": 2}),
            json!({"name": "Examplar", "price": 20, "capacity": 10, "price_per_gb": 2}),
        ],
    );

    let (listings, merged) = listings(&rows, None);

    assert_eq!(merged, 3);
    assert_eq!(shown(&listings), [("Examplar", false, vec![Some(2000)])]);
    assert_eq!(listings[0].variants[0].row.sku, rows[0].sku);
    assert_eq!(listings[0].variants[0].price_per_gb, Some(&json!(2)));
}

#[test]
fn the_same_line_twice_has_two_skus() {
    let object = json!({"name": "Examplar", "price": 1});

    let rows = rows("thing", &[object.clone(), object]);

    assert_ne!(rows[0].sku, rows[1].sku);
}

#[test]
fn what_nobody_priced_becomes_a_draft_of_its_own_that_says_what_it_holds() {
    let rows = rows(
        "thing",
        &[
            json!({"name": "Examplar", "price": null, "color": "Red"}),
            json!({"name": "Examplar", "price": 5, "color": "Blue"}),
            json!({"name": "Examplar", "price": null, "color": "Green"}),
            json!({"name": "Elsewhere", "price": null, "color": "Green"}),
        ],
    );

    let (plain, _) = listings(&rows, None);
    let (completed, _) = listings(&rows, Some(7));

    assert_eq!(
        shown(&plain),
        [
            ("Examplar", false, vec![Some(500)]),
            ("Examplar (Red, Green)", true, vec![None, None]),
            ("Elsewhere", true, vec![None]),
        ]
    );
    assert_eq!(completed.len(), 2, "with prices for all, the colours are together again");
    assert!(completed.iter().all(|listing| !listing.is_draft()));
}

#[test]
fn names_that_would_meet_are_kept_apart() {
    let rows = rows(
        "thing",
        &[
            json!({"name": "Examplar", "price": 1, "chipset": "A"}),
            json!({"name": "Examplar", "price": 1, "chipset": "B"}),
            json!({"name": "Examplar (B)", "price": 1, "chipset": "C"}),
        ],
    );

    let (listings, _) = listings(&rows, None);

    let names: BTreeSet<&str> = listings.iter().map(|listing| listing.name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn prices_become_cents_by_their_digits() {
    for (text, cents) in [("0.1", 10), ("19.99", 1_999), ("5", 500), ("7.0", 700), ("1.10", 110)] {
        assert_eq!(minor_units(text).expect(text), cents);
    }
    for text in ["0", "-1", "1.234", "", "x", "1e3"] {
        assert!(minor_units(text).is_err(), "{text}");
    }
}

#[test]
fn a_row_that_is_not_understood_is_named_by_its_line() {
    for bad in
        ["{", "[]", "{}", r#"{"name": 1}"#, r#"{"name":"x","price":"1"}"#, r#"{"name":"x","a":{}}"#]
    {
        let error = parse_file("thing", &format!("{{\"name\":\"x\"}}\n\n{bad}")).expect_err(bad);

        assert!(error.to_string().contains("line 3"), "{error:#}");
    }
}

#[test]
fn a_line_has_the_fields_of_the_import_format() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = [
        json!({"name": "be quiet! Examplar", "price": 10.5, "rpm": [900, 300], "color": "Red", "pwm": true}),
        json!({"name": "be quiet! Examplar", "price": null, "rpm": [900, 300], "color": null, "pwm": true}),
    ]
    .map(|object| object.to_string())
    .join("\n");
    fs::write(folder.path().join("case-fan.jsonl"), text).expect("a file in it");
    let mut output = Vec::new();

    convert(folder.path(), Some(1), &mut output).expect("understood").check().expect("agrees");

    let line: Value = serde_json::from_slice(&output).expect("one line of JSON");
    let variants = line["variants"].as_array().expect("variants").clone();
    let (amount, stock) = (&variants[1]["price"]["amount"], &variants[1]["stock"]["on_hand"]);
    assert!(amount.is_i64() && stock.is_u64(), "{line}");
    assert_eq!(
        line,
        json!({
            "category": "case-fan", "name": "be quiet! Examplar", "brand": "be quiet!",
            "status": "active", "fulfilment": "physical",
            "attributes": {"rpm": {"min": 300, "max": 900}, "pwm": true},
            "options": ["color"],
            "variants": [
                {
                    "sku": variants[0]["sku"],
                    "price": {"amount": 1050, "currency": "USD"},
                    "options": {"color": "Red"},
                    "attributes": {"color": "Red", "stock_generated": true},
                    "stock": variants[0]["stock"],
                },
                {
                    "sku": variants[1]["sku"],
                    "price": {"amount": amount, "currency": "USD"},
                    "options": {"color": "unspecified"},
                    "attributes": {"price_generated": true, "stock_generated": true},
                    "stock": {"on_hand": stock},
                },
            ],
        })
    );
}

prop_compose! {
    fn any_row()(
        name in prop::sample::select(vec!["Examplar A", "Examplar B"]),
        price in prop::option::of(1_u32..4),
        color in prop::option::of(prop::sample::select(vec!["Red", "Blue"])),
        capacity in prop::sample::select(vec![1, 2]),
        cache in prop::option::of(1_u32..3),
    ) -> Value {
        let per_gb = price.map(|price| price * 10 / capacity);
        json!({"name": name, "price": price, "capacity": capacity, "price_per_gb": per_gb,
               "color": color, "cache": cache})
    }
}

/// What a row is, but for what `without` names.
fn part(row: &Row, without: &[&str]) -> String {
    let mut specs = row.specs.clone();
    specs.retain(|key, _| key != PRICE_PER_GB && !without.contains(&key.as_str()));
    format!("{} {} {}", row.category, row.name, Value::Object(specs))
}

proptest! {
    #[test]
    fn every_row_is_in_one_variant_and_every_variant_in_the_right_product(
        objects in prop::collection::vec(any_row(), 0..40),
        seed in prop::option::of(any::<u64>()),
    ) {
        let rows = rows("internal-hard-drive", &objects);

        let (listings, merged) = listings(&rows, seed);

        let variants: Vec<_> = listings.iter().flat_map(|listing| &listing.variants).collect();
        prop_assert_eq!(rows.len(), variants.len() + merged);
        let parts: BTreeSet<String> = variants.iter().map(|variant| part(variant.row, &[])).collect();
        prop_assert_eq!(parts.len(), variants.len(), "one variant per part");
        prop_assert_eq!(&parts, &rows.iter().map(|row| part(row, &[])).collect::<BTreeSet<_>>());
        let mut products = BTreeSet::new();
        for listing in &listings {
            let kinds: BTreeSet<_> = listing.variants.iter().map(|v| part(v.row, &AXES)).collect();
            prop_assert_eq!(kinds.len(), 1, "variants differ along axes only");
            let unpriced = listing.variants.iter().filter(|v| v.price.is_none()).count();
            prop_assert!(unpriced == 0 || unpriced == listing.variants.len(), "all priced or none");
            prop_assert!(products.insert((kinds, unpriced == 0)), "one product per kind");
        }
    }

    #[test]
    fn a_known_price_is_the_lowest_and_completing_never_changes_it(
        objects in prop::collection::vec(any_row(), 0..40),
        seed: u64,
    ) {
        let rows = rows("internal-hard-drive", &objects);

        for (listings, complete) in [(listings(&rows, None).0, false), (listings(&rows, Some(seed)).0, true)] {
            for variant in listings.iter().flat_map(|listing| &listing.variants) {
                let same = rows.iter().filter(|row| part(row, &[]) == part(variant.row, &[]));
                let known = same.filter_map(|row| row.price).min();
                prop_assert_eq!(variant.price_generated, complete && known.is_none());
                prop_assert_eq!(variant.price.is_some(), complete || known.is_some());
                prop_assert!(known.is_none() || variant.price == known);
                prop_assert_eq!(variant.stock.is_some(), complete);
            }
        }
        prop_assert_eq!(listings(&rows, Some(seed)), listings(&rows, Some(seed)));
    }

    #[test]
    fn names_begin_with_the_sources_and_are_all_different(
        objects in prop::collection::vec(any_row(), 0..40),
    ) {
        let rows = rows("internal-hard-drive", &objects);

        let (listings, _) = listings(&rows, None);

        let names: BTreeSet<&str> = listings.iter().map(|listing| listing.name.as_str()).collect();
        prop_assert_eq!(names.len(), listings.len());
        for listing in &listings {
            prop_assert!(listing.name.starts_with(&listing.first_row().name));
        }
    }

    #[test]
    fn products_do_not_depend_on_what_else_is_sold(
        objects in prop::collection::vec(any_row(), 1..20),
        others in prop::collection::vec(any_row(), 0..20),
    ) {
        let alone = rows("keyboard", &objects);
        let mut together = rows("internal-hard-drive", &others);
        together.extend(alone.clone());

        let (families, _) = group::families(&together);

        let (expected, _) = group::families(&alone);
        prop_assert_eq!(&families[families.len() - expected.len()..], &expected[..]);
    }
}

/// Where the data set is: named by the environment, or beside the repository.
#[expect(clippy::disallowed_methods, reason = "a test's own setting, not the program's")]
fn data_set() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/pc-parts"));
    let folder = std::env::var_os("TECHTROVE_PC_PARTS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

#[test]
fn the_whole_data_set_adds_up() {
    let Some(folder) = data_set() else {
        // Straight to standard error: what a passing test prints is captured and never seen.
        let notice = "SKIPPED: no data set of PC parts; name its folder in TECHTROVE_PC_PARTS\n";
        std::io::stderr().write_all(notice.as_bytes()).expect("standard error is open");
        return;
    };

    for seed in [None, Some(1)] {
        let mut output = Vec::new();
        let tally = convert(&folder, seed, &mut output).expect("every row is understood");

        tally.check().expect("every row is accounted for");
        let mut names = BTreeSet::new();
        for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let product: Value = serde_json::from_slice(line).expect("a line of JSON");
            let name = (product["category"].to_string(), product["name"].to_string());
            assert!(names.insert(name), "two products of one category and name: {product}");
            assert!(seed.is_none() || product["status"] == "active", "{product}");
        }
    }
}

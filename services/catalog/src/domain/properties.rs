//! Rules of products that hold for every input, tried with random ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use techtrove_core::{Currency, Timestamp, TypedId};
use uuid::Uuid;

use super::*;

fn fresh() -> Fresh {
    let variant = |n: u128| TypedId::from_uuid(Uuid::from_u128(1_000 + n));
    Fresh {
        now: Timestamp::from_micros(1),
        product: TypedId::from_uuid(Uuid::from_u128(1)),
        variants: (0..100).map(variant).collect(),
    }
}

fn change(written: Value) -> Result<ProductChange, Invalid> {
    let input: ProductInput = serde_json::from_value(written).expect("the format");
    input.checked(Currency::USD)
}

fn create(written: Value) -> Result<Product, Invalid> {
    Product::create(change(written)?, &fresh())
}

fn edit(product: &Product, written: Value) -> Result<Product, Invalid> {
    product.edited(change(written)?, VariantMode::Replace, &fresh())
}

fn usd(amount: i64) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

fn amounts(product: &Product) -> Vec<Option<i64>> {
    product.variants.iter().map(|v| product.price_of(v).map(|price| price.amount)).collect()
}

/// The pointers of what is refused.
fn refused(result: Result<Product, Invalid>) -> Vec<String> {
    let errors = result.expect_err("refused").errors;
    errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn a_price_is_the_default_of_variants_without_one() {
    let product = create(json!({"name": "A", "price": usd(200), "variants": [{"sku": "A"}, {"sku": "B", "price": usd(100)}]})).expect("made");

    assert_eq!(amounts(&product), [Some(200), Some(100)]);
    assert_eq!(product.lowest_price().map(|price| price.amount), Some(100));

    let dearer = edit(&product, json!({"price": usd(300)})).expect("edited");
    assert_eq!(amounts(&dearer), [Some(300), Some(100)]);
}

#[test]
fn the_price_of_a_product_with_one_variant_is_that_variants() {
    let product =
        create(json!({"name": "A", "variants": [{"sku": "A", "price": usd(100)}]})).expect("made");

    let dearer = edit(&product, json!({"price": usd(300)})).expect("edited");

    assert_eq!(amounts(&dearer), [Some(300)]);
}

#[test]
fn a_price_that_reaches_no_variant_is_refused() {
    let product = create(json!({"name": "A", "variants": [{"sku": "A", "price": usd(1)}, {"sku": "B", "price": usd(2)}]})).expect("made");

    assert_eq!(refused(edit(&product, json!({"price": usd(3)}))), ["/price"]);
}

#[test]
fn a_product_without_all_prices_stays_a_draft() {
    let unpriced = json!({"name": "A", "variants": [{"sku": "A", "price": usd(1)}, {"sku": "B"}]});
    let draft = create(unpriced.clone()).expect("made");

    assert_eq!(refused(edit(&draft, json!({"status": "active"}))), ["/variants/1/price"]);
    let active = edit(&draft, json!({"status": "active", "price": usd(5)})).expect("published");
    assert_eq!(refused(edit(&active, json!({"price": null}))), ["/variants/1/price"]);
    let mut active = unpriced;
    active["status"] = json!("active");
    assert_eq!(refused(create(active)), ["/variants/1/price"]);
}

#[test]
fn variants_are_replaced_and_keep_their_ids_by_sku() {
    let product =
        create(json!({"name": "A", "variants": [{"sku": "A", "price": usd(1)}, {"sku": "B"}]}))
            .expect("made");

    let edited = edit(&product, json!({"variants": [{"sku": "C"}, {"sku": "A"}]})).expect("edited");

    let skus: Vec<&str> = edited.variants.iter().map(|v| v.sku.as_str()).collect();
    assert_eq!(skus, ["C", "A"]);
    assert_eq!(edited.variants.last().map(|v| v.id), product.variants.first().map(|v| v.id));
    assert_eq!(amounts(&edited), [None, None]);
}

#[test]
fn an_upsert_keeps_what_it_does_not_name() {
    let product = create(json!({"name": "A", "variants": [{"sku": "A", "price": usd(1)}, {"sku": "B", "price": usd(2)}]})).expect("made");
    let line = change(json!({"variants": [{"sku": "B"}, {"sku": "C", "price": usd(3)}]}))
        .expect("accepted");

    let edited = product.edited(line, VariantMode::Upsert, &fresh()).expect("edited");

    assert_eq!(amounts(&edited), [Some(1), Some(2), Some(3)]);
}

#[test]
fn options_are_those_that_are_declared_or_else_used() {
    let variants = json!([{"sku": "A", "options": {"color": "Black", "size": "L"}}, {"sku": "B", "options": {"color": "Red"}}]);
    let derived = create(json!({"name": "A", "variants": variants})).expect("made");

    assert_eq!(derived.options, ["color", "size"]);
    assert_eq!(derived.sale_name(&derived.variants[0]), "A (Black, L)");
    let undeclared = create(json!({"name": "A", "options": ["color"], "variants": variants}));
    assert_eq!(refused(undeclared), ["/variants/0/options"]);
    assert_eq!(
        refused(create(json!({"name": "A", "options": ["x", "x"], "variants": [{"sku": "A"}]}))),
        ["/options/1"]
    );
}

#[test]
fn everything_wrong_is_named_at_once() {
    let written = json!({"name": " ", "slug": "A B", "brand": "", "description": "\u{1b}", "price": usd(-1),
        "compare_at_price": {"amount": 1, "currency": "EUR"}, "status": null, "variants": []});

    let invalid = create(written).expect_err("refused");

    assert_eq!(invalid.code(), techtrove_core::codes::CURRENCY_MISMATCH);
    let pointers: BTreeSet<&str> = invalid.errors.iter().map(|e| e.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        BTreeSet::from([
            "/name",
            "/slug",
            "/brand",
            "/description",
            "/price/amount",
            "/compare_at_price/currency",
            "/status",
            "/variants"
        ])
    );
}

#[test]
fn null_is_no_value_of_a_new_attribute_and_takes_an_old_one_away() {
    let variants = json!([{"sku": "A"}]);
    let new = json!({"name": "A", "attributes": {"a": null}, "variants": variants});
    assert_eq!(refused(create(new)), ["/attributes/a"]);
    let product =
        create(json!({"name": "A", "attributes": {"a": 1}, "variants": variants})).expect("made");
    assert!(
        edit(&product, json!({"attributes": {"a": null}})).expect("edited").attributes.is_empty()
    );
}

fn price() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(1..1_000_000_i64)
}

fn written(prices: &[Option<i64>], default: Option<i64>, active: bool) -> Value {
    let variants: Vec<Value> = (0..)
        .zip(prices)
        .map(|(n, price): (i32, _)| json!({"sku": format!("S{n}"), "price": price.map(usd)}))
        .collect();
    json!({"name": "A", "price": default.map(usd), "status": if active { "active" } else { "draft" }, "variants": variants})
}

proptest! {
    #[test]
    fn what_is_active_has_every_price(prices in prop::collection::vec(price(), 1..6), default in price(), active: bool) {
        match create(written(&prices, default, active)) {
            Ok(product) => {
                let complete = amounts(&product).iter().all(Option::is_some);
                prop_assert!(product.status != Status::Active || complete);
                prop_assert_eq!(product.lowest_price().map(|p| p.amount), amounts(&product).into_iter().flatten().min());
            }
            Err(_) => prop_assert!(active && default.is_none() && prices.contains(&None)),
        }
    }

    #[test]
    fn a_product_reads_back_from_its_document(prices in prop::collection::vec(price(), 1..6), default in price()) {
        let product = create(written(&prices, default, false)).expect("made");
        let inheriting = product.variants.iter().filter(|v| v.own_price.is_none());
        let stored = StoredPrices {
            default_price: product.default_price,
            inheriting: inheriting.map(|v| v.sku.clone()).collect(),
        };

        let text = serde_json::to_string(&ProductDocument::from(&product)).expect("written");
        let read: ProductDocument = serde_json::from_str(&text).expect("read");

        prop_assert_eq!(read.into_product(&stored), product);
    }

    #[test]
    fn any_name_gives_a_slug_that_is_one(name in "\\PC{1,300}", bits: u128) {
        let slug = Slug::from_name(&name, "product");

        let unique = slug.with_tail(Uuid::from_u128(bits));
        for made in [slug, unique] {
            prop_assert_eq!(made.to_string().parse::<Slug>(), Ok(made));
        }
    }
}

//! What stands in the demo shop, as files that the shop's own import and API take. They are read where
//! they are used and never kept.

use serde::{Deserialize, Serialize};
use serde_json::Error;
use techtrove_core::Currency;

/// The products, one file for each part of the shop, in the format of an import.
const PRODUCTS: [&str; 15] = [
    include_str!("data/products/laptops.ndjson"),
    include_str!("data/products/desktops.ndjson"),
    include_str!("data/products/monitors.ndjson"),
    include_str!("data/products/phones.ndjson"),
    include_str!("data/products/tablets.ndjson"),
    include_str!("data/products/vr-headsets.ndjson"),
    include_str!("data/products/audio.ndjson"),
    include_str!("data/products/cameras.ndjson"),
    include_str!("data/products/components.ndjson"),
    include_str!("data/products/networking.ndjson"),
    include_str!("data/products/smart-home.ndjson"),
    include_str!("data/products/wearables.ndjson"),
    include_str!("data/products/gaming.ndjson"),
    include_str!("data/products/accessories.ndjson"),
    include_str!("data/products/ai-software.ndjson"),
];

/// What customers say of the products, those of one product behind each other.
const REVIEWS: [&str; 3] = [
    include_str!("data/reviews/computers.ndjson"),
    include_str!("data/reviews/mobile-and-sound.ndjson"),
    include_str!("data/reviews/at-home.ndjson"),
];

/// A category, which stands behind the one it is in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Category {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) parent: Option<String>,
    pub(super) position: i64,
}

/// A collection, with the slugs of its products.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collection {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) position: i64,
    pub(super) products: Vec<String>,
}

/// What a customer says of a product.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Review {
    /// The product's slug.
    pub(super) product: String,
    /// The customer's address, up to the `@`.
    pub(super) by: String,
    pub(super) rating: i64,
    pub(super) title: String,
    pub(super) body: String,
    /// The customers whom it helped, by their addresses up to the `@`.
    #[serde(default)]
    pub(super) helped: Vec<String>,
}

/// What a customer bought, in the order of time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Purchase {
    /// The customer's address, up to the `@`.
    pub(super) by: String,
    /// No two purchases of a customer have the same: it is by this that one is known again.
    pub(super) items: Vec<Bought>,
    /// How far it has come.
    #[serde(default)]
    pub(super) stands: Stands,
}

/// So many pieces of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub(super) struct Bought {
    pub(super) sku: String,
    pub(super) quantity: u32,
}

/// How far a purchase has come.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stands {
    /// It is to be packed; nothing in it leaves by itself, as licence keys do.
    Confirmed,
    /// It is on its way.
    Shipped,
    /// It has arrived.
    #[default]
    Delivered,
}

/// What has to be known of a product that is sold by licence keys.
#[derive(Deserialize)]
struct Sold {
    fulfilment: Option<String>,
    variants: Vec<SoldVariant>,
}

#[derive(Deserialize)]
struct SoldVariant {
    sku: String,
}

/// The lines of an import into a shop of this currency. The amounts are the same in each: what is
/// 1,299.00 of a currency with cents is 129,900 of one without, which is as likely a price.
pub(super) fn products(currency: Currency) -> String {
    let shop = format!(r#""currency":"{currency}""#);
    PRODUCTS.concat().replace(r#""currency":"USD""#, &shop)
}

/// The categories, each behind the one it is in.
pub(super) fn categories() -> impl Iterator<Item = Result<Category, Error>> {
    include_str!("data/categories.ndjson").lines().map(serde_json::from_str)
}

/// The collections.
pub(super) fn collections() -> impl Iterator<Item = Result<Collection, Error>> {
    include_str!("data/collections.ndjson").lines().map(serde_json::from_str)
}

/// What customers say of the products.
pub(super) fn reviews() -> impl Iterator<Item = Result<Review, Error>> {
    REVIEWS.iter().flat_map(|file| file.lines()).map(serde_json::from_str)
}

/// What customers bought, in the order of time.
pub(super) fn purchases() -> impl Iterator<Item = Result<Purchase, Error>> {
    include_str!("data/orders.ndjson").lines().map(serde_json::from_str)
}

/// The SKUs that are sold by licence keys.
pub(super) fn digital_skus() -> Result<Vec<String>, Error> {
    let mut skus = Vec::new();
    for line in PRODUCTS.iter().flat_map(|file| file.lines()) {
        let sold: Sold = serde_json::from_str(line)?;
        if sold.fulfilment.as_deref() == Some("digital") {
            skus.extend(sold.variants.into_iter().map(|variant| variant.sku));
        }
    }
    Ok(skus)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;
    use crate::demo::accounts::{PEOPLE, Person};

    fn lines(currency: Currency) -> Vec<Value> {
        let text = products(currency);
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The customer with this address up to the `@`.
    fn customer(short: &str) -> Option<&'static Person> {
        PEOPLE.iter().find(|person| !person.is_staff() && person.short() == short)
    }

    fn texts<'v>(lines: &'v [Value], field: &str) -> Vec<&'v str> {
        lines.iter().map(|line| line[field].as_str().expect("a text")).collect()
    }

    #[test]
    fn the_shop_is_large_and_nothing_stands_twice() {
        let lines = lines(Currency::USD);
        let (slugs, categories) = (texts(&lines, "slug"), texts(&lines, "category"));
        let skus: Vec<_> = lines
            .iter()
            .flat_map(|line| line["variants"].as_array().expect("variants"))
            .map(|variant| variant["sku"].as_str().expect("a SKU"))
            .collect();

        let different = |all: &[&str]| all.iter().collect::<BTreeSet<_>>().len();
        assert!(lines.len() >= 80 && different(&categories) >= 10);
        assert_eq!((different(&slugs), different(&skus)), (slugs.len(), skus.len()));
        assert!(lines.iter().filter(|line| line["compare_at_price"].is_object()).count() >= 20);
        assert!(
            lines.iter().all(|line| line["images"].as_array().is_some_and(|it| !it.is_empty()))
        );
        let pieces = |line: &Value| {
            let variants = line["variants"].as_array().expect("variants").iter();
            let pieces = variants.filter_map(|variant| variant["stock"]["on_hand"].as_u64());
            pieces.collect::<Vec<_>>()
        };
        let pieces: BTreeSet<u64> = lines.iter().flat_map(pieces).collect();
        assert!(pieces.contains(&0) && pieces.contains(&2) && pieces.iter().any(|it| *it > 50));
    }

    #[test]
    fn every_category_and_every_product_of_a_collection_is_there() {
        let lines = lines(Currency::USD);
        let slugs: BTreeSet<_> = texts(&lines, "slug").into_iter().collect();
        let mut known = BTreeSet::new();

        for category in categories() {
            let category = category.expect("a category");
            assert!(category.parent.is_none_or(|parent| known.contains(&parent)));
            known.insert(category.slug);
        }

        assert!(texts(&lines, "category").into_iter().all(|slug| known.contains(slug)));
        for collection in collections() {
            let products = collection.expect("a collection").products;
            assert!(products.iter().all(|slug| slugs.contains(slug.as_str())), "{products:?}");
        }
    }

    #[test]
    fn customers_review_most_products_and_do_not_agree() {
        let lines = lines(Currency::USD);
        let slugs: BTreeSet<_> = texts(&lines, "slug").into_iter().collect();
        let customers: BTreeSet<_> = PEOPLE
            .iter()
            .filter(|person| !person.is_staff())
            .map(|person| person.short())
            .collect();
        let reviews: Vec<Review> = reviews().map(|review| review.expect("a review")).collect();

        let once: BTreeSet<_> = reviews.iter().map(|it| (&it.product, &it.by)).collect();
        let products: BTreeSet<_> = reviews.iter().map(|it| it.product.as_str()).collect();
        let ratings: BTreeSet<i64> = reviews.iter().map(|it| it.rating).collect();

        assert!(once.len() == reviews.len() && products.is_subset(&slugs));
        assert!(products.len() * 10 >= slugs.len() * 9);
        assert!(reviews.iter().all(|it| customers.contains(it.by.as_str())));
        assert_eq!(ratings, BTreeSet::from([2, 3, 4, 5]));
    }

    #[test]
    fn customers_buy_what_there_is_enough_of_and_never_the_same_twice() {
        let lines = lines(Currency::USD);
        let variants = lines.iter().flat_map(|line| line["variants"].as_array().expect("a list"));
        let stock: BTreeMap<&str, Option<u64>> = variants
            .map(|it| (it["sku"].as_str().expect("a SKU"), it["stock"]["on_hand"].as_u64()))
            .collect();
        let purchases: Vec<Purchase> = purchases().map(|it| it.expect("a purchase")).collect();

        let mut sold: BTreeMap<&str, u64> = BTreeMap::new();
        for bought in purchases.iter().flat_map(|purchase| &purchase.items) {
            *sold.entry(&bought.sku).or_default() += u64::from(bought.quantity);
        }

        assert!((24..=60).contains(&purchases.len()));
        for (sku, pieces) in &sold {
            // What is sold by keys has no number here, and 25 keys.
            let on_hand = stock.get(sku).unwrap_or_else(|| panic!("{sku} is sold")).unwrap_or(25);
            assert!(pieces * 2 <= on_hand, "{sku}: {pieces} of {on_hand}");
        }
        assert!(sold.values().max() > sold.values().min());
        let by_keys = digital_skus().expect("read");
        let waiting = purchases.iter().filter(|purchase| purchase.stands == Stands::Confirmed);
        assert!(waiting.flat_map(|it| &it.items).all(|it| !by_keys.contains(&it.sku)));
        let different =
            |it: &Purchase, other: &Purchase| it.by != other.by || it.items != other.items;
        for (number, purchase) in purchases.iter().enumerate() {
            assert!(customer(&purchase.by).is_some());
            assert!(purchases[..number].iter().all(|other| different(purchase, other)));
        }
    }

    #[test]
    fn reviews_help_others_than_who_wrote_them() {
        let reviews: Vec<Review> = reviews().map(|review| review.expect("a review")).collect();

        for review in &reviews {
            let others = review.helped.iter().filter(|it| **it != review.by);
            assert_eq!(others.filter_map(|it| customer(it)).count(), review.helped.len());
        }
        assert!(reviews.iter().filter(|review| !review.helped.is_empty()).count() >= 50);
    }

    #[test]
    fn prices_are_of_the_shops_currency() {
        let yen: Currency = "JPY".parse().expect("a currency");

        let lines = lines(yen);

        assert!(lines.iter().all(|line| line["price"]["currency"] == "JPY"));
        assert!(!products(yen).contains("USD"));
    }

    #[test]
    fn software_is_sold_by_keys() {
        let skus = digital_skus().expect("read");

        assert!(skus.len() >= 10 && skus.iter().all(|sku| sku.starts_with("LMW-")), "{skus:?}");
    }
}

//! What members think of goods: each review stands as its writer was answered, and whoever sums them up has the
//! same sums.

use std::collections::BTreeMap;

use techtrove_catalog_api::ProductId;
use techtrove_community::domain::ReviewId;
use techtrove_core::TypedId as _;
use uuid::Uuid;

use super::rows::rows;
use crate::{customers::Reviewed, world::World};

/// What no commit may leave: host, invariant, and the rows that break it.
pub const ALWAYS: [(&str, &str, &str); 2] = [
    (
        "community",
        "a rating is its reviews",
        "SELECT hex(r.product_id) FROM ratings r LEFT JOIN reviews v ON v.product_id = r.product_id \
         GROUP BY r.product_id HAVING r.stars_1 <> COUNT(CASE v.rating WHEN 1 THEN 1 END) \
           OR r.stars_2 <> COUNT(CASE v.rating WHEN 2 THEN 1 END) \
           OR r.stars_3 <> COUNT(CASE v.rating WHEN 3 THEN 1 END) \
           OR r.stars_4 <> COUNT(CASE v.rating WHEN 4 THEN 1 END) \
           OR r.stars_5 <> COUNT(CASE v.rating WHEN 5 THEN 1 END)",
    ),
    (
        "community",
        "a review's votes are counted",
        "SELECT hex(v.id) FROM reviews v LEFT JOIN review_votes o ON o.review_id = v.id GROUP BY v.id \
         HAVING v.helpful <> COUNT(CASE o.helpful WHEN 1 THEN 1 END) \
           OR v.not_helpful <> COUNT(CASE o.helpful WHEN 0 THEN 1 END)",
    ),
];

/// Checks reviews against what their writers were told, and the catalogue's sums against them.
pub fn check(world: &World, told: &[Reviewed]) {
    let written =
        rows(&world.host("community").look, "SELECT id, product_id, rating FROM reviews", |row| {
            Ok((row.get::<Uuid>(0)?, (row.get::<Uuid>(1)?, row.get::<i64>(2)?)))
        });
    let written: BTreeMap<Uuid, (Uuid, i64)> = written.into_iter().collect();
    for review in told {
        let Ok(id) = review.id.parse::<ReviewId>() else { continue };
        let found = written.get(&id.uuid()).map(|(_, rating)| *rating);
        let is_so = match review.rating {
            _ if review.gone => found.is_none(),
            Some(rating) => found == Some(rating),
            None => true,
        };
        if !is_so {
            world.violated("a review is as it was told", format!("{found:?}, told {review:?}"));
        }
    }
    let bought = rows(
        &world.host("orders").look,
        "SELECT o.user_id, l.product_id FROM orders o JOIN order_lines l ON l.order_id = o.id \
         WHERE o.user_id IS NOT NULL \
         AND o.id IN (SELECT order_id FROM order_history WHERE status = 'confirmed')",
        |row| Ok((row.get::<Uuid>(0)?, row.get::<Uuid>(1)?)),
    );
    for review in told.iter().filter(|review| review.verified) {
        let id = review.product.rsplit('/').next().and_then(|id| id.parse::<ProductId>().ok());
        if !id.is_some_and(|id| bought.contains(&(review.writer, id.uuid()))) {
            world.violated("who is said to have bought has", format!("{review:?}"));
        }
    }
    let mut sums = BTreeMap::<Uuid, (i64, i64)>::new();
    for (product, rating) in written.into_values() {
        let (sum, count) = sums.entry(product).or_default();
        (*sum, *count) = (*sum + rating, *count + 1);
    }
    let shown = rows(
        &world.host("catalog").look,
        "SELECT id, rating_sum, rating_count FROM products",
        |row| Ok((row.get::<Uuid>(0)?, (row.get::<i64>(1)?, row.get::<i64>(2)?))),
    );
    for (product, shown) in shown {
        let sums = sums.get(&product).copied().unwrap_or_default();
        if shown != sums {
            let detail = format!("{product}: {shown:?} of {sums:?}");
            world.violated("the catalogue shows how goods are rated", detail);
        }
    }
}

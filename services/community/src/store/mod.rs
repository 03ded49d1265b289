//! Community's SQL, and nobody else's: plain functions over one transaction. A customer's row of
//! `favorite_counts` is always locked before their favourites are changed, a product's row of `ratings`
//! before its reviews, and a review's row before the votes on it.

mod favorites;
mod purchases;
mod ratings;
mod reviews;
mod votes;

pub use favorites::{
    delete_favorite, insert_count, insert_favorite, is_favorite, list_favorites, lock_count,
    update_count,
};
pub use purchases::{audit_purchases, has_bought, insert_purchase};
pub use ratings::{insert_rating, lock_rating, lookup_rating, update_rating};
pub use reviews::{
    delete_review, has_reviewed, insert_review, list_reviews, lock_review, lookup_review,
    update_review,
};
pub use votes::{delete_vote, delete_votes, insert_vote, lookup_vote, update_vote, update_votes};

use techtrove_db::{Migration, MigrationSet};

/// The tables of community.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "community",
    migrations: &[
        Migration {
            version: 1,
            name: "favorite_counts",
            sqlite: include_str!("../../migrations/sqlite/0001_favorite_counts.sql"),
            postgres: include_str!("../../migrations/postgres/0001_favorite_counts.sql"),
            mysql: include_str!("../../migrations/mysql/0001_favorite_counts.sql"),
        },
        Migration {
            version: 2,
            name: "favorites",
            sqlite: include_str!("../../migrations/sqlite/0002_favorites.sql"),
            postgres: include_str!("../../migrations/postgres/0002_favorites.sql"),
            mysql: include_str!("../../migrations/mysql/0002_favorites.sql"),
        },
        Migration {
            version: 3,
            name: "ratings",
            sqlite: include_str!("../../migrations/sqlite/0003_ratings.sql"),
            postgres: include_str!("../../migrations/postgres/0003_ratings.sql"),
            mysql: include_str!("../../migrations/mysql/0003_ratings.sql"),
        },
        Migration {
            version: 4,
            name: "reviews",
            sqlite: include_str!("../../migrations/sqlite/0004_reviews.sql"),
            postgres: include_str!("../../migrations/postgres/0004_reviews.sql"),
            mysql: include_str!("../../migrations/mysql/0004_reviews.sql"),
        },
        Migration {
            version: 5,
            name: "review_votes",
            sqlite: include_str!("../../migrations/sqlite/0005_review_votes.sql"),
            postgres: include_str!("../../migrations/postgres/0005_review_votes.sql"),
            mysql: include_str!("../../migrations/mysql/0005_review_votes.sql"),
        },
        Migration {
            version: 6,
            name: "purchases",
            sqlite: include_str!("../../migrations/sqlite/0006_purchases.sql"),
            postgres: include_str!("../../migrations/postgres/0006_purchases.sql"),
            mysql: include_str!("../../migrations/mysql/0006_purchases.sql"),
        },
    ],
};

//! Community's SQL, and nobody else's: plain functions over one transaction. A customer's row of
//! `favorite_counts` is always locked before their favourites are changed.

mod favorites;

pub use favorites::{
    delete_favorite, insert_count, insert_favorite, is_favorite, list_favorites, lock_count,
    update_count,
};

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
    ],
};

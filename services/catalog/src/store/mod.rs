//! The catalogue's SQL, and nobody else's: plain functions over one transaction. A product is stored
//! as the document that is shown, with what is searched by in columns beside it. Nothing here
//! decides; the rules are in `crate::domain`.

mod availability;
mod categories;
mod collections;
mod export;
mod imports;
mod listing;
mod products;
mod ratings;
mod sales;
mod trials;
mod untold;
mod variants;

pub use availability::note_availability;
pub use categories::{
    category_parents, delete_category, insert_category, is_category_empty, list_categories,
    lock_category, lookup_category, lookup_category_by_slug, update_category,
};
pub use collections::{
    CollectionPlace, delete_collection, insert_collection, list_collections, lock_collection,
    lookup_collection, lookup_collection_by_slug, products_on_sale, update_collection,
};
pub use export::{export_empty_categories, export_products};
pub use imports::{
    ERRORS_KEPT, Job, JobStatus, JobTurn, cancel_job, checkpoint, claim_job, count_categories,
    delete_job, end_job, fail_job, fail_stale_jobs, insert_chunk, insert_job, is_cancelled,
    job_errors, keep_outcome, lock_outcome, lookup_chunk, lookup_job, queue_job, release_job,
    set_job_columns, touch_job,
};
pub use listing::{Filter, list_products};
pub use products::{
    free_slug, get_shown, insert_product, is_slug_taken, lock_product, lookup_by_slug,
    lookup_place, lookup_shown, lookup_shown_by_slug, update_product,
};
pub use ratings::set_rating;
pub use sales::{add_sold, add_up_sales, has_sales, insert_sale};
pub use trials::{
    clear_trial, holders_of_slug, lookup_trial, note_trial, trial_category, trial_category_of_slug,
    trial_of_sku,
};
pub use untold::{Untold, has_untold, take_untold};
pub use variants::{lookup_sellable, owner_of_sku};

use techtrove_db::{DbError, Migration, MigrationSet, Row};
use techtrove_inventory_api::Availability;

/// The tables of the catalogue.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "catalog",
    migrations: &[
        Migration {
            version: 1,
            name: "products",
            sqlite: include_str!("../../migrations/sqlite/0001_products.sql"),
            postgres: include_str!("../../migrations/postgres/0001_products.sql"),
            mysql: include_str!("../../migrations/mysql/0001_products.sql"),
        },
        Migration {
            version: 2,
            name: "imports",
            sqlite: include_str!("../../migrations/sqlite/0002_imports.sql"),
            postgres: include_str!("../../migrations/postgres/0002_imports.sql"),
            mysql: include_str!("../../migrations/mysql/0002_imports.sql"),
        },
        Migration {
            version: 3,
            name: "lists",
            sqlite: include_str!("../../migrations/sqlite/0003_lists.sql"),
            postgres: include_str!("../../migrations/postgres/0003_lists.sql"),
            mysql: include_str!("../../migrations/mysql/0003_lists.sql"),
        },
        Migration {
            version: 4,
            name: "exchange",
            sqlite: include_str!("../../migrations/sqlite/0004_exchange.sql"),
            postgres: include_str!("../../migrations/postgres/0004_exchange.sql"),
            mysql: include_str!("../../migrations/mysql/0004_exchange.sql"),
        },
        Migration {
            version: 5,
            name: "collections",
            sqlite: include_str!("../../migrations/sqlite/0005_collections.sql"),
            postgres: include_str!("../../migrations/postgres/0005_collections.sql"),
            mysql: include_str!("../../migrations/mysql/0005_collections.sql"),
        },
        Migration {
            version: 6,
            name: "bestsellers",
            sqlite: include_str!("../../migrations/sqlite/0006_bestsellers.sql"),
            postgres: include_str!("../../migrations/postgres/0006_bestsellers.sql"),
            mysql: include_str!("../../migrations/mysql/0006_bestsellers.sql"),
        },
        Migration {
            version: 7,
            name: "images",
            sqlite: include_str!("../../migrations/sqlite/0007_images.sql"),
            postgres: include_str!("../../migrations/postgres/0007_images.sql"),
            mysql: include_str!("../../migrations/mysql/0007_images.sql"),
        },
        Migration {
            version: 8,
            name: "sold_indexes",
            sqlite: include_str!("../../migrations/sqlite/0008_sold_indexes.sql"),
            postgres: include_str!("../../migrations/postgres/0008_sold_indexes.sql"),
            mysql: include_str!("../../migrations/mysql/0008_sold_indexes.sql"),
        },
        Migration {
            version: 9,
            name: "category_orders",
            sqlite: include_str!("../../migrations/sqlite/0009_category_orders.sql"),
            postgres: include_str!("../../migrations/postgres/0009_category_orders.sql"),
            mysql: include_str!("../../migrations/mysql/0009_category_orders.sql"),
        },
        Migration {
            version: 10,
            name: "sales",
            sqlite: include_str!("../../migrations/sqlite/0010_sales.sql"),
            postgres: include_str!("../../migrations/postgres/0010_sales.sql"),
            mysql: include_str!("../../migrations/mysql/0010_sales.sql"),
        },
        Migration {
            version: 11,
            name: "cancelled_imports",
            sqlite: include_str!("../../migrations/sqlite/0011_cancelled_imports.sql"),
            postgres: include_str!("../../migrations/postgres/0011_cancelled_imports.sql"),
            mysql: include_str!("../../migrations/mysql/0011_cancelled_imports.sql"),
        },
        Migration {
            version: 12,
            name: "trials",
            sqlite: include_str!("../../migrations/sqlite/0012_trials.sql"),
            postgres: include_str!("../../migrations/postgres/0012_trials.sql"),
            mysql: include_str!("../../migrations/mysql/0012_trials.sql"),
        },
        Migration {
            version: 13,
            name: "made_categories",
            sqlite: include_str!("../../migrations/sqlite/0013_made_categories.sql"),
            postgres: include_str!("../../migrations/postgres/0013_made_categories.sql"),
            mysql: include_str!("../../migrations/mysql/0013_made_categories.sql"),
        },
        Migration {
            version: 14,
            name: "untold",
            sqlite: include_str!("../../migrations/sqlite/0014_untold.sql"),
            postgres: include_str!("../../migrations/postgres/0014_untold.sql"),
            mysql: include_str!("../../migrations/mysql/0014_untold.sql"),
        },
        Migration {
            version: 15,
            name: "import_outcome",
            sqlite: include_str!("../../migrations/sqlite/0015_import_outcome.sql"),
            postgres: include_str!("../../migrations/postgres/0015_import_outcome.sql"),
            mysql: include_str!("../../migrations/mysql/0015_import_outcome.sql"),
        },
    ],
};

/// A version as it is stored.
fn stored_version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// A version that is stored in this column.
fn version(row: &Row<'_>, column: usize) -> Result<u64, DbError> {
    u64::try_from(row.get::<i64>(column)?).map_err(DbError::decode)
}

/// Availability as it is stored: the better, the higher.
fn stored_availability(availability: Availability) -> i64 {
    match availability {
        Availability::OutOfStock => 0,
        Availability::LowStock => 1,
        Availability::InStock => 2,
    }
}

/// Availability that is stored in this column.
fn availability(row: &Row<'_>, column: usize) -> Result<Availability, DbError> {
    match row.get::<i64>(column)? {
        0 => Ok(Availability::OutOfStock),
        1 => Ok(Availability::LowStock),
        2 => Ok(Availability::InStock),
        _ => Err(DbError::decode("no such availability")),
    }
}

//! Inventory's SQL, and nobody else's: plain functions over one transaction. Rows of stock are always
//! locked and changed in SKU order, whatever order they were asked for in.

mod audit;
mod batch;
mod categories;
mod keys;
mod movements;
mod offers;
mod parcels;
mod reservations;
mod returns;
mod stock;

pub use audit::{audit_reservations, audit_stock};
pub use batch::Batch;
pub use categories::{lookup_parent, place_category};
pub use keys::{assign_keys, insert_key, list_sold_keys, lookup_known, return_keys, reveal_keys};
pub use movements::{insert_movement, list_movements};
pub use offers::{list_not_on_sale, list_places, note_offers};
pub use parcels::{audit_parcels, insert_parcel, lookup_parcel};
pub use reservations::{
    insert_reservation, list_due, list_left, list_lines, lock_standing, lookup_standing,
    update_standing,
};
pub use returns::{audit_returns, insert_returned, list_out, lookup_returned};
pub use stock::{insert_item, list_items, lock_items, lookup_items, update_item};

use techtrove_core::Sku;
use techtrove_db::{Migration, MigrationSet};

/// The tables of inventory.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "inventory",
    migrations: &[
        Migration {
            version: 1,
            name: "stock",
            sqlite: include_str!("../../migrations/sqlite/0001_stock.sql"),
            postgres: include_str!("../../migrations/postgres/0001_stock.sql"),
            mysql: include_str!("../../migrations/mysql/0001_stock.sql"),
        },
        Migration {
            version: 2,
            name: "shipping_and_keys",
            sqlite: include_str!("../../migrations/sqlite/0002_shipping_and_keys.sql"),
            postgres: include_str!("../../migrations/postgres/0002_shipping_and_keys.sql"),
            mysql: include_str!("../../migrations/mysql/0002_shipping_and_keys.sql"),
        },
        Migration {
            version: 3,
            name: "returns",
            sqlite: include_str!("../../migrations/sqlite/0003_returns.sql"),
            postgres: include_str!("../../migrations/postgres/0003_returns.sql"),
            mysql: include_str!("../../migrations/mysql/0003_returns.sql"),
        },
        Migration {
            version: 4,
            name: "returns_by_reservation",
            sqlite: include_str!("../../migrations/sqlite/0004_returns_by_reservation.sql"),
            postgres: include_str!("../../migrations/postgres/0004_returns_by_reservation.sql"),
            mysql: include_str!("../../migrations/mysql/0004_returns_by_reservation.sql"),
        },
        Migration {
            version: 5,
            name: "offers",
            sqlite: include_str!("../../migrations/sqlite/0005_offers.sql"),
            postgres: include_str!("../../migrations/postgres/0005_offers.sql"),
            mysql: include_str!("../../migrations/mysql/0005_offers.sql"),
        },
        Migration {
            version: 6,
            name: "return_lines_by_sku",
            sqlite: include_str!("../../migrations/sqlite/0006_return_lines_by_sku.sql"),
            postgres: include_str!("../../migrations/postgres/0006_return_lines_by_sku.sql"),
            mysql: include_str!("../../migrations/mysql/0006_return_lines_by_sku.sql"),
        },
        Migration {
            version: 7,
            name: "categories",
            sqlite: include_str!("../../migrations/sqlite/0007_categories.sql"),
            postgres: include_str!("../../migrations/postgres/0007_categories.sql"),
            mysql: include_str!("../../migrations/mysql/0007_categories.sql"),
        },
    ],
};

/// A number of rows as a statement takes it.
fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A version as it is stored.
fn stored_version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// The SKUs in tens, as many as one statement asks for; what is missing of the last is filled up with its
/// last.
fn tens<'a>(skus: impl Iterator<Item = &'a Sku>) -> impl Iterator<Item = [&'a str; 10]> {
    let skus: Vec<&str> = skus.map(Sku::as_str).collect();
    let mut from = 0;
    std::iter::from_fn(move || {
        let last = skus.last().filter(|_| from < skus.len())?;
        let ten = std::array::from_fn(|n| skus.get(from + n).unwrap_or(last));
        from += ten.len();
        Some(ten.map(|sku: &&str| *sku))
    })
}

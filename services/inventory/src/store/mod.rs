//! Inventory's SQL, and nobody else's: plain functions over one transaction. Rows of stock are always
//! locked and changed in SKU order, whatever order they were asked for in.

mod audit;
mod batch;
mod keys;
mod movements;
mod parcels;
mod reservations;
mod returns;
mod stock;

pub use audit::{audit_reservations, audit_stock};
pub use batch::Batch;
pub use keys::{assign_keys, insert_key, list_sold_keys, lookup_known, return_keys, reveal_keys};
pub use movements::{insert_movement, list_movements};
pub use parcels::{audit_parcels, insert_parcel, lookup_parcel};
pub use reservations::{
    insert_reservation, list_due, list_left, list_lines, lock_standing, lookup_standing,
    update_standing,
};
pub use returns::{audit_returns, insert_returned, list_out, lookup_returned};
pub use stock::{insert_item, list_items, lock_items, lookup_items, update_item};

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
            name: "return_lines_by_sku",
            sqlite: include_str!("../../migrations/sqlite/0005_return_lines_by_sku.sql"),
            postgres: include_str!("../../migrations/postgres/0005_return_lines_by_sku.sql"),
            mysql: include_str!("../../migrations/mysql/0005_return_lines_by_sku.sql"),
        },
    ],
};

/// A number of rows as a statement takes it.
fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

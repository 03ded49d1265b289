//! Inventory's SQL, and nobody else's: plain functions over one transaction. Rows of stock are always
//! locked and changed in SKU order, whatever order they were asked for in.

mod audit;
mod batch;
mod movements;
mod reservations;
mod stock;

pub use audit::{audit_reservations, audit_stock};
pub use batch::Batch;
pub use movements::insert_movement;
pub use reservations::{
    insert_reservation, list_due, list_lines, lock_standing, lookup_standing, update_standing,
};
pub use stock::{insert_item, lock_items, lookup_items, update_item};

use techtrove_db::{Migration, MigrationSet};

/// The tables of inventory.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "inventory",
    migrations: &[Migration {
        version: 1,
        name: "stock",
        sqlite: include_str!("../../migrations/sqlite/0001_stock.sql"),
        postgres: include_str!("../../migrations/postgres/0001_stock.sql"),
        mysql: include_str!("../../migrations/mysql/0001_stock.sql"),
    }],
};

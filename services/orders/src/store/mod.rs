//! Orders' SQL, and nobody else's: plain functions over one transaction. An order's row tells what it
//! is; its row in `sagas` tells what is still to be done for it, and is gone once nothing is.

mod audit;
mod orders;
mod sagas;

pub use audit::list_entries;
pub use orders::{insert_order, lookup_order};
pub use sagas::{
    Backlog, Lease, StoredSaga, backlog, claim_due, insert_saga, lookup_saga, store_change,
};

use techtrove_db::{Migration, MigrationSet};

/// The tables of orders.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "orders",
    migrations: &[Migration {
        version: 1,
        name: "orders",
        sqlite: include_str!("../../migrations/sqlite/0001_orders.sql"),
        postgres: include_str!("../../migrations/postgres/0001_orders.sql"),
        mysql: include_str!("../../migrations/mysql/0001_orders.sql"),
    }],
};

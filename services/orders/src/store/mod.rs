//! Orders' SQL, and nobody else's: plain functions over one transaction. An order's row tells what it
//! is; its row in `sagas` tells what is still to be done for it, and is gone once nothing is.

mod adoption;
mod audit;
mod carts;
mod edits;
mod listing;
mod orders;
mod purchases;
mod refunds;
mod returns;
mod sagas;
mod shipments;
mod tracking;

pub use adoption::{VerifiedAddress, adopt_orders, keep_verified, lookup_owner};
pub use audit::list_entries;
pub use carts::{
    CartAt, insert_cart, insert_claim, lock_cart, lock_owner, lookup_cart, lookup_claim,
    lookup_current, prune_carts, save_cart, take_cart,
};
pub use edits::store_edit;
pub use listing::{ContactFilter, OrderCursor, OrderFilter, list_orders};
pub use orders::{insert_order, lookup_order, store_moved};
pub use purchases::list_purchases;
pub use returns::lookup_order_of_return;
pub use sagas::{
    Backlog, Held, Lease, Locked, StoredSaga, backlog, claim_due, end_leases, hurry, insert_saga,
    lock_order, lookup_own_saga, lookup_saga, store_change, take_lease, turn_saga,
};
pub use shipments::list_parcels;
pub use tracking::{
    entry_row, insert_ticket, list_entries_after, newest_entry, prune_tickets, status_row,
    use_ticket,
};

use techtrove_db::{Migration, MigrationSet};

/// One step of the tables' history, from its three files of one name.
macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
            mysql: include_str!(concat!("../../migrations/mysql/", $file, ".sql")),
        }
    };
}

/// The tables of orders.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "orders",
    migrations: &[
        migration!(1, "orders", "0001_orders"),
        migration!(2, "carts", "0002_carts"),
        migration!(3, "fulfilment", "0003_fulfilment"),
        migration!(4, "tracking", "0004_tracking"),
        migration!(5, "cart_owners", "0005_cart_owners"),
        migration!(6, "placing", "0006_placing"),
        migration!(7, "verified_addresses", "0007_verified_addresses"),
        migration!(8, "returns", "0008_returns"),
        migration!(9, "refund_failures", "0009_refund_failures"),
        migration!(10, "languages", "0010_languages"),
        migration!(11, "refund_questions", "0011_refund_questions"),
    ],
};

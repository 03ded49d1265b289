//! The payments' tables, and nobody else's. Every write is guarded: a payment changes only from the
//! version that was read, an operation ends only while it is open, and a booking's primary key refuses
//! to be written twice. What it holds and how it ends, says the domain.

mod books;
mod list;
mod operations;
mod payments;
mod refunds;

pub use books::{balances, page};
pub use list::{Dated, RefundTrouble, list, lookup_dated};
pub use operations::{OpenOperation, OpenSummary, claim, due, open_summary};
pub use payments::{begin, end, insert, insert_never, lock, lookup, name_charge, require_action};
pub use refunds::{
    DueLook, MadeRefund, due_looks, insert_refund, lookup_refund, made_refund, move_look,
    unmake_refund,
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

/// The tables of payments.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "payments",
    migrations: &[
        migration!(1, "payments", "0001_payments"),
        migration!(2, "operations", "0002_operations"),
        migration!(3, "refunds", "0003_refunds"),
        migration!(4, "ledger_entries", "0004_ledger_entries"),
        migration!(5, "customers", "0005_customers"),
        migration!(6, "provider_references", "0006_provider_references"),
        migration!(7, "refund_failures", "0007_refund_failures"),
        migration!(8, "refund_looks", "0008_refund_looks"),
    ],
};

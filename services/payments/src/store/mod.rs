//! The payments' tables, and nobody else's. Every write is guarded: a payment changes only from the
//! version that was read, an operation ends only while it is open, and a booking's primary key refuses
//! to be written twice. What it holds and how it ends, says the domain.

mod books;
mod operations;
mod payments;
mod refunds;

pub use books::{balances, page};
pub use operations::{OpenOperation, OpenSummary, claim, due, open_summary};
pub use payments::{begin, end, insert, insert_never, lock, lookup};
pub use refunds::{insert_refund, lookup_refund};

use techtrove_db::{Migration, MigrationSet};

/// The tables of payments.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "payments",
    migrations: &[
        Migration {
            version: 1,
            name: "payments",
            sqlite: include_str!("../../migrations/sqlite/0001_payments.sql"),
            postgres: include_str!("../../migrations/postgres/0001_payments.sql"),
            mysql: include_str!("../../migrations/mysql/0001_payments.sql"),
        },
        Migration {
            version: 2,
            name: "operations",
            sqlite: include_str!("../../migrations/sqlite/0002_operations.sql"),
            postgres: include_str!("../../migrations/postgres/0002_operations.sql"),
            mysql: include_str!("../../migrations/mysql/0002_operations.sql"),
        },
        Migration {
            version: 3,
            name: "refunds",
            sqlite: include_str!("../../migrations/sqlite/0003_refunds.sql"),
            postgres: include_str!("../../migrations/postgres/0003_refunds.sql"),
            mysql: include_str!("../../migrations/mysql/0003_refunds.sql"),
        },
        Migration {
            version: 4,
            name: "ledger_entries",
            sqlite: include_str!("../../migrations/sqlite/0004_ledger_entries.sql"),
            postgres: include_str!("../../migrations/postgres/0004_ledger_entries.sql"),
            mysql: include_str!("../../migrations/mysql/0004_ledger_entries.sql"),
        },
    ],
};

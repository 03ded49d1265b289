//! The tables behind events. They stand beside each service's own tables in its database.

use techtrove_db::{Migration, MigrationSet};

/// Outbox, sequences, inbox, dead letters and leases.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "bus",
    migrations: &[Migration {
        version: 1,
        name: "events",
        sqlite: include_str!("../migrations/sqlite/0001_events.sql"),
        postgres: include_str!("../migrations/postgres/0001_events.sql"),
        mysql: include_str!("../migrations/mysql/0001_events.sql"),
    }],
};

//! Notifications' SQL, and nobody else's: plain functions over one transaction. What a mail says is
//! kept apart from the record that it was written, and forgotten earlier.

mod mails;
mod sending;

pub use mails::{audit_mails, forget_contents, insert_mail, list_mails, lookup_cutoff};
pub use sending::{claim_mail, list_due, note_attempt};

use techtrove_db::{Migration, MigrationSet};

/// The tables of notifications.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "notifications",
    migrations: &[Migration {
        version: 1,
        name: "mails",
        sqlite: include_str!("../../migrations/sqlite/0001_mails.sql"),
        postgres: include_str!("../../migrations/postgres/0001_mails.sql"),
        mysql: include_str!("../../migrations/mysql/0001_mails.sql"),
    }],
};

//! Notifications' SQL, and nobody else's: plain functions over one transaction. What a mail says is
//! kept apart from the record that it was written, and forgotten earlier.

mod mails;
mod refusals;
mod sending;

pub use mails::{
    MailFilter, audit_mails, forget_letter, forget_letters, has_copy_queued, insert_mail,
    list_mails, list_records, list_records_of, lock_mail, lookup_cutoff, lookup_record,
};
pub use refusals::{delete_refusal, insert_refusal, is_refused, list_refusals};
pub use sending::{claim_mail, list_due, note_attempt};

use techtrove_db::{Migration, MigrationSet};

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
            mysql: include_str!(concat!("../../migrations/mysql/", $file)),
        }
    };
}

/// The tables of notifications.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "notifications",
    migrations: &[
        migration!(1, "mails", "0001_mails.sql"),
        migration!(2, "recipients", "0002_recipients.sql"),
        migration!(3, "letters", "0003_letters.sql"),
        migration!(4, "rendered_mails", "0004_rendered_mails.sql"),
        migration!(5, "refusals", "0005_refusals.sql"),
        migration!(6, "failures", "0006_failures.sql"),
        migration!(7, "mails_by_subject", "0007_mails_by_subject.sql"),
    ],
};

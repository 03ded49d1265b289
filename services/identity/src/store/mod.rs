//! Identity's SQL, and nobody else's: plain functions over one transaction. Passwords, refresh tokens
//! and mailed secrets arrive here as hashes only.

mod addresses;
mod mailed;
mod sessions;
mod users;

pub use addresses::{
    count_addresses, delete_address, insert_address, list_addresses, lock_address, lookup_address,
    update_address,
};
pub use mailed::{
    delete_secrets, insert_forgotten, insert_secret, lookup_live_secret, lookup_secret,
    prune_secrets, take_forgotten,
};
pub use sessions::{
    end_own_session, end_session, end_sessions, insert_refresh_token, insert_session,
    list_known_addresses, list_sessions, lookup_refresh_token, lookup_standing, note_use,
    spend_refresh_token,
};
pub use users::{
    insert_user, list_roles, list_users, lock_admins, lock_user, lookup_user, lookup_user_by_email,
    replace_roles, set_categories, set_disabled, update_email, update_password, update_profile,
};

use techtrove_db::{Migration, MigrationSet};

/// The tables of identity.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "identity",
    migrations: &[
        Migration {
            version: 1,
            name: "accounts",
            sqlite: include_str!("../../migrations/sqlite/0001_accounts.sql"),
            postgres: include_str!("../../migrations/postgres/0001_accounts.sql"),
            mysql: include_str!("../../migrations/mysql/0001_accounts.sql"),
        },
        Migration {
            version: 2,
            name: "disabled_users",
            sqlite: include_str!("../../migrations/sqlite/0002_disabled_users.sql"),
            postgres: include_str!("../../migrations/postgres/0002_disabled_users.sql"),
            mysql: include_str!("../../migrations/mysql/0002_disabled_users.sql"),
        },
        Migration {
            version: 3,
            name: "profiles",
            sqlite: include_str!("../../migrations/sqlite/0003_profiles.sql"),
            postgres: include_str!("../../migrations/postgres/0003_profiles.sql"),
            mysql: include_str!("../../migrations/mysql/0003_profiles.sql"),
        },
        Migration {
            version: 4,
            name: "addresses",
            sqlite: include_str!("../../migrations/sqlite/0004_addresses.sql"),
            postgres: include_str!("../../migrations/postgres/0004_addresses.sql"),
            mysql: include_str!("../../migrations/mysql/0004_addresses.sql"),
        },
        Migration {
            version: 5,
            name: "mailed_secrets",
            sqlite: include_str!("../../migrations/sqlite/0005_mailed_secrets.sql"),
            postgres: include_str!("../../migrations/postgres/0005_mailed_secrets.sql"),
            mysql: include_str!("../../migrations/mysql/0005_mailed_secrets.sql"),
        },
        Migration {
            version: 6,
            name: "grants",
            sqlite: include_str!("../../migrations/sqlite/0006_grants.sql"),
            postgres: include_str!("../../migrations/postgres/0006_grants.sql"),
            mysql: include_str!("../../migrations/mysql/0006_grants.sql"),
        },
        Migration {
            version: 7,
            name: "mailed_secret_ids",
            sqlite: include_str!("../../migrations/sqlite/0007_mailed_secret_ids.sql"),
            postgres: include_str!("../../migrations/postgres/0007_mailed_secret_ids.sql"),
            mysql: include_str!("../../migrations/mysql/0007_mailed_secret_ids.sql"),
        },
    ],
};

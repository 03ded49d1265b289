//! Identity's use cases, one file each. Hashing happens on a bounded pool of its own threads, before
//! and never inside a transaction.

mod address_answer;
mod choose_password;
mod create_admin;
mod edit_profile;
mod end_session;
mod find_user;
mod forgot_password;
mod get_contact;
mod get_standing;
mod get_user;
mod hashing;
mod keep_addresses;
mod log_in;
mod look_up_secret;
mod mailing;
mod open_account;
mod refresh;
mod register;
mod session;
mod set_roles;
mod slowing;
mod tell_secrets;
mod verify_email;

pub use address_answer::AddressBody;
pub use choose_password::{change_password, reset_password};
pub use create_admin::create_admin;
pub use edit_profile::edit_profile;
pub use end_session::{end_session, list_sessions, log_out};
pub use find_user::find_user;
pub use forgot_password::{forgot_password, mail_resets, prune_secrets};
pub use get_contact::get_contact;
pub use get_standing::lookup_standing;
pub use get_user::{get_user, list_users};
pub use hashing::{Hasher, HashingError};
pub use keep_addresses::{
    edit_address, forget_address, get_address, keep_address, list_addresses, lookup_address,
};
pub use log_in::log_in;
pub use look_up_secret::look_up_secret;
pub use open_account::{let_in, open_account};
pub use refresh::refresh;
pub use register::{Registration, register};
pub use session::SignedIn;
pub use set_roles::{disable_user, enable_user, set_grants, set_roles};
pub use slowing::Slowing;
pub use tell_secrets::tell_secrets;
pub use verify_email::verify_email;

use std::sync::Arc;

use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::SigningKey;
use tokio::sync::Notify;

use crate::{Config, domain::MailKey};

/// What the use cases work with.
#[derive(Clone, Debug)]
pub struct App {
    /// Identity's own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids and secrets.
    pub ids: SharedIds,
    /// Signs access tokens.
    pub signing_key: Arc<SigningKey>,
    /// Makes the secrets that are mailed.
    pub mail_key: MailKey,
    /// Hashes and compares passwords.
    pub hasher: Arc<Hasher>,
    /// Slows who tries again and again.
    pub slowing: Arc<Slowing>,
    /// Wakes who mails to those that have forgotten their password.
    pub forgotten: Arc<Notify>,
    /// The settings.
    pub config: Config,
}

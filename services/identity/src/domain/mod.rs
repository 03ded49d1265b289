//! The rules of accounts: which passwords are accepted, what an account and a session are, and what a
//! presented refresh token or mailed secret leads to. Plain functions; hashing and storing happen elsewhere.

mod address;
mod mailed;
mod password;
mod profile;
mod refresh;
mod roles;
mod secret;
mod session;
mod slowing;

pub use address::{AddressEdit, KeptAddress, MAX_ADDRESSES};
pub use mailed::{
    InvalidPurpose, MailedSecret, Purpose, Verification, judge_verification, may_reset,
};
pub use password::{Password, RefusedPassword};
pub use profile::{MAX_NAME, Preferences, Profile, ProfileEdit, line};
pub use refresh::{PresentedToken, Verdict, judge};
pub use roles::leaves_no_admin;
pub use secret::{MailKey, Secret};
pub use session::{Device, LiveSession, Session};
pub use slowing::Attempts;

use techtrove_core::{EmailAddress, Timestamp};
use techtrove_identity_api::{GrantedCategory, Role, UserId};

/// A registered person.
#[derive(Clone, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// How to write to them.
    pub email: EmailAddress,
    /// Since when it is known that the address is theirs.
    pub email_verified_at: Option<Timestamp>,
    /// The address that they want to have, once it is known to be theirs.
    pub pending_email: Option<EmailAddress>,
    /// What they say of themselves.
    pub profile: Profile,
    /// The password's hash in PHC string form.
    pub password_hash: String,
    /// What they may be, sorted.
    pub roles: Vec<Role>,
    /// The categories that they are limited to as a manager; nothing, if they are not.
    pub categories: Option<Vec<GrantedCategory>>,
    /// Since when.
    pub created_at: Timestamp,
    /// Since when they may not come in; nothing for those who may.
    pub disabled_at: Option<Timestamp>,
    /// How often they changed what they say, and one.
    pub version: i64,
}

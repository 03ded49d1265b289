//! The rules of accounts: which passwords are accepted, what an account and a session are, and what a
//! presented refresh token leads to. Plain functions; hashing and storing happen elsewhere.

mod address;
mod password;
mod profile;
mod refresh;
mod roles;

pub use address::{AddressEdit, KeptAddress, MAX_ADDRESSES};
pub use password::{Password, RefusedPassword};
pub use profile::{MAX_NAME, Preferences, Profile, ProfileEdit, line};
pub use refresh::{PresentedToken, RefreshToken, Verdict, judge};
pub use roles::leaves_no_admin;

use techtrove_core::{EmailAddress, Timestamp};
use techtrove_identity_api::{Role, SessionId, UserId};

/// A registered person.
#[derive(Clone, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// How to write to them.
    pub email: EmailAddress,
    /// What they say of themselves.
    pub profile: Profile,
    /// The password's hash in PHC string form.
    pub password_hash: String,
    /// What they may be, sorted.
    pub roles: Vec<Role>,
    /// Since when.
    pub created_at: Timestamp,
    /// Since when they may not come in; nothing for those who may.
    pub disabled_at: Option<Timestamp>,
    /// How often they changed what they say, and one.
    pub version: i64,
}

/// One sign-in of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Since when.
    pub started_at: Timestamp,
}

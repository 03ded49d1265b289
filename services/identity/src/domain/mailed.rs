//! What a secret that was sent by mail leads to. It is for one address of one user: whoever presents it
//! has read that address's mail, and nothing else is known of them.

use std::time::Duration;

use techtrove_core::Timestamp;
use techtrove_identity_api::UserId;

use super::User;

/// What a mailed secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that the address is the user's.
    VerifyEmail,
    /// Lets the user choose another password.
    ResetPassword,
}

impl Purpose {
    /// The word that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

    /// How long the secret is good.
    #[must_use]
    pub fn lasts(self) -> Duration {
        match self {
            Self::VerifyEmail => Duration::from_secs(3 * 24 * 60 * 60),
            Self::ResetPassword => Duration::from_secs(60 * 60),
        }
    }
}

/// The text names no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a purpose of a mailed secret")]
pub struct InvalidPurpose;

impl std::str::FromStr for Purpose {
    type Err = InvalidPurpose;

    fn from_str(text: &str) -> Result<Self, InvalidPurpose> {
        let mut all = [Self::VerifyEmail, Self::ResetPassword].into_iter();
        all.find(|purpose| purpose.as_str() == text).ok_or(InvalidPurpose)
    }
}

/// What is known of a secret that was mailed.
#[derive(Clone, PartialEq, Eq)]
pub struct MailedSecret {
    /// To whom.
    pub user_id: UserId,
    /// To which address, case-folded.
    pub email_folded: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for MailedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedSecret(…)")
    }
}

/// What a presented secret says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The user's address is theirs.
    Verified,
    /// The address that the user wants is theirs: they have it from now on.
    Moved,
    /// Nothing new.
    Known,
    /// Nothing: the user neither has the address nor wants it, or the secret has ended.
    Refused,
}

/// Judges a secret that is to verify an address at `now`. One that is presented again changes nothing.
#[must_use]
pub fn judge_verification(secret: &MailedSecret, user: &User, now: Timestamp) -> Verification {
    let wanted = user.pending_email.as_ref().map(|email| email.folded());
    if secret.expires_at <= now {
        Verification::Refused
    } else if wanted.as_ref() == Some(&secret.email_folded) {
        Verification::Moved
    } else if user.email.folded() != secret.email_folded {
        Verification::Refused
    } else if user.email_verified_at.is_some() {
        Verification::Known
    } else {
        Verification::Verified
    }
}

/// Whether a secret lets the user choose another password at `now`: only while they have its address,
/// and may come in.
#[must_use]
pub fn may_reset(secret: &MailedSecret, user: &User, now: Timestamp) -> bool {
    secret.expires_at > now
        && user.email.folded() == secret.email_folded
        && user.disabled_at.is_none()
}

#[cfg(test)]
mod tests {
    use techtrove_core::{EmailAddress, TypedId as _};

    use super::*;
    use crate::domain::Profile;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn email(text: &str) -> EmailAddress {
        text.parse().expect("an address")
    }

    fn user() -> User {
        User {
            id: UserId::from_uuid("01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a UUID")),
            email: email("Ada@example.com"),
            email_verified_at: None,
            pending_email: None,
            profile: Profile::default(),
            password_hash: String::new(),
            roles: Vec::new(),
            categories: None,
            created_at: at(0),
            disabled_at: None,
            version: 1,
        }
    }

    fn secret(email: &str) -> MailedSecret {
        MailedSecret { user_id: user().id, email_folded: email.into(), expires_at: at(10) }
    }

    #[test]
    fn an_address_is_verified_once_and_changes_only_to_the_one_that_is_wanted() {
        let ada = user();
        let known = User { email_verified_at: Some(at(1)), ..ada.clone() };
        let moving = User { pending_email: Some(email("Ada@example.org")), ..known.clone() };
        let judge = |email, user| judge_verification(&secret(email), user, at(9));

        assert_eq!(judge("ada@example.com", &ada), Verification::Verified);
        assert_eq!(judge("ada@example.com", &known), Verification::Known);
        assert_eq!(judge("ada@example.com", &moving), Verification::Known);
        assert_eq!(judge("ada@example.org", &moving), Verification::Moved);
        assert_eq!(judge("ada@example.org", &known), Verification::Refused);
        let late = judge_verification(&secret("ada@example.com"), &ada, at(10));
        assert_eq!(late, Verification::Refused);
    }

    #[test]
    fn another_spelling_of_the_own_address_is_a_change() {
        let wants = User { pending_email: Some(email("ada@example.com")), ..user() };

        let verdict = judge_verification(&secret("ada@example.com"), &wants, at(9));

        assert_eq!(verdict, Verification::Moved);
    }

    #[test]
    fn a_password_is_reset_in_time_by_the_address_of_now() {
        let ada = user();
        let moved = User { email: email("ada@example.org"), ..ada.clone() };
        let disabled = User { disabled_at: Some(at(1)), ..ada.clone() };
        let secret = secret("ada@example.com");

        assert!(may_reset(&secret, &ada, at(9)));
        assert!(!may_reset(&secret, &ada, at(10)));
        assert!(!may_reset(&secret, &moved, at(9)));
        assert!(!may_reset(&secret, &disabled, at(9)));
    }
}

//! What identity's events carry. Those that lead to a mail carry whom it goes to and, where it has a
//! link, the id of the link's secret, which identity tells whoever is about to write the mail. Version 1
//! of these carried the secret itself; it is published no more, and read as long as some are under way.
//! None of this may appear in a log.

use std::fmt;

use serde::{Deserialize, Serialize};
use techtrove_core::{EmailAddress, Timestamp};

use crate::{MailedSecret, MailedSecretId, UserId};

/// The kind of aggregate whose events tell of a user.
pub const USER_AGGREGATE: &str = "identity.user";

/// Somebody made an account; carries [`UserRegistered`].
pub const USER_REGISTERED: &str = "identity.user.registered.v2";

/// The same with the secret itself; carries [`UserRegisteredV1`].
pub const USER_REGISTERED_V1: &str = "identity.user.registered.v1";

/// A user is to show that an address is theirs; carries [`EmailVerificationRequested`].
pub const EMAIL_VERIFICATION_REQUESTED: &str = "identity.user.email_verification_requested.v2";

/// The same with the secret itself; carries [`EmailVerificationRequestedV1`].
pub const EMAIL_VERIFICATION_REQUESTED_V1: &str = "identity.user.email_verification_requested.v1";

/// An address was shown to be the user's; carries [`EmailVerified`].
pub const EMAIL_VERIFIED: &str = "identity.user.email_verified.v1";

/// A user has another address from now on; carries [`EmailChanged`].
pub const EMAIL_CHANGED: &str = "identity.user.email_changed.v1";

/// Somebody forgot a password; carries [`PasswordResetRequested`].
pub const PASSWORD_RESET_REQUESTED: &str = "identity.user.password_reset_requested.v2";

/// The same with the secret itself; carries [`PasswordResetRequestedV1`].
pub const PASSWORD_RESET_REQUESTED_V1: &str = "identity.user.password_reset_requested.v1";

/// A user has another password from now on; carries [`PasswordChanged`].
pub const PASSWORD_CHANGED: &str = "identity.user.password_changed.v1";

/// Whom a mail goes to; its members stand among those of the event.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Where to write to.
    pub email: EmailAddress,
    /// How to call them.
    pub name: String,
    /// Their language and region (BCP 47), when they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl fmt::Debug for Recipient {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(…)")
    }
}

/// The data of [`USER_REGISTERED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRegistered {
    /// Who.
    pub user_id: UserId,
    /// Whom the mail goes to.
    #[serde(flatten)]
    pub to: Recipient,
    /// Which secret shows that the address is theirs (`POST /auth/verify-email`).
    pub secret_id: MailedSecretId,
    /// When the secret ends.
    pub expires_at: Timestamp,
}

/// The data of [`USER_REGISTERED_V1`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRegisteredV1 {
    /// Who.
    pub user_id: UserId,
    /// Whom the mail goes to.
    #[serde(flatten)]
    pub to: Recipient,
    /// Shows that the address is theirs.
    pub verification_token: MailedSecret,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// The data of [`EMAIL_VERIFICATION_REQUESTED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailVerificationRequested {
    /// Who.
    pub user_id: UserId,
    /// Whom the mail goes to: the address is the one to be verified, which the user may not have yet.
    #[serde(flatten)]
    pub to: Recipient,
    /// Which secret shows that the address is theirs (`POST /auth/verify-email`).
    pub secret_id: MailedSecretId,
    /// When the secret ends.
    pub expires_at: Timestamp,
}

/// The data of [`EMAIL_VERIFICATION_REQUESTED_V1`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailVerificationRequestedV1 {
    /// Who.
    pub user_id: UserId,
    /// Whom the mail goes to.
    #[serde(flatten)]
    pub to: Recipient,
    /// Shows that the address is theirs.
    pub token: MailedSecret,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// The data of [`EMAIL_VERIFIED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailVerified {
    /// Who.
    pub user_id: UserId,
    /// The address that is theirs.
    pub email: EmailAddress,
}

/// The data of [`EMAIL_CHANGED`]. The mail goes to the address of before, whose owner may know nothing
/// of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailChanged {
    /// Who.
    pub user_id: UserId,
    /// Whom the mail goes to: the address is the one of before.
    #[serde(flatten)]
    pub to: Recipient,
}

/// The data of [`PASSWORD_RESET_REQUESTED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordResetRequested {
    /// Whose password.
    pub user_id: UserId,
    /// Whom the mail goes to.
    #[serde(flatten)]
    pub to: Recipient,
    /// Which secret lets its owner choose another password (`POST /auth/reset-password`), once.
    pub secret_id: MailedSecretId,
    /// When the secret ends.
    pub expires_at: Timestamp,
}

/// The data of [`PASSWORD_RESET_REQUESTED_V1`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordResetRequestedV1 {
    /// Whose password.
    pub user_id: UserId,
    /// Whom the mail goes to.
    #[serde(flatten)]
    pub to: Recipient,
    /// Lets its owner choose another password, once.
    pub token: MailedSecret,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// The data of [`PASSWORD_CHANGED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// Whose password.
    pub user_id: UserId,
    /// Whom the mail goes to.
    #[serde(flatten)]
    pub to: Recipient,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// An event as it is published.
    fn recorded(more: &Value) -> Value {
        let mut event = json!({
            "user_id": "usr_01kafy3m2se6rbq3tmn4y4bwqd",
            "email": "ada@example.com",
            "name": "Ada",
            "locale": "de-AT",
        });
        let members = more.as_object().expect("an object").clone();
        event.as_object_mut().expect("an object").extend(members);
        event
    }

    fn with_token(member: &str) -> Value {
        recorded(&json!({ member: "s3cret", "expires_at": "2026-01-01T01:00:00.000000Z" }))
    }

    /// Reads what was recorded, and writes it again as it was.
    fn read<T: Serialize + serde::de::DeserializeOwned>(event: &Value) -> T {
        let read: T = serde_json::from_value(event.clone()).expect("is read");
        assert_eq!(&serde_json::to_value(&read).expect("is written"), event);
        read
    }

    #[test]
    fn recorded_events_of_version_1_are_read_and_written() {
        let registered: UserRegisteredV1 = read(&with_token("verification_token"));
        let verification: EmailVerificationRequestedV1 = read(&with_token("token"));
        let reset: PasswordResetRequestedV1 = read(&with_token("token"));
        let changed: PasswordChanged = read(&recorded(&json!({})));
        let moved: EmailChanged = read(&recorded(&json!({})));

        assert_eq!(registered.verification_token.expose(), "s3cret");
        assert_eq!((verification.token.expose(), reset.token.expose()), ("s3cret", "s3cret"));
        assert_eq!(registered.expires_at, reset.expires_at);
        assert_eq!((&changed.to, &moved.to), (&registered.to, &reset.to));
        assert_eq!(changed.to.locale.as_deref(), Some("de-AT"));
    }

    #[test]
    fn recorded_events_of_version_2_name_the_secret_and_do_not_tell_it() {
        let event = recorded(&json!({
            "secret_id": "sec_01kafy3m2se6rbq3tmn4y4bwqd",
            "expires_at": "2026-01-01T01:00:00.000000Z",
        }));

        let registered: UserRegistered = read(&event);
        let verification: EmailVerificationRequested = read(&event);
        let reset: PasswordResetRequested = read(&event);

        assert_eq!(registered.secret_id.to_string(), "sec_01kafy3m2se6rbq3tmn4y4bwqd");
        assert_eq!(
            (verification.secret_id, reset.secret_id),
            (registered.secret_id, registered.secret_id)
        );
    }

    #[test]
    fn a_verified_address_is_read_and_written() {
        let event = json!({
            "user_id": "usr_01kafy3m2se6rbq3tmn4y4bwqd",
            "email": "ada@example.com",
        });

        let verified: EmailVerified = read(&event);

        assert_eq!(verified.email.as_str(), "ada@example.com");
    }

    #[test]
    fn a_field_of_a_later_version_is_ignored_and_a_language_may_be_missing() {
        let mut later = recorded(&json!({ "later": true }));
        later.as_object_mut().expect("an object").remove("locale");

        let changed: PasswordChanged = serde_json::from_value(later).expect("is read");

        assert_eq!(changed.to.locale, None);
    }

    #[test]
    fn neither_secrets_nor_people_show_themselves() {
        let registered: UserRegisteredV1 = read(&with_token("verification_token"));

        let shown = format!("{registered:?}");

        assert!(["s3cret", "ada", "Ada"].iter().all(|text| !shown.contains(text)), "{shown}");
    }
}

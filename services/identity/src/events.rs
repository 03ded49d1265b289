//! What identity publishes of users: that somebody came, that an address or a password is to be shown or
//! was changed. Each in the transaction of the change; of a secret that is to be mailed they tell the id.

use techtrove_bus::{AggregateRef, EventKind, NewEvent};
use techtrove_core::{EmailAddress, Timestamp};
use techtrove_identity_api::{
    EMAIL_CHANGED, EMAIL_VERIFICATION_REQUESTED, EMAIL_VERIFIED, EmailChanged,
    EmailVerificationRequested, EmailVerified, MailedSecretId, PASSWORD_CHANGED,
    PASSWORD_RESET_REQUESTED, PasswordChanged, PasswordResetRequested, Recipient, USER_AGGREGATE,
    USER_REGISTERED, UserRegistered,
};

use crate::domain::User;

/// Somebody made an account.
pub(crate) fn registered(
    user: &User,
    secret_id: MailedSecretId,
    expires_at: Timestamp,
) -> NewEvent {
    let to = recipient(user, &user.email);
    let data = UserRegistered { user_id: user.id, to, secret_id, expires_at };
    event(USER_REGISTERED, user, &data)
}

/// The user is to show that this address is theirs.
pub(crate) fn verification_requested(
    user: &User,
    email: &EmailAddress,
    secret_id: MailedSecretId,
    expires_at: Timestamp,
) -> NewEvent {
    let to = recipient(user, email);
    let data = EmailVerificationRequested { user_id: user.id, to, secret_id, expires_at };
    event(EMAIL_VERIFICATION_REQUESTED, user, &data)
}

/// The user's address is known to be theirs.
pub(crate) fn email_verified(user: &User) -> NewEvent {
    let data = EmailVerified { user_id: user.id, email: user.email.clone() };
    event(EMAIL_VERIFIED, user, &data)
}

/// The user has another address than the one of before.
pub(crate) fn email_changed(user: &User, before: &EmailAddress) -> NewEvent {
    let data = EmailChanged { user_id: user.id, to: recipient(user, before) };
    event(EMAIL_CHANGED, user, &data)
}

/// Somebody forgot the user's password.
pub(crate) fn reset_requested(
    user: &User,
    secret_id: MailedSecretId,
    expires_at: Timestamp,
) -> NewEvent {
    let to = recipient(user, &user.email);
    let data = PasswordResetRequested { user_id: user.id, to, secret_id, expires_at };
    event(PASSWORD_RESET_REQUESTED, user, &data)
}

/// The user has another password.
pub(crate) fn password_changed(user: &User) -> NewEvent {
    let data = PasswordChanged { user_id: user.id, to: recipient(user, &user.email) };
    event(PASSWORD_CHANGED, user, &data)
}

fn recipient(user: &User, email: &EmailAddress) -> Recipient {
    let (name, locale) = (user.profile.name.clone(), user.profile.locale.clone());
    Recipient { email: email.clone(), name, locale }
}

fn event(kind: EventKind, user: &User, data: &impl serde::Serialize) -> NewEvent {
    NewEvent {
        kind,
        aggregate: AggregateRef::new(USER_AGGREGATE, user.id),
        data: serde_json::json!(data),
    }
}

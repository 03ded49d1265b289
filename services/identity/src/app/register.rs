//! A person makes an account and is signed in at once.

use techtrove_core::EmailAddress;
use techtrove_db::DbError;
use techtrove_identity_api::Role;

use super::{App, SignedIn, mailing::Mailing, session::NewSession};
use crate::{
    domain::{Device, Password, Profile, Purpose, User},
    error::Error,
    events, store,
};

/// What a person gives to make an account.
#[derive(Clone, Debug)]
pub struct Registration {
    /// How to write to them.
    pub email: EmailAddress,
    /// The password, accepted.
    pub password: Password,
    /// How to call them.
    pub name: String,
    /// Their language and region, where they said.
    pub locale: Option<String>,
}

/// Makes the account, with the customer's role, and signs the person in. A mail asks them to show that the
/// address is theirs.
///
/// # Errors
/// [`Error::EmailTaken`], or when hashing or the database fails.
pub async fn register(
    app: &App,
    registration: Registration,
    device: Device,
) -> Result<SignedIn, Error> {
    let user = new_user(app, registration, Role::Customer).await?;
    let session = NewSession::of(app, user.id, device);
    let mailing = Mailing::new(app, Purpose::VerifyEmail);
    let (stored, started) = (user.clone(), session.clone());
    app.db
        .write("identity.register", move |tx| {
            insert(tx, &stored)?;
            started.start(tx)?;
            let (secret_id, expires_at) = mailing.secret(tx, &stored, &stored.email)?;
            mailing.tell(tx, &events::registered(&stored, secret_id, expires_at))
        })
        .await?;
    session.signed_in(app, user)
}

/// The account as it will be stored; hashes the password.
pub(super) async fn new_user(app: &App, new: Registration, role: Role) -> Result<User, Error> {
    let password_hash = app.hasher.hash(new.password, app.ids.secret()).await?;
    Ok(User {
        id: app.ids.next(),
        email: new.email,
        email_verified_at: None,
        pending_email: None,
        profile: Profile { name: new.name, locale: new.locale, ..Profile::default() },
        password_hash,
        roles: vec![role],
        categories: None,
        created_at: app.clock.now(),
        disabled_at: None,
        version: 1,
    })
}

/// Stores the account unless its address is used.
pub(super) fn insert(tx: &mut techtrove_db::Tx<'_>, user: &User) -> Result<(), Error> {
    store::insert_user(tx, user).map_err(|error| match error {
        DbError::UniqueViolation { .. } => Error::EmailTaken,
        error => error.into(),
    })
}

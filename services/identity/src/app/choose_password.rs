//! A user chooses another password: who knows the one of now, or who has read the mail that lets them. It
//! ends what others may have begun: their sessions, mailed secrets, a change of the address.

use techtrove_bus::{EventContext, record};
use techtrove_core::Timestamp;
use techtrove_db::Tx;
use techtrove_identity_api::{Claims, SessionId};

use super::{App, mailing::context, slowing::Visitor};
use crate::{
    domain::{Device, Password, Purpose, Secret, User, may_reset},
    error::Error,
    events, store,
};

/// Changes the caller's password, and ends their other sessions.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::RefusedNewPassword`], [`Error::TooManyAttempts`],
/// [`Error::UnknownUser`], or when hashing or the database fails.
pub async fn change_password(
    app: &App,
    caller: &Claims,
    (current, new): (String, String),
    device: &Device,
) -> Result<(), Error> {
    let id = caller.sub;
    let found = app.db.read("identity.lookup_user", move |tx| -> Result<_, Error> {
        let user = store::lookup_user(tx, id)?.ok_or(Error::UnknownUser)?;
        Ok((user, store::list_known_addresses(tx, id)?))
    });
    let (user, known) = found.await?;
    let password = Password::choose(&new, user.email.as_str());
    let password = password.map_err(Error::RefusedNewPassword)?;
    let visitor = Visitor::new(&user.email.folded(), device, &known);
    app.slowing.admit(&visitor, app.clock.now())?;
    if !app.hasher.matches(current, Some(&user.password_hash)).await? {
        return Err(Error::WrongPassword);
    }
    app.slowing.welcome(&visitor);
    let change = Change::to(app, password, Some(caller.sid)).await?;
    let changed = app.db.write("identity.change_password", move |tx| {
        let locked = store::lock_user(tx, id)?.ok_or(Error::UnknownUser)?;
        if locked.password_hash != user.password_hash {
            return Err(Error::WrongPassword);
        }
        change.make(tx, locked)
    });
    changed.await
}

/// Gives whoever presents a mailed secret the password that they choose, once, and ends all sessions. It
/// also shows that the address is theirs.
///
/// # Errors
/// [`Error::InvalidToken`], [`Error::RefusedPassword`], or when hashing or the database fails.
pub async fn reset_password(app: &App, secret: &Secret, new: &str) -> Result<(), Error> {
    let (hash, now) = (secret.hash(), app.clock.now());
    let found = app.db.read("identity.lookup_reset", move |tx| {
        let secret = store::lookup_secret(tx, &hash, Purpose::ResetPassword)?;
        let secret = secret.ok_or(Error::InvalidToken)?;
        let user = store::lookup_user(tx, secret.user_id)?.ok_or(Error::InvalidToken)?;
        if may_reset(&secret, &user, now) { Ok(user) } else { Err(Error::InvalidToken) }
    });
    let user = found.await?;
    let password = Password::choose(new, user.email.as_str())?;
    let (change, verified) = (Change::to(app, password, None).await?, context(app));
    let id = user.id;
    let changed = app.db.write("identity.reset_password", move |tx| {
        // Locked first: of two who present the secret at once, the second finds that it is used.
        let mut user = store::lock_user(tx, id)?.ok_or(Error::InvalidToken)?;
        let secret = store::lookup_secret(tx, &hash, Purpose::ResetPassword)?;
        let secret = secret.filter(|secret| may_reset(secret, &user, now));
        secret.ok_or(Error::InvalidToken)?;
        if user.email_verified_at.is_none() {
            user.email_verified_at = Some(now);
            record(tx, &verified, &events::email_verified(&user))?;
        }
        change.make(tx, user)
    });
    changed.await
}

/// A change of a password, made before the transaction.
#[derive(Clone, Debug)]
struct Change {
    password_hash: String,
    keep: Option<SessionId>,
    now: Timestamp,
    context: EventContext,
}

impl Change {
    async fn to(app: &App, password: Password, keep: Option<SessionId>) -> Result<Self, Error> {
        let password_hash = app.hasher.hash(password, app.ids.secret()).await?;
        Ok(Self { password_hash, keep, now: app.clock.now(), context: context(app) })
    }

    /// Makes it for a user whose row is locked.
    fn make(&self, tx: &mut Tx<'_>, user: User) -> Result<(), Error> {
        // Whoever had the account before the owner took it back may have asked for an address of theirs.
        let version = user.version + i64::from(user.pending_email.is_some());
        let user = User { pending_email: None, version, ..user };
        store::update_email(tx, &user)?;
        store::update_password(tx, user.id, &self.password_hash)?;
        store::delete_secrets(tx, user.id, Purpose::ResetPassword)?;
        store::end_sessions(tx, user.id, self.keep, self.now)?;
        record(tx, &self.context, &events::password_changed(&user))?;
        Ok(())
    }
}

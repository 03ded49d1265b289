//! What every way of signing in ends with: a session, an access token and a refresh token.

use std::time::Duration;

use techtrove_core::Timestamp;
use techtrove_db::{DbError, Tx};
use techtrove_identity_api::{Claims, UserId};

use super::App;
use crate::{
    domain::{Device, Secret, Session, User},
    error::Error,
    store,
};

/// How long a refresh token can be used, and with it a session that is not renewed.
pub(super) const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A user who has just signed in, with what proves it.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The signed access token.
    pub access_token: String,
    /// How many seconds the access token lasts.
    pub expires_in: i64,
    /// For a new pair, once.
    pub refresh_token: Secret,
}

/// A session about to be stored, made before the transaction.
#[derive(Clone, Debug)]
pub(super) struct NewSession {
    session: Session,
    device: Device,
    token: Secret,
    now: Timestamp,
}

impl NewSession {
    /// A new session of the user, on their device.
    pub(super) fn of(app: &App, user_id: UserId, device: Device) -> Self {
        let started_at = app.clock.now();
        Self::continuing(app, Session { id: app.ids.next(), user_id, started_at }, device)
    }

    /// The next refresh token of a session.
    pub(super) fn continuing(app: &App, session: Session, device: Device) -> Self {
        let token = Secret::from_bits(app.ids.secret());
        Self { session, device, token, now: app.clock.now() }
    }

    /// Stores the session itself and its first refresh token.
    pub(super) fn start(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        store::insert_session(tx, &self.session, &self.device)?;
        self.store_token(tx)
    }

    /// Stores the next refresh token of a session that is stored already, and that it is used.
    pub(super) fn go_on(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        store::note_use(tx, self.session.id, &self.device, self.now)?;
        self.store_token(tx)
    }

    fn store_token(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let expires_at = self.now.plus(REFRESH_TOKEN_LIFE);
        store::insert_refresh_token(tx, &self.token.hash(), self.session.id, expires_at)
    }

    /// The answer to whoever signed in, once the session is stored.
    pub(super) fn signed_in(self, app: &App, user: User) -> Result<SignedIn, Error> {
        let expires_in = app.config.access_token_seconds;
        let now = app.clock.now();
        let claims = Claims::new(user.id, self.session.id, user.roles.clone(), now, expires_in);
        let access_token = app.signing_key.sign(&claims)?;
        Ok(SignedIn { user, access_token, expires_in, refresh_token: self.token })
    }
}

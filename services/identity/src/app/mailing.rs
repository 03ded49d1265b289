//! What leads to a mail: the secret in it, if it has one, of which a hash is kept, and the event that tells
//! its id. Both are made before the transaction, whose job may run again.

use techtrove_bus::{EventContext, NewEvent, record};
use techtrove_core::{EmailAddress, Timestamp};
use techtrove_db::Tx;
use techtrove_http::current_traceparent;
use techtrove_identity_api::MailedSecretId;

use super::App;
use crate::{
    domain::{MailedSecret, Purpose, User},
    error::Error,
    store,
};

/// A secret that is about to be mailed.
#[derive(Clone, Debug)]
pub(super) struct Mailing {
    purpose: Purpose,
    id: MailedSecretId,
    hash: [u8; 32],
    expires_at: Timestamp,
    context: EventContext,
}

impl Mailing {
    /// A new secret.
    pub(super) fn new(app: &App, purpose: Purpose) -> Self {
        let id = app.ids.next();
        Self {
            purpose,
            id,
            hash: app.mail_key.secret(purpose, id).hash(),
            expires_at: app.clock.now().plus(purpose.lasts()),
            context: context(app),
        }
    }

    /// Stores what is kept of the secret, which is for this address of the user, and answers its id and
    /// its end.
    pub(super) fn secret(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        email: &EmailAddress,
    ) -> Result<(MailedSecretId, Timestamp), Error> {
        let (user_id, email_folded, expires_at) = (user.id, email.folded(), self.expires_at);
        let kept = MailedSecret { user_id, email_folded, expires_at };
        store::insert_secret(tx, self.id, &self.hash, self.purpose, &kept)?;
        Ok((self.id, expires_at))
    }

    /// Tells of it.
    pub(super) fn tell(&self, tx: &mut Tx<'_>, event: &NewEvent) -> Result<(), Error> {
        Ok(record(tx, &self.context, event)?)
    }
}

/// The context of an event that happens now.
pub(super) fn context(app: &App) -> EventContext {
    EventContext::new(&*app.clock, &*app.ids).in_trace(current_traceparent())
}

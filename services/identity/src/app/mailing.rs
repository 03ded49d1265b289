//! What leads to a mail: the secret in it, if it has one, and the event that tells of it. Both are made
//! before the transaction, whose job may run again.

use techtrove_bus::{EventContext, NewEvent, record};
use techtrove_core::{EmailAddress, Timestamp};
use techtrove_db::Tx;
use techtrove_http::current_traceparent;

use super::App;
use crate::{
    domain::{MailedSecret, Purpose, Secret, User},
    error::Error,
    store,
};

/// A secret that is about to be mailed.
#[derive(Clone, Debug)]
pub(super) struct Mailing {
    purpose: Purpose,
    secret: Secret,
    expires_at: Timestamp,
    context: EventContext,
}

impl Mailing {
    /// A new secret.
    pub(super) fn new(app: &App, purpose: Purpose) -> Self {
        Self {
            purpose,
            secret: Secret::from_bits(app.ids.secret()),
            expires_at: app.clock.now().plus(purpose.lasts()),
            context: context(app),
        }
    }

    /// Stores what is kept of the secret, which is for this address of the user, and answers it with its
    /// end.
    pub(super) fn secret(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        email: &EmailAddress,
    ) -> Result<(&Secret, Timestamp), Error> {
        let (user_id, email_folded, expires_at) = (user.id, email.folded(), self.expires_at);
        let kept = MailedSecret { user_id, email_folded, expires_at };
        store::insert_secret(tx, &self.secret.hash(), self.purpose, &kept)?;
        Ok((&self.secret, expires_at))
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

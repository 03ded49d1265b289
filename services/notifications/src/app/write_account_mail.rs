//! Something became of an account: its owner gets a mail. Whom it goes to comes with the event; the secret in
//! its link is asked for when it is rendered, and kept nowhere.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, Taken};
use techtrove_identity_api::{Recipient as Addressee, UserId};

use super::{
    App,
    write_mail::{Writing, write_mail},
};
use crate::{
    domain::{AccountMail, Matter, Recipient},
    events::IDENTITY_CONSUMER,
};

/// Writes the mail that `event` asks for, once, however often it comes.
///
/// # Errors
/// When the database cannot be reached: the event comes again.
pub async fn write_account_mail(
    app: &App,
    event: Arc<Event>,
    (user, addressee): (UserId, Addressee),
    mail: AccountMail,
) -> Result<Taken, HandlerError> {
    let to = Recipient { email: addressee.email, user: Some(user) };
    let (kind, languages) = (mail.kind(), addressee.locale.into_iter().collect());
    let matter = Matter::Account(mail, addressee.name);
    let consumer = IDENTITY_CONSUMER;
    write_mail(app, Writing { event, consumer, to, languages, kind, matter }).await
}

//! Notifications' use cases, one file each. A mail is written in the transaction that takes its event,
//! and sent afterwards by a worker, so that a mail server's outage delays nothing but mails.

mod audit_mails;
mod follow_links;
mod forget_contents;
mod list_mailbox;
mod list_notifications;
mod mail_from;
mod preferences;
mod resend;
mod send_mails;
mod sender;
mod smtp;
mod smtp_url;
mod write_account_mail;
mod write_mail;
mod write_order_mail;

pub use audit_mails::audit_mails;
pub use follow_links::{follow_link, language_of_link};
pub use forget_contents::forget_contents;
pub use list_mailbox::{ReadableMail, list_mailbox};
pub use list_notifications::{get_notification, list_notifications, list_own_notifications};
pub use mail_from::{InvalidMailFrom, MailFrom};
pub use preferences::{list_refusals, mail_of_token, set_preferences, unsubscribe};
pub use resend::{Resent, resend};
pub use send_mails::send_mails;
pub use sender::{SendError, Sender};
pub use smtp::{Patience, Untaken};
pub use smtp_url::{InvalidSmtp, SmtpUrl};
pub use write_account_mail::write_account_mail;
pub use write_order_mail::{WantedMail, write_order_mail};

use std::collections::HashMap;

use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_http::ClientError;
use techtrove_identity_api::{IdentityClient, MailedSecret, MailedSecretId, TellSecrets};
use techtrove_orders_api::OrdersClient;

use crate::{
    Config, Deps,
    domain::{Content, Language, Letter, MailState, Recipient, Record, Stationery, UnsubscribeKey},
};

/// Secrets of links, while mails are rendered.
type Secrets = HashMap<MailedSecretId, MailedSecret>;

/// What the use cases work with.
#[derive(Clone, Debug)]
pub struct App {
    /// Notifications' own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Tells where an order's mail goes and what it says.
    pub orders: OrdersClient,
    /// Tells the secrets of links.
    pub identity: IdentityClient,
    /// Sends mails; without one they are kept in the mailbox.
    pub sender: Option<Sender>,
    /// What all mails have in common.
    pub stationery: Stationery,
    /// The language of mails to those whose language is not known.
    pub language: Language,
    /// Makes and reads the tokens by which people refuse mails.
    pub unsubscribe: UnsubscribeKey,
    /// Behind the `@` of a `Message-ID`.
    pub mail_domain: String,
}

impl App {
    /// The use cases with their settings and surroundings; connects to no mail server yet.
    ///
    /// # Errors
    /// When the mail server's URL cannot be used.
    pub fn new(config: &Config, deps: &Deps) -> Result<Self, InvalidSmtp> {
        let sender = |url| Sender::new(url, config.from.clone(), config.smtp_patience);
        let sender = config.smtp.as_ref().map(sender).transpose()?;
        Ok(Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            orders: deps.orders.clone(),
            identity: deps.identity.clone(),
            sender,
            stationery: Stationery {
                shop: config.shop_name.clone(),
                public_url: config.public_url.clone(),
            },
            language: config.language,
            unsubscribe: UnsubscribeKey::new(deps.guest_key.clone()),
            mail_domain: config.from.domain().to_owned(),
        })
    }

    /// Where a new mail to somebody stands.
    fn first_state(&self, to: &Recipient) -> MailState {
        let goes_out = self.sender.is_some() && to.can_be_real();
        if goes_out { MailState::Queued } else { MailState::Kept }
    }

    /// In which language to write to somebody who reads these, the most wanted first.
    fn language_of(&self, languages: &[String]) -> Language {
        let known = languages.iter().find_map(|locale| Language::of_locale(locale));
        known.unwrap_or(self.language)
    }

    /// The link by which a mail's recipient refuses such mails, where they may.
    fn unsubscribe_link(&self, mail: &Record) -> Option<String> {
        self.unsubscribe.link(&self.stationery.public_url, mail.kind, mail.id)
    }

    /// A mail's subject, as long as what it says is kept.
    pub(crate) fn subject(&self, mail: &Record) -> Option<String> {
        mail.letter.as_ref().map(|letter| letter.subject(&self.stationery))
    }

    /// Those secrets of the letters' links that still lead somewhere. They are kept nowhere.
    async fn secrets(
        &self,
        letters: impl Iterator<Item = &Letter>,
    ) -> Result<Secrets, ClientError> {
        let ids: Vec<MailedSecretId> = letters.filter_map(Letter::secret_id).collect();
        let mut secrets = Secrets::new();
        for some in ids.chunks(TellSecrets::MOST) {
            let told = self.identity.tell_secrets(some.to_vec()).await?;
            secrets.extend(told.into_iter().map(|told| (told.id, told.secret)));
        }
        Ok(secrets)
    }

    /// What a mail says, with its link if that is among `secrets`.
    fn content(
        &self,
        mail: &Record,
        letter: &Letter,
        secrets: &Secrets,
    ) -> Result<Content, askama::Error> {
        let secret = letter.secret_id().and_then(|id| secrets.get(&id));
        letter.content(&self.stationery, self.unsubscribe_link(mail), secret)
    }
}

//! Notifications' use cases, one file each. A mail is written in the transaction that takes its event,
//! and sent afterwards by a worker, so that a mail server's outage delays nothing but mails.

mod audit_mails;
mod forget_contents;
mod list_mailbox;
mod send_mails;
mod sender;
mod write_order_mail;

pub use audit_mails::audit_mails;
pub use forget_contents::forget_contents;
pub use list_mailbox::list_mailbox;
pub use send_mails::send_mails;
pub use sender::{InvalidSmtp, SendError, Sender, SmtpUrl};
pub use write_order_mail::write_order_mail;

use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_orders_api::OrdersClient;

use crate::{Config, Deps};

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
    /// Sends mails; without one they are kept in the mailbox.
    pub sender: Option<Sender>,
    /// The shop's name, as mails show it.
    pub shop_name: String,
    /// Behind the `@` of a `Message-ID`.
    pub mail_domain: String,
}

impl App {
    /// The use cases with their settings and surroundings; connects to no mail server yet.
    ///
    /// # Errors
    /// When the mail settings cannot be used.
    pub fn new(config: &Config, deps: &Deps) -> Result<Self, InvalidSmtp> {
        let sender = config.smtp.as_ref().map(|url| Sender::new(url, &config.from)).transpose()?;
        Ok(Self {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            orders: deps.orders.clone(),
            sender,
            shop_name: config.shop_name.clone(),
            mail_domain: sender::mail_domain(&config.from)?,
        })
    }
}

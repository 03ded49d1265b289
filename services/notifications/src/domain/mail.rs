//! One mail to one recipient, and the name by which every copy of it is recognised.

use techtrove_core::{EmailAddress, Timestamp};
use techtrove_notifications_api::NotificationId;
use uuid::Uuid;

use super::Content;

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// To be sent.
    Queued,
    /// The mail server has taken it.
    Sent,
    /// In the mailbox, because no mail server is configured.
    Kept,
    /// Given up.
    Failed,
}

impl MailState {
    /// The state's name, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Kept => "kept",
            Self::Failed => "failed",
        }
    }
}

/// A mail about to be stored.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Which mail.
    pub id: NotificationId,
    /// The event that it answers: one event makes one mail, however often it comes.
    pub event_id: Uuid,
    /// Which kind of mail it is.
    pub template: &'static str,
    /// What it is about: an order's UUID.
    pub subject_id: Uuid,
    /// Where it goes.
    pub recipient: EmailAddress,
    /// By what every copy of it is recognised.
    pub message_id: String,
    /// What it says.
    pub content: Content,
    /// Queued or kept.
    pub state: MailState,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A mail as it is read from the store, with what it says.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Which mail.
    pub id: NotificationId,
    /// Where it goes.
    pub recipient: EmailAddress,
    /// By what every copy of it is recognised.
    pub message_id: String,
    /// What it says.
    pub content: Content,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it left, or was kept.
    pub sent_at: Option<Timestamp>,
}

/// The `Message-ID` (RFC 5322, 3.6.4) of the mail that `event` makes: the same for every copy, so that
/// a mail program shows it once even if a crash sent it twice.
#[must_use]
pub fn message_id(event: Uuid, template: &str, domain: &str) -> String {
    format!("<{template}.{}@{domain}>", event.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_has_the_same_message_id() {
        let event = Uuid::from_u128(7);

        assert_eq!(
            message_id(event, "order_confirmed", "shop.example"),
            "<order_confirmed.00000000000000000000000000000007@shop.example>",
        );
    }
}

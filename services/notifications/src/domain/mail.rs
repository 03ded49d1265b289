//! One mail to one recipient, and the name by which every copy of it is recognised.

use techtrove_core::{EmailAddress, Timestamp, TypedId as _};
use techtrove_identity_api::UserId;
use techtrove_notifications_api::NotificationId;
use uuid::Uuid;

use super::{DeliveryError, Kind, Letter};

/// Where a mail stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// To be sent.
    Queued,
    /// The mail server has taken it.
    Sent,
    /// In the mailbox, because no mail server is configured, or nobody can have the address.
    Kept,
    /// Given up.
    Failed,
}

/// The text names no state of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a mail")]
pub struct InvalidState;

impl MailState {
    /// The state's name, as it is stored and shown.
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

impl std::str::FromStr for MailState {
    type Err = InvalidState;

    fn from_str(text: &str) -> Result<Self, InvalidState> {
        let mut all = [Self::Queued, Self::Sent, Self::Kept, Self::Failed].into_iter();
        all.find(|state| state.as_str() == text).ok_or(InvalidState)
    }
}

/// Whom a mail is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Where it goes.
    pub email: EmailAddress,
    /// Whose account it is about, when it is about one's.
    pub user: Option<UserId>,
}

/// Under what nobody can have an address (RFC 6761, 6): documentation, tests and the demo shop do.
const NOBODYS: [&str; 4] = ["example", "invalid", "localhost", "test"];

impl Recipient {
    /// Whether somebody can be written to at the address.
    #[must_use]
    pub fn can_be_real(&self) -> bool {
        let top = self.email.as_str().rsplit(['.', '@']).next().unwrap_or_default();
        !NOBODYS.iter().any(|known| known.eq_ignore_ascii_case(top))
    }

    /// By what is remembered which mails they want none of: their account, else their address.
    #[must_use]
    pub fn key(&self) -> String {
        self.user.map_or_else(|| self.email.folded(), |user| user.to_string())
    }
}

/// A mail about to be stored.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Which mail.
    pub id: NotificationId,
    /// The event that it answers: one event makes one mail, however often it comes. A mail that is sent
    /// again answers itself.
    pub event_id: Uuid,
    /// Which kind of mail it is.
    pub kind: Kind,
    /// What it is about: an order's or a user's UUID.
    pub subject_id: Uuid,
    /// Whom it is for.
    pub recipient: Recipient,
    /// By what every copy of it is recognised.
    pub message_id: String,
    /// What it tells: a [`Letter`] as it is stored.
    pub letter: String,
    /// Queued or kept.
    pub state: MailState,
    /// The mail that is sent again by it.
    pub original: Option<NotificationId>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// The record that a mail was written.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which mail.
    pub id: NotificationId,
    /// Which kind of mail it is.
    pub kind: Kind,
    /// What it is about: an order's or a user's UUID.
    pub subject_id: Uuid,
    /// Whom it is for.
    pub recipient: Recipient,
    /// Where it stands.
    pub state: MailState,
    /// By what every copy of it is recognised.
    pub message_id: String,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// Why it did not leave when it was last tried.
    pub last_error: Option<DeliveryError>,
    /// The mail that is sent again by it.
    pub original: Option<NotificationId>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it left, or was kept.
    pub sent_at: Option<Timestamp>,
    /// What it tells, as long as that is kept.
    pub letter: Option<Letter>,
}

/// What became of an attempt to send a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where the mail stands from now on.
    pub state: MailState,
    /// Why it did not leave.
    pub last_error: Option<DeliveryError>,
    /// When it is tried again.
    pub again: Option<Timestamp>,
}

/// The `Message-ID` (RFC 5322, 3.6.4) of the mail that `event` makes: the same for every copy, so that
/// a mail program shows it once even if a crash sent it twice.
#[must_use]
pub fn message_id(event: Uuid, kind: Kind, domain: &str) -> String {
    format!("<{}.{}@{domain}>", kind.as_str(), event.simple())
}

impl NewMail {
    /// The same mail once more, with its letter, as a mail of its own.
    #[must_use]
    pub fn again(record: Record, letter: String, state: MailState, fresh: &Fresh<'_>) -> Self {
        let event_id = fresh.id.uuid();
        Self {
            id: fresh.id,
            event_id,
            kind: record.kind,
            subject_id: record.subject_id,
            recipient: record.recipient,
            message_id: message_id(event_id, record.kind, fresh.domain),
            letter,
            state,
            original: Some(record.original.unwrap_or(record.id)),
            created_at: fresh.now,
        }
    }
}

/// What a mail that is sent again has anew.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    /// Which mail.
    pub id: NotificationId,
    /// Behind the `@` of its `Message-ID`.
    pub domain: &'a str,
    /// The time.
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_has_the_same_message_id() {
        let event = Uuid::from_u128(7);

        assert_eq!(
            message_id(event, Kind::OrderConfirmed, "shop.example"),
            "<order_confirmed.00000000000000000000000000000007@shop.example>",
        );
    }

    #[test]
    fn nobody_is_under_a_name_that_nobody_can_have() {
        for (email, real) in [
            ("ines@techtrove.example", false),
            ("ada@shop.TEST", false),
            ("ada@example.com", true),
            ("ada@example.org", true),
            ("test@shop.latest", true),
        ] {
            let recipient = Recipient { email: email.parse().expect("an address"), user: None };
            assert_eq!(recipient.can_be_real(), real, "{email}");
        }
    }

    #[test]
    fn refusals_are_remembered_by_account_or_else_by_address() {
        let email = "Ada@Example.com".parse().expect("an address");
        let guest = Recipient { email, user: None };
        let user = Recipient { user: Some(UserId::from_uuid(Uuid::nil())), ..guest.clone() };

        assert_eq!(guest.key(), "ada@example.com");
        assert_eq!(user.key(), "usr_00000000000000000000000000");
    }
}

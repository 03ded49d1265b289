//! Mails as a mail server takes them, and whom they come from.

use std::{fmt, time::Duration};

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use techtrove_http::ClientError;

use super::{
    MailFrom, Patience, SmtpUrl, Untaken,
    smtp::Line,
    smtp_url::{InvalidSmtp, Server},
};
use crate::domain::{Content, DeliveryError, Record};

/// Knows how to reach the mail server.
#[derive(Clone)]
pub struct Sender {
    server: Server,
    patience: Patience,
    from: MailFrom,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender(…)")
    }
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The mail server refused it for good.
    #[error("the mail is refused for good")]
    Refused(#[source] Untaken),
    /// It goes to an address that no mail server can be told.
    #[error("the mail's address is none")]
    Address(#[from] lettre::address::AddressError),
    /// It cannot be written out; does not happen with text.
    #[error("the mail cannot be written out")]
    Unwritten(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What it says is not kept any more.
    #[error("what the mail says is forgotten")]
    Forgotten,
    /// Its link leads nowhere any more.
    #[error("the link in the mail has ended")]
    Ended,
    /// It may be sent later.
    #[error("the mail could not be sent now")]
    Later(#[source] Untaken),
    /// Identity cannot tell the secret of its link now.
    #[error("the secret of the mail's link could not be had now")]
    Away(#[from] ClientError),
}

impl SendError {
    /// It cannot be written out.
    pub(super) fn unwritten(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unwritten(error.into())
    }

    /// Whether it may be sent later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Later(_) | Self::Away(_))
    }

    /// What stood in its way.
    pub(super) fn reason(&self) -> DeliveryError {
        match self {
            Self::Refused(untaken) | Self::Later(untaken) => untaken.stage,
            Self::Address(_) => DeliveryError::Recipient,
            Self::Unwritten(_) => DeliveryError::Message,
            Self::Forgotten => DeliveryError::Forgotten,
            Self::Ended => DeliveryError::LinkEnded,
            Self::Away(_) => DeliveryError::LinkUnknown,
        }
    }
}

impl Sender {
    /// Sends as `from` through the mail server at `url`; connects to nobody yet.
    ///
    /// # Errors
    /// When the URL cannot be understood.
    pub fn new(url: &SmtpUrl, from: MailFrom, patience: Patience) -> Result<Self, InvalidSmtp> {
        Ok(Self { server: url.server()?, patience, from })
    }

    /// A line for one round of sending.
    pub(super) fn line(&self) -> Line<'_> {
        Line::new(&self.server, self.patience)
    }

    /// Hands one mail over, with the link by which its recipient refuses such mails, if it has one.
    ///
    /// # Errors
    /// Tells whether to try again.
    pub(super) async fn send(
        &self,
        line: &Line<'_>,
        mail: &Record,
        content: Content,
        unsubscribe: Option<String>,
    ) -> Result<(), SendError> {
        let message = self.message(mail, content, unsubscribe)?;
        let sent = line.deliver(message.envelope(), &message.formatted()).await;
        sent.map_err(|untaken| {
            if untaken.is_for_good() {
                SendError::Refused(untaken)
            } else {
                SendError::Later(untaken)
            }
        })
    }

    fn message(
        &self,
        mail: &Record,
        content: Content,
        unsubscribe: Option<String>,
    ) -> Result<Message, SendError> {
        let to = mail.recipient.email.as_str().parse()?;
        let micros = u64::try_from(mail.created_at.as_micros()).unwrap_or(0);
        let date = std::time::UNIX_EPOCH + Duration::from_micros(micros);
        let builder = Message::builder()
            .from(self.from.mailbox().clone())
            .to(Mailbox::new(None, to))
            .subject(content.subject)
            .message_id(Some(mail.message_id.clone()))
            .date(date);
        one_click(unsubscribe)
            .into_iter()
            .fold(builder, lettre::message::MessageBuilder::raw_header)
            .multipart(MultiPart::alternative_plain_html(content.text, content.html))
            .map_err(SendError::unwritten)
    }
}

/// The headers by which a mail program offers to refuse such mails with one click (RFC 8058, 3.1).
fn one_click(link: Option<String>) -> Vec<HeaderValue> {
    let header = |name, value: String| {
        let name = HeaderName::new_from_ascii_str(name);
        HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
    };
    let Some(link) = link else { return Vec::new() };
    vec![
        header("List-Unsubscribe", format!("<{link}>")),
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
    ]
}

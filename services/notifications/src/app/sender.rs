//! Sending through a mail server, with a deadline. The server's password is in its URL, which must
//! never be shown.

use std::{fmt, str::FromStr, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{AsyncSmtpTransportBuilder, response::Category},
};
use techtrove_http::ClientError;

use crate::domain::{Content, Record};

/// How long a mail server may take for each answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where and how mails are handed over: `smtp://user:password@host:port?tls=required`.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(String);

impl FromStr for SmtpUrl {
    type Err = InvalidSmtp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(text)
            .map(|_| Self(text.to_owned()))
            .map_err(|_| InvalidSmtp::Url)
    }
}

impl fmt::Debug for SmtpUrl {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}

/// The mail settings cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtp {
    /// The URL is none that lettre understands.
    #[error("the mail server's URL is not of the form smtp://user:password@host:port?tls=required")]
    Url,
    /// The shop's own address is none.
    #[error("the sender of mails is not of the form 'Name <name@example.com>'")]
    From,
}

/// Knows how to reach the mail server.
#[derive(Clone)]
pub struct Sender {
    transport: AsyncSmtpTransportBuilder,
    from: Mailbox,
}

/// A line to the mail server, which connects with the first mail and keeps its connections until it is
/// dropped. That must happen within the runtime, so it lives no longer than one round of sending.
pub(super) struct Line<'a> {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: &'a Mailbox,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender(…)")
    }
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It can never be sent: its address is none, or the mail server refused it for good.
    #[error("the mail is refused for good")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What it says is not kept any more.
    #[error("what the mail says is forgotten")]
    Forgotten,
    /// Its link leads nowhere any more.
    #[error("the link in the mail has ended")]
    Ended,
    /// It may be sent later.
    #[error("the mail could not be sent now")]
    Later(#[source] lettre::transport::smtp::Error),
    /// Identity cannot tell the secret of its link now.
    #[error("the secret of the mail's link could not be had now")]
    Away(#[from] ClientError),
}

impl SendError {
    /// It can never be sent.
    pub(super) fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Refused(error.into())
    }
}

/// What stands behind the `@` of the shop's own address.
///
/// # Errors
/// When `from` is no address.
pub fn mail_domain(from: &str) -> Result<String, InvalidSmtp> {
    let mailbox: Mailbox = from.parse().map_err(|_| InvalidSmtp::From)?;
    Ok(mailbox.email.domain().to_owned())
}

impl Sender {
    /// Sends as `from` through the mail server at `url`; connects to nobody yet.
    ///
    /// # Errors
    /// When one of both cannot be understood.
    pub fn new(url: &SmtpUrl, from: &str) -> Result<Self, InvalidSmtp> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url.0)
            .map_err(|_| InvalidSmtp::Url)?
            .timeout(Some(TIMEOUT));
        Ok(Self { transport, from: from.parse().map_err(|_| InvalidSmtp::From)? })
    }

    /// A line for one round of sending.
    pub(super) fn line(&self) -> Line<'_> {
        Line { transport: self.transport.clone().build(), from: &self.from }
    }
}

impl Line<'_> {
    /// Hands one mail over, with the link by which its recipient refuses such mails, if it has one.
    ///
    /// # Errors
    /// Tells whether to try again.
    pub(super) async fn send(
        &self,
        mail: &Record,
        content: Content,
        unsubscribe: Option<String>,
    ) -> Result<(), SendError> {
        let message = self.message(mail, content, unsubscribe)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() && !is_about_us(&error) => {
                Err(SendError::refused(error))
            }
            Err(error) => Err(SendError::Later(error)),
        }
    }

    fn message(
        &self,
        mail: &Record,
        content: Content,
        unsubscribe: Option<String>,
    ) -> Result<Message, SendError> {
        let to = mail.recipient.email.as_str().parse().map_err(SendError::refused)?;
        let micros = u64::try_from(mail.created_at.as_micros()).unwrap_or(0);
        let date = std::time::UNIX_EPOCH + Duration::from_micros(micros);
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(content.subject)
            .message_id(Some(mail.message_id.clone()))
            .date(date);
        one_click(unsubscribe)
            .into_iter()
            .fold(builder, lettre::message::MessageBuilder::raw_header)
            .multipart(MultiPart::alternative_plain_html(content.text, content.html))
            .map_err(SendError::refused)
    }
}

/// Whether the mail server refuses the shop and not the mail (530 to 538, RFC 4954, 6): whoever corrects
/// the password wants the mails to go out.
fn is_about_us(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| code.category == Category::Unspecified3)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_checked_and_never_shown() {
        let url: SmtpUrl =
            "smtp://shop:secret@mail.example:587?tls=required".parse().expect("a URL");

        assert!(!format!("{url:?}").contains("secret"));
        assert!(!format!("{:?}", Sender::new(&url, "Shop <shop@example.com>")).contains("secret"));
        for text in
            ["", "http://mail.example", "mail.example:25", "smtp://mail.example?tls=perhaps"]
        {
            assert_eq!(text.parse::<SmtpUrl>(), Err(InvalidSmtp::Url), "{text}");
        }
        assert_eq!(Sender::new(&url, "nobody").map(|_| ()), Err(InvalidSmtp::From));
    }
}

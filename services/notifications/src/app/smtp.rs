//! The conversation with a mail server, command by command (RFC 5321), each with its deadline. What a refusal
//! is about is told by what was refused: the shop and its server may be put right by whoever runs them, a
//! recipient who is not there or a message that is not wanted may not.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::Mechanism,
        client::{AsyncSmtpConnection, Tls},
        commands::{Data, Mail, Rcpt},
        extension::{Extension, MailParameter},
        response::Category,
    },
};
use tokio::time::timeout;

use super::smtp_url::Server;
use crate::domain::DeliveryError;

/// How the shop says who it is.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// How long a mail server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// To let the shop in, and for the answer to each command.
    pub command: Duration,
    /// For the answer to a whole message, which it may look through first.
    pub message: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { command: Duration::from_secs(20), message: Duration::from_secs(60) }
    }
}

/// A mail server did not take a mail. Its words may contain the recipient: they are for nobody's log.
#[derive(Debug, thiserror::Error)]
#[error("the mail server did not take the mail: {}", .stage.as_str())]
pub struct Untaken {
    /// What it refused or did not answer.
    pub stage: DeliveryError,
    /// Its answer; none when it did not answer in time.
    #[source]
    pub answer: Option<SmtpError>,
}

impl Untaken {
    /// Whether the mail can never be taken: its recipient or itself is refused for good, and that is not
    /// the shop's fault.
    pub(super) fn is_for_good(&self) -> bool {
        let refused = self.answer.as_ref().filter(|answer| answer.is_permanent());
        refused.is_some_and(|answer| match self.stage {
            DeliveryError::Recipient => !is_about_credentials(answer) && !is_about_sender(answer),
            DeliveryError::Message => !is_about_credentials(answer),
            _ => false,
        })
    }
}

/// 530 to 538 (RFC 4954, 6): whoever corrects the password wants the mails to go out.
fn is_about_credentials(answer: &SmtpError) -> bool {
    answer.status().is_some_and(|code| code.category == Category::Unspecified3)
}

/// Whether a recipient is refused for the sake of who asks, as servers do that judge client and sender
/// no earlier: security and policy (5.7) and senders' addresses (5.1.7, 5.1.8; RFC 3463, 3).
fn is_about_sender(answer: &SmtpError) -> bool {
    let words = std::error::Error::source(answer).map(ToString::to_string).unwrap_or_default();
    let status = words.split_whitespace().next().unwrap_or_default();
    let mut digits = status.split('.');
    match (digits.next(), digits.next(), digits.next()) {
        (Some("5"), Some("7"), Some(_)) => true,
        (Some("5"), Some("1"), Some(detail)) => matches!(detail, "7" | "8"),
        _ => false,
    }
}

/// A line to the mail server, which connects with the first mail and keeps its connections until it is
/// dropped. That must happen within the runtime, so it lives no longer than one round of sending.
pub(super) struct Line<'a> {
    server: &'a Server,
    patience: Patience,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl<'a> Line<'a> {
    /// A line to this server; connects to nobody yet.
    pub(super) fn new(server: &'a Server, patience: Patience) -> Self {
        Self { server, patience, idle: Mutex::default() }
    }

    /// Hands a message over to its recipient's.
    ///
    /// # Errors
    /// What the server refused, or did not answer.
    pub(super) async fn deliver(&self, envelope: &Envelope, message: &[u8]) -> Result<(), Untaken> {
        let mut connection = self.connection().await?;
        let outcome = self.hand_over(&mut connection, envelope, message).await;
        match &outcome {
            Ok(()) => self.idle().push(connection),
            Err(Untaken { answer: Some(answer), .. }) if answer.status().is_some() => {
                // What it refused stays refused, whether or not it says goodbye.
                let _ = timeout(self.patience.command, connection.abort()).await;
            }
            Err(_) => {}
        }
        outcome
    }

    /// Says goodbye on all connections.
    pub(super) async fn close(self) {
        let idle = self.idle.into_inner().unwrap_or_else(PoisonError::into_inner);
        for mut connection in idle {
            // It has taken the mails, whether or not it says goodbye.
            let _ = timeout(self.patience.command, connection.abort()).await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection on which mails may be handed over: one that is still good, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Untaken> {
        loop {
            let idle = self.idle().pop();
            let Some(mut connection) = idle else { break };
            let good = timeout(self.patience.command, connection.test_connected()).await;
            if good == Ok(true) {
                return Ok(connection);
            }
        }
        let mut connection = self.within(DeliveryError::Connection, self.connect()).await?;
        if let Some(credentials) = &self.server.credentials {
            let asked = connection.auth(&MECHANISMS, credentials);
            self.within(DeliveryError::Connection, asked).await?;
        }
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Server { host, port, hello, tls, .. } = self.server;
        let wrapper = match tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let place = (host.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(place, None, hello, wrapper, None).await?;
        match tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), hello).await?;
            }
            _ => {}
        }
        Ok(connection)
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        message: &[u8],
    ) -> Result<(), Untaken> {
        let unknown = Untaken { stage: DeliveryError::Recipient, answer: None };
        let parameters = parameters(connection, envelope).ok_or(unknown)?;
        let sender = Mail::new(envelope.from().cloned(), parameters);
        self.within(DeliveryError::Sender, connection.command(sender)).await?;
        for recipient in envelope.to() {
            let recipient = Rcpt::new(recipient.clone(), Vec::new());
            self.within(DeliveryError::Recipient, connection.command(recipient)).await?;
        }
        self.within(DeliveryError::Data, connection.command(Data)).await?;
        let taken = timeout(self.patience.message, connection.message(message)).await;
        answered(DeliveryError::Message, taken.ok()).map(drop)
    }

    /// What comes of an exchange within the time that it may take.
    async fn within<T>(
        &self,
        stage: DeliveryError,
        exchange: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Untaken> {
        answered(stage, timeout(self.patience.command, exchange).await.ok())
    }
}

fn answered<T>(stage: DeliveryError, answer: Option<Result<T, SmtpError>>) -> Result<T, Untaken> {
    match answer {
        Some(Ok(taken)) => Ok(taken),
        Some(Err(error)) => Err(Untaken { stage, answer: Some(error) }),
        None => Err(Untaken { stage, answer: None }),
    }
}

/// What the server has to know of a mail to addresses that are not all ASCII (RFC 6531); nothing when it takes
/// none such. The message itself is always ASCII, encoded where it says more.
fn parameters(connection: &AsyncSmtpConnection, envelope: &Envelope) -> Option<Vec<MailParameter>> {
    let mut addresses = envelope.to().iter().chain(envelope.from()).map(AsRef::<str>::as_ref);
    if addresses.all(str::is_ascii) {
        return Some(Vec::new());
    }
    let known = connection.server_info().supports_feature(Extension::SmtpUtfEight);
    known.then(|| vec![MailParameter::SmtpUtfEight])
}

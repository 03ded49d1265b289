//! Why notifications refuses or fails, and the only place where its codes are chosen.

use std::time::Duration;

use techtrove_core::{ErrorCode, Problem, codes};
use techtrove_db::{DbError, Race};
use techtrove_http::{ClientError, idempotency};
use techtrove_notifications_api::NotificationId;

use crate::domain::InvalidToken;

/// The mail is still to be sent.
pub const STILL_QUEUED: ErrorCode =
    ErrorCode::new("still_queued", 409, "The mail is still to be sent");

/// What the mail said is not kept any more.
pub const MAIL_FORGOTTEN: ErrorCode =
    ErrorCode::new("mail_forgotten", 409, "The mail's contents are not kept any more");

/// The link in the mail leads nowhere any more.
pub const LINK_ENDED: ErrorCode =
    ErrorCode::new("link_ended", 409, "The mail's link leads nowhere any more");

/// The recipient wants no such mails.
pub const UNSUBSCRIBED: ErrorCode =
    ErrorCode::new("unsubscribed", 409, "The recipient wants no such mails");

/// Why notifications refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such mail.
    #[error("there is no mail {0}")]
    UnknownMail(NotificationId),
    /// The mail is still to be sent.
    #[error("the mail is still to be sent, and will be tried again by itself")]
    StillQueued,
    /// What the mail said is not kept any more.
    #[error("what the mail said is not kept any more")]
    Forgotten,
    /// The link in the mail leads nowhere any more.
    #[error("the link in the mail was used or has ended, so that another mail has to be asked for")]
    LinkEnded,
    /// Nobody tells now whether the link in the mail leads somewhere.
    #[error("whether the link in the mail leads somewhere cannot be asked now")]
    LinkUnknown,
    /// The recipient wants no such mails.
    #[error("the recipient has said that they want no such mails")]
    Unsubscribed,
    /// The token came with no mail that may be refused.
    #[error("the link does not belong to a mail of this shop that can be refused")]
    Token,
    /// The request cannot be carried out as it is.
    #[error("the request is refused")]
    Worded(Box<Problem>),
    /// A mail cannot be written out; does not happen with text.
    #[error("cannot render the mail")]
    Render(#[from] askama::Error),
    /// A letter cannot be written as JSON; does not happen.
    #[error("cannot store the mail")]
    Json(#[from] serde_json::Error),
    /// Identity does not tell the secrets of links.
    #[error("identity cannot be asked")]
    Identity(#[from] ClientError),
    /// The database failed.
    #[error("notifications' database failed")]
    Db(#[from] DbError),
}

impl Race for Error {
    fn is_race(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_race())
    }
}

impl From<InvalidToken> for Error {
    fn from(_: InvalidToken) -> Self {
        Self::Token
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Worded(Box::new(problem))
    }
}

impl idempotency::Refusal for Error {
    /// What is forgotten or has ended never comes back.
    fn for_good(&self) -> Option<Problem> {
        let code = match self {
            Self::Forgotten => MAIL_FORGOTTEN,
            Self::LinkEnded => LINK_ENDED,
            _ => return None,
        };
        Some(Problem::new(code, self.to_string()))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::UnknownMail(_) => Self::new(codes::NOT_FOUND, detail),
            Error::StillQueued => Self::new(STILL_QUEUED, detail),
            Error::Forgotten => Self::new(MAIL_FORGOTTEN, detail),
            Error::LinkEnded => Self::new(LINK_ENDED, detail),
            Error::LinkUnknown => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(1))
            }
            Error::Unsubscribed => Self::new(UNSUBSCRIBED, detail),
            Error::Token => Self::invalid_field("/token", detail),
            Error::Worded(problem) => *problem,
            Error::Render(error) => Self::internal(error),
            Error::Json(error) => Self::internal(error),
            Error::Identity(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

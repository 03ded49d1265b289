//! Why a mail did not leave when it was last tried, in words for whoever looks after the shop. A mail server's
//! own words are not kept: they may contain its recipient.

/// What stood in a mail's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryError {
    /// The mail server could not be reached, or did not let the shop in.
    Connection,
    /// The mail server did not take the shop as a sender.
    Sender,
    /// The mail server did not take the recipient.
    Recipient,
    /// The mail server took no message at all.
    Data,
    /// The mail server did not take the message.
    Message,
    /// The link in the mail leads nowhere any more.
    LinkEnded,
    /// Nobody told whether the link in the mail leads somewhere.
    LinkUnknown,
    /// What the mail says is not kept any more.
    Forgotten,
}

/// The text names no error of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an error of a delivery")]
pub struct InvalidDeliveryError;

impl DeliveryError {
    const ALL: [Self; 8] = [
        Self::Connection,
        Self::Sender,
        Self::Recipient,
        Self::Data,
        Self::Message,
        Self::LinkEnded,
        Self::LinkUnknown,
        Self::Forgotten,
    ];

    /// The error's name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data => "data",
            Self::Message => "message",
            Self::LinkEnded => "link_ended",
            Self::LinkUnknown => "link_unknown",
            Self::Forgotten => "forgotten",
        }
    }
}

impl std::str::FromStr for DeliveryError {
    type Err = InvalidDeliveryError;

    fn from_str(text: &str) -> Result<Self, InvalidDeliveryError> {
        Self::ALL.into_iter().find(|error| error.as_str() == text).ok_or(InvalidDeliveryError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_stored_and_shown_by_the_same_name() {
        for error in DeliveryError::ALL {
            assert_eq!(error.as_str().parse(), Ok(error));
            assert_eq!(serde_json::json!(error), error.as_str());
        }
        assert_eq!("".parse::<DeliveryError>(), Err(InvalidDeliveryError));
    }
}

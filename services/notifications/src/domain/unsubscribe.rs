//! The token by which the recipient of a mail says, without signing in, that they want no more of its
//! kind (RFC 8058): the mail's id and an HMAC of it, so that nobody says so for others, and none is
//! stored. It must never be logged.

use techtrove_core::TypedId as _;
use techtrove_identity_api::{GuestKey, GuestSubject};
use techtrove_notifications_api::NotificationId;

use super::{Kind, PublicUrl};

/// Where the token is taken.
const PATH: &str = "/api/v1/notifications/unsubscribe";

/// Makes and reads the tokens.
#[derive(Clone, Debug)]
pub struct UnsubscribeKey(GuestKey);

/// The text is no token of this shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link does not belong to a mail of this shop")]
pub struct InvalidToken;

impl UnsubscribeKey {
    /// Tokens under the shop's key for those who have no account.
    #[must_use]
    pub fn new(key: GuestKey) -> Self {
        Self(key)
    }

    /// The token of a mail.
    #[must_use]
    pub fn token(&self, mail: NotificationId) -> String {
        format!("{mail}.{}", self.0.token(GuestSubject::Mail(mail.uuid())))
    }

    /// The mail that a token came with.
    ///
    /// # Errors
    /// When it came with none of this shop's.
    pub fn read(&self, token: &str) -> Result<NotificationId, InvalidToken> {
        let (mail, mac) = token.split_once('.').ok_or(InvalidToken)?;
        let mail: NotificationId = mail.parse().map_err(|_| InvalidToken)?;
        let genuine = self.0.matches(GuestSubject::Mail(mail.uuid()), mac);
        genuine.then_some(mail).ok_or(InvalidToken)
    }

    /// The link in a mail of this kind, where its recipient may refuse such mails.
    #[must_use]
    pub fn link(&self, public_url: &PublicUrl, kind: Kind, mail: NotificationId) -> Option<String> {
        kind.is_optional().then(|| format!("{public_url}{PATH}?token={}", self.token(mail)))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn mail(number: u128) -> NotificationId {
        NotificationId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_token_is_of_one_mail_and_one_shop() {
        let key = UnsubscribeKey::new(GuestKey::new([7; 32]));
        let token = key.token(mail(1));
        let (_, mac) = token.split_once('.').expect("two parts");

        assert_eq!(key.read(&token), Ok(mail(1)));
        let other = UnsubscribeKey::new(GuestKey::new([8; 32]));
        assert_eq!(other.read(&token), Err(InvalidToken));
        let forged = format!("{}.{mac}", mail(2));
        for text in ["", ".", "ntf_x.", mac, &forged, &format!("{token}A"), &mail(1).to_string()] {
            assert_eq!(key.read(text), Err(InvalidToken), "{text}");
        }
    }

    #[test]
    fn only_what_may_be_refused_has_a_link() {
        let key = UnsubscribeKey::new(GuestKey::new([7; 32]));

        let shop = "https://shop.example".parse().expect("a URL");
        let link = key.link(&shop, Kind::OrderShipped, mail(1)).expect("a link");

        assert!(
            link.starts_with("https://shop.example/api/v1/notifications/unsubscribe?token=ntf_")
        );
        assert_eq!(key.link(&shop, Kind::OrderConfirmed, mail(1)), None);
    }
}

//! Where the mail server is and how the shop says who it is, in one URL. It holds a password, so it must
//! never be shown.

use std::{fmt, str::FromStr};

use lettre::transport::smtp::{
    SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::Credentials,
    client::{Tls, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use url::Url;

/// The text is no URL of a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail server's URL is not of the form smtp://user:password@host:port?tls=required")]
pub struct InvalidSmtp;

/// Where and how mails are handed over: `smtp://user:password@host:port?tls=required`.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(String);

impl FromStr for SmtpUrl {
    type Err = InvalidSmtp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Self(text.to_owned());
        url.server().map(|_| url)
    }
}

impl fmt::Debug for SmtpUrl {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}

/// A mail server.
#[derive(Clone)]
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// As whom the shop greets it.
    pub hello: ClientId,
    pub credentials: Option<Credentials>,
}

impl SmtpUrl {
    /// The server that it leads to.
    pub(super) fn server(&self) -> Result<Server, InvalidSmtp> {
        self.read().ok_or(InvalidSmtp)
    }

    fn read(&self) -> Option<Server> {
        let url: Url = self.0.parse().ok()?;
        // IPv6 addresses stand in brackets in URLs alone.
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let (tls, port) = transport(&url, &host)?;
        let name = url.path().trim_matches('/');
        let hello = match name {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let port = url.port().unwrap_or(port);
        Some(Server { host, port, tls, hello, credentials: credentials(&url)? })
    }
}

/// How the connection is protected, and the port where that is usual.
fn transport(url: &Url, host: &str) -> Option<(Tls, u16)> {
    let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    let parameters = || TlsParameters::new(host.to_owned()).ok();
    match (url.scheme(), asked.as_deref()) {
        ("smtp", None) => Some((Tls::None, SMTP_PORT)),
        ("smtp", Some("required")) => Some((Tls::Required(parameters()?), SUBMISSION_PORT)),
        ("smtp", Some("opportunistic")) => {
            Some((Tls::Opportunistic(parameters()?), SUBMISSION_PORT))
        }
        ("smtps", _) => Some((Tls::Wrapper(parameters()?), SUBMISSIONS_PORT)),
        _ => None,
    }
}

/// With which name and password the shop comes, if with any; nothing when they are no text.
fn credentials(url: &Url) -> Option<Option<Credentials>> {
    let Some(password) = url.password() else { return Some(None) };
    let text = |encoded| percent_decode_str(encoded).decode_utf8().ok();
    let (user, password) = (text(url.username())?, text(password)?);
    Some(Some(Credentials::new(user.into_owned(), password.into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Server {
        text.parse::<SmtpUrl>().and_then(|url| url.server()).expect("a URL")
    }

    #[test]
    fn a_url_is_checked_and_never_shown() {
        let url: SmtpUrl =
            "smtp://shop:secret@mail.example:587?tls=required".parse().expect("a URL");

        assert!(!format!("{url:?}").contains("secret"));
        for text in
            ["", "http://mail.example", "mail.example:25", "smtp://mail.example?tls=perhaps"]
        {
            assert_eq!(text.parse::<SmtpUrl>(), Err(InvalidSmtp), "{text}");
        }
    }

    #[test]
    fn a_server_has_the_port_that_is_usual() {
        for (text, host, port) in [
            ("smtp://mail.example", "mail.example", 25),
            ("smtp://mail.example?tls=required", "mail.example", 587),
            ("smtp://mail.example?tls=opportunistic", "mail.example", 587),
            ("smtps://mail.example", "mail.example", 465),
            ("smtps://mail.example:2465", "mail.example", 2465),
            ("smtp://[::1]:25", "::1", 25),
        ] {
            let server = server(text);
            assert_eq!((server.host.as_str(), server.port), (host, port), "{text}");
        }
    }

    #[test]
    fn a_name_and_a_password_may_have_any_letters() {
        let known = server("smtp://shop%40example.com:p%3Aw%2Fd@mail.example/shop.example");

        let expected = Credentials::new("shop@example.com".to_owned(), "p:w/d".to_owned());
        assert_eq!(known.credentials, Some(expected));
        assert_eq!(known.hello, ClientId::Domain("shop.example".to_owned()));
        assert_eq!(server("smtp://mail.example").credentials, None);
    }
}

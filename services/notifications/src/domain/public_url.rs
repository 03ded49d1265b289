//! Where the shop is found from outside, which the links in its mails begin with.

use std::{fmt, net::SocketAddr, str::FromStr};

/// An origin such as `https://shop.example`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The text is no such origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("where the shop is found is written as https://shop.example")]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// The address that somebody listens on.
    #[must_use]
    pub fn of(address: SocketAddr) -> Self {
        Self(format!("http://{address}"))
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let origin = text.trim_end_matches('/');
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-.:[]_/".contains(&it);
        match host {
            Some(host) if !host.is_empty() && host.bytes().all(is_plain) => {
                Ok(Self(origin.to_owned()))
            }
            _ => Err(InvalidPublicUrl),
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_with_or_without_its_slash() {
        for (text, origin) in [
            ("https://shop.example", Some("https://shop.example")),
            ("https://shop.example/", Some("https://shop.example")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("https://example.com/shop", Some("https://example.com/shop")),
            ("shop.example", None),
            ("https://", None),
            ("javascript://x", None),
            ("https://a\"b", None),
            ("https://a b", None),
            ("https://a?b", None),
        ] {
            let read = text.parse::<PublicUrl>().ok().map(|url| url.to_string());
            assert_eq!(read.as_deref(), origin, "{text}");
        }
        let listener = "[::1]:8080".parse().expect("an address");
        assert_eq!(PublicUrl::of(listener).to_string(), "http://[::1]:8080");
    }
}

//! Whom mails come from: an address, or a name and an address.

use std::{fmt, str::FromStr};

use lettre::message::Mailbox;
use techtrove_core::EmailAddress;

/// The longest name, in characters.
const MAX_NAME: usize = 100;

/// What means something else where it stands in a name without quotes (RFC 5322, 3.2.3).
const SPECIAL: &str = "\"<>@,;:()[]\\";

/// The sender of mails: `shop@example.com` or `Name <shop@example.com>`.
#[derive(Clone, PartialEq, Eq)]
pub struct MailFrom(Mailbox);

/// The text names no sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write shop@example.com or Name <shop@example.com>; a name has at most {MAX_NAME} characters, and \
     stands in double quotes where it has one of , ; : @ ( ) [ ]"
)]
pub struct InvalidMailFrom;

impl MailFrom {
    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl FromStr for MailFrom {
    type Err = InvalidMailFrom;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let named = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'));
        let (name, address) = match named {
            Some((name, address)) => (display_name(name.trim())?, address),
            None => (None, text),
        };
        let address: EmailAddress = address.parse().map_err(|_| InvalidMailFrom)?;
        let address = address.as_str().parse().map_err(|_| InvalidMailFrom)?;
        Ok(Self(Mailbox::new(name, address)))
    }
}

impl fmt::Debug for MailFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailFrom({})", self.0)
    }
}

/// The name as it is read; nothing when it is empty.
fn display_name(written: &str) -> Result<Option<String>, InvalidMailFrom> {
    let quoted = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let name = match quoted {
        Some(quoted) => unquoted(quoted)?,
        None if written.contains(|it| SPECIAL.contains(it)) => return Err(InvalidMailFrom),
        None => written.to_owned(),
    };
    if name.chars().any(char::is_control) || name.chars().count() > MAX_NAME {
        return Err(InvalidMailFrom);
    }
    let name = name.trim();
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

/// What stands between the quotes, where a backslash takes the next character as it is.
fn unquoted(quoted: &str) -> Result<String, InvalidMailFrom> {
    let mut name = String::new();
    let mut rest = quoted.chars();
    while let Some(it) = rest.next() {
        match it {
            '"' => return Err(InvalidMailFrom),
            '\\' => name.push(rest.next().ok_or(InvalidMailFrom)?),
            it => name.push(it),
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, name) in [
            ("shop@example.org", None),
            ("<shop@example.org>", None),
            ("\"\" <shop@example.org>", None),
            ("TechTrove <shop@example.org>", Some("TechTrove")),
            (" Müllers  Technik<shop@example.org> ", Some("Müllers  Technik")),
            (
                r#""Trove, Tech: \"the\" shop" <shop@example.org>"#,
                Some(r#"Trove, Tech: "the" shop"#),
            ),
        ] {
            let from: MailFrom = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));

            assert_eq!(from.mailbox().name.as_deref(), name, "{text}");
            assert_eq!(from.mailbox().email.to_string(), "shop@example.org", "{text}");
            assert_eq!(from.domain(), "example.org");
        }
    }

    #[test]
    fn what_is_no_sender_is_refused() {
        let long = format!("{} <shop@example.org>", "x".repeat(MAX_NAME + 1));
        for text in [
            "",
            "shop",
            "TechTrove shop@example.org",
            "TechTrove <shop>",
            "TechTrove <shop@example.org> x",
            "Trove, Tech <shop@example.org>",
            "a@example.org, b@example.org",
            "a@example.org <b@example.org>",
            "<a@example.org> <b@example.org>",
            "\"Tech <shop@example.org>",
            "\"Tech\\\" <shop@example.org>",
            "Tech\r\nBcc: x@example.org <shop@example.org>",
            "Tech <shop@example.org\r\nBcc: x@example.org>",
            &long,
        ] {
            assert_eq!(text.parse::<MailFrom>(), Err(InvalidMailFrom), "{text}");
        }
    }
}

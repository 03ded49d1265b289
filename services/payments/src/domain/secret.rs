//! The customer's means of payment as the provider named it. It lives from the request to the
//! provider's answer; it must never be stored, logged or shown.

use std::fmt;

/// A provider's token: 1 to 255 printable ASCII characters without spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The text is no token. The message does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token has 1 to {max} printable ASCII characters without spaces", max = Secret::MAX_LEN)]
pub struct InvalidSecret;

impl Secret {
    /// The longest token, in bytes.
    pub const MAX_LEN: usize = 255;

    /// A token from a request.
    ///
    /// # Errors
    /// When it is empty, too long, or has other than printable ASCII characters.
    pub fn new(text: String) -> Result<Self, InvalidSecret> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=Self::MAX_LEN).contains(&text.len()) && printable {
            Ok(Self(text))
        } else {
            Err(InvalidSecret)
        }
    }

    /// The token itself, for the provider alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_show_itself() {
        let secret = Secret::new("tok_ok".to_owned()).expect("a token");

        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "tok_ok");
    }

    #[test]
    fn refuses_what_could_not_be_a_token() {
        for text in ["", "a b", "tok\n", "tök", &"x".repeat(256)] {
            assert_eq!(Secret::new(text.to_owned()), Err(InvalidSecret), "{text}");
        }
    }
}
